import fc from 'fast-check';
import { GrammyError, HttpError } from 'grammy';
import type { Update } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { type PollOptions, pollSeconds, pollUpdates } from '../../../channels/telegram/poll.ts';
import { type VirtualClock, virtualClock } from '../../fakes/clock.ts';

type Ask = { readonly offset?: number; readonly timeout: number; readonly allowed_updates: readonly string[] };
type Fault = 'reset' | 'conflict' | 'token' | 'rate';

const errors: Record<Fault, () => Error> = {
  reset: () => new HttpError('network', Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
  conflict: () => telegramError(409, 'Conflict: terminated by other getUpdates request'),
  token: () => telegramError(401, 'Unauthorized'),
  rate: () => telegramError(429, 'Too Many Requests', { retry_after: 9 }),
};

function telegramError(error_code: number, description: string, parameters = {}): GrammyError {
  return new GrammyError('failed', { ok: false, error_code, description, parameters }, 'getUpdates', {});
}

/** Telegram's end: keeps updates until they are confirmed, fails as told. */
class Server {
  readonly asks: (Ask & { readonly at: number })[] = [];
  readonly faults: Fault[] = [];
  webhooksTaken = 0;
  /** How long taking a webhook away takes. */
  slowMs = 0;
  open = 0;
  overlaps = 0;
  #kept: Update[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  send(...ids: number[]): void {
    this.#kept.push(...ids.map((update_id) => ({ update_id }) as Update));
  }

  readonly api: PollOptions['api'] = {
    call: (work, _withinMs, stop) =>
      work(
        {
          getUpdates: (ask: Ask) => this.#answer(ask, stop),
          deleteWebhook: async () => {
            this.webhooksTaken += 1;
            await this.#clock.sleep(this.slowMs, stop);
            return true;
          },
        } as never,
        undefined,
      ),
  };

  async #answer(ask: Ask, stop: AbortSignal | undefined): Promise<Update[]> {
    this.asks.push({ ...ask, at: this.#clock.now() });
    if (this.open > 0) this.overlaps += 1;
    this.open += 1;
    try {
      const fault = this.faults.shift();
      if (fault !== undefined) throw errors[fault]();
      this.#kept = this.#kept.filter(({ update_id: id }) => ask.offset === undefined || id >= ask.offset);
      if (this.#kept.length === 0) await this.#clock.sleep(ask.timeout * 1000, stop);
      if (stop?.aborted === true) throw errors.reset();
      return this.#kept.slice(0, 100);
    } finally {
      this.open -= 1;
    }
  }
}

interface Loop {
  readonly clock: VirtualClock;
  readonly server: Server;
  readonly taken: number[];
  readonly failures: { readonly kind: string; readonly inMs: number }[];
  readonly stop: () => Promise<void>;
  readonly done: Promise<void>;
}

function poll(prepare: (server: Server) => void = () => undefined, more: Partial<PollOptions> = {}): Loop {
  const clock = virtualClock();
  const server = new Server(clock);
  const taken: number[] = [];
  const failures: Loop['failures'] = [];
  const end = new AbortController();
  prepare(server);
  const done = pollUpdates({
    ...{ api: server.api, clock, ids: { random: () => 0 }, signal: end.signal },
    take: async ({ update_id: id }) => void taken.push(id),
    answered: () => undefined,
    failed: (fault, _cause, inMs) => void failures.push({ kind: fault.kind, inMs }),
    intakeFailed: () => undefined,
    ...more,
  });
  const stop = async (): Promise<void> => {
    end.abort();
    await clock.runUntil(done, 10_000);
  };
  return { clock, server, taken, failures, stop, done };
}

describe('the poll loop', () => {
  it('asks at once what piled up, then waits on Telegram, always saying what it wants', async () => {
    const { clock, server, taken, stop } = poll((each) => each.send(1, 2));
    await clock.advance(1_000);
    expect(taken).toEqual([1, 2]);
    expect(server.asks.map(({ timeout, offset }) => [timeout, offset])).toEqual([
      [0, undefined],
      [0, 3],
      [pollSeconds, undefined],
    ]);
    expect(server.asks.every((ask) => ask.allowed_updates.includes('callback_query'))).toBe(true);
    await stop();
  });

  it('confirms an update only after it was stored, and keeps those behind it waiting', async () => {
    let broken = true;
    const stored: number[] = [];
    const { clock, server, stop } = poll((each) => each.send(5, 6), {
      take: async ({ update_id: id }) => {
        if (broken) throw new Error('disk full');
        stored.push(id);
      },
    });
    await clock.advance(60_000);
    expect(server.asks.every((ask) => ask.offset === undefined)).toBe(true);
    broken = false;
    await clock.advance(6_000);
    expect(stored).toEqual([5, 6]);
    expect(server.asks.some((ask) => ask.offset === 7)).toBe(true);
    await stop();
  });

  it('takes updates with lower numbers, as after a quiet week', async () => {
    const { clock, server, taken, stop } = poll((each) => each.send(900));
    await clock.advance(1_000);
    server.send(3);
    await clock.advance(pollSeconds * 1000);
    expect(taken).toEqual([900, 3]);
    await stop();
  });

  it('waits longer after each failure, up to half a minute, and is quick again after a success', async () => {
    const { clock, failures, server, stop } = poll((each) => each.faults.push(...Array<Fault>(9).fill('reset')));
    await clock.advance(120_000);
    expect(failures.map(({ inMs }) => inMs)).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    server.faults.push('reset');
    await clock.advance(pollSeconds * 2_000);
    expect(failures.at(-1)?.inMs).toBe(250);
    await stop();
  });

  it('leaves another poller alone for longer than a poll is held, and takes a webhook away', async () => {
    const { clock, failures, server, stop } = poll((each) => each.faults.push('conflict'));
    await clock.advance(34_000);
    expect(server.asks).toHaveLength(1);
    expect(server.webhooksTaken).toBe(1);
    await clock.advance(2_000);
    expect(server.asks.length).toBeGreaterThan(1);
    expect(failures).toEqual([{ kind: 'conflict', inMs: 35_000 }]);
    await stop();
  });

  it.each([
    ['while the other poller is left alone', 0],
    ['while a webhook is taken away', 60_000],
  ])('stops at once %s', async (_when, slowMs) => {
    const { clock, server, stop } = poll((each) => {
      each.faults.push('conflict');
      each.slowMs = slowMs;
    });
    await clock.advance(1_000);
    expect(server.webhooksTaken).toBe(1);
    const before = clock.now();
    await stop();
    expect(clock.now()).toBe(before);
    expect(clock.pending()).toBe(0);
  });

  it('asks at once after a fault too, so that it is known when Telegram answers again', async () => {
    const { clock, server, stop } = poll((each) => each.faults.push('reset'));
    await clock.advance(1_000);
    server.faults.push('conflict');
    await clock.advance(pollSeconds * 1000 + 36_000);
    expect(server.asks.map(({ timeout }) => timeout)).toEqual([0, 0, pollSeconds, pollSeconds, 0, pollSeconds]);
    await stop();
  });

  it('that is stopped confirms nothing it could not store', async () => {
    const { clock, server, stop } = poll((each) => each.send(5), {
      take: () => Promise.reject(new Error('disk full')),
    });
    await clock.advance(1_000);
    await stop();
    expect(server.asks.map(({ offset }) => offset)).toEqual([undefined]);
  });

  it('keeps the pause that Telegram asks for', async () => {
    const { clock, server, stop } = poll((each) => each.faults.push('rate'));
    await clock.advance(8_900);
    expect(server.asks).toHaveLength(1);
    await clock.advance(200);
    expect(server.asks.length).toBeGreaterThan(1);
    await stop();
  });

  it('ends for good when the token is refused', async () => {
    const { done, server, failures } = poll((each) => each.faults.push('token'));
    await done;
    expect(failures).toMatchObject([{ kind: 'token' }]);
    expect(server.asks).toHaveLength(1);
  });

  it('stops at once in the middle of a poll, and confirms what was stored and not confirmed yet', async () => {
    const held = Promise.withResolvers<void>();
    const { clock, server, stop } = poll((each) => each.send(8), { take: () => held.promise });
    await clock.flush();
    const stopping = stop();
    held.resolve();
    await stopping;
    expect(server.asks.at(-1)).toMatchObject({ offset: 9, timeout: 0 });
    expect(server.open).toBe(0);
  });

  it('never has two polls open, never loses one update and never stores one twice, whatever fails', async () => {
    const steps = fc.oneof(
      fc.constantFrom<Fault>('reset', 'conflict', 'rate').map((fault) => ({ fault })),
      fc.integer({ min: 1, max: 5 }).map((count) => ({ count })),
      fc.integer({ min: 1, max: 40_000 }).map((ms) => ({ ms })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 25 }), async (plan) => {
        const { clock, server, taken, stop } = poll();
        let next = 1;
        for (const step of plan) {
          if ('fault' in step) server.faults.push(step.fault);
          else if ('count' in step) server.send(...Array.from({ length: step.count }, () => next++));
          else await clock.advance(step.ms);
        }
        await clock.advance(2_000_000);
        await stop();
        expect(server.overlaps).toBe(0);
        expect(taken).toEqual(Array.from({ length: next - 1 }, (_, index) => index + 1));
      }),
      { numRuns: 30 },
    );
  });
});
