import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../src/core/channel.ts';
import { type Level, Pacer, type Permit, type Target } from '../../src/delivery/pacer.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

const perSecond: RateLimit = { key: 'chat', count: 1, perMs: 1000 };
const perMinute: RateLimit = { key: 'group', count: 20, perMs: 60_000 };
const target = (limits: readonly RateLimit[] = [perSecond], chat = 'a:x'): Target => ({ account: 'a', chat, limits });

function taken(pacer: Pacer, at: Target, level: Level = 'owed'): Permit {
  const permit = pacer.take(at, level);
  if (permit === undefined) throw new Error('the pacer says no');
  return permit;
}

/** Milliseconds until a send is allowed; 0: now. */
const waitFor = (pacer: Pacer, clock: VirtualClock, at: Target, level: Level = 'owed'): number =>
  Math.max(0, pacer.freeAt(at, level) - clock.now());

describe('the pacer', () => {
  it('lets a window run out only from the answer on, because the time of arrival is unknown', async () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    const permit = taken(pacer, target());
    await clock.advance(5000);
    expect(pacer.freeAt(target(), 'owed')).toBe(Infinity);
    permit.used();
    expect(waitFor(pacer, clock, target())).toBe(1001);
    await clock.advance(1000);
    expect(pacer.take(target(), 'owed')).toBeUndefined();
    await clock.advance(1);
    expect(pacer.take(target(), 'owed')).toBeDefined();
  });

  it('forgets a send that did not take place, and counts one once however often its end is told', async () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    const permit = taken(pacer, target());
    permit.drop();
    permit.used();
    permit.drop();
    expect(waitFor(pacer, clock, target())).toBe(0);
    const twice = target([{ ...perSecond, count: 2 }]);
    for (let n = 0; n < 2; n += 1) {
      const again = taken(pacer, twice);
      again.used();
      again.used();
    }
    expect(waitFor(pacer, clock, twice)).toBe(1001);
  });

  it('leaves half of every window to what is owed', () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    const group = target([perMinute]);
    for (let n = 0; n < 10; n += 1) taken(pacer, group, 'progress').used();
    expect(waitFor(pacer, clock, group, 'progress')).toBe(60_001);
    for (let n = 0; n < 10; n += 1) taken(pacer, group).used();
    expect(waitFor(pacer, clock, group)).toBe(60_001);
  });

  it('gives progress every second turn where a window holds one send', () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    taken(pacer, target()).used();
    expect([waitFor(pacer, clock, target()), waitFor(pacer, clock, target(), 'progress')]).toEqual([1001, 2001]);
  });

  it('keeps a silence for its chat, or the whole account, and never shortens one', async () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    const [here, there] = [target([], 'a:x'), target([], 'a:y')];
    pacer.silence(here, 'chat', 5000);
    pacer.silence(here, 'chat', 10);
    expect([waitFor(pacer, clock, here), waitFor(pacer, clock, there)]).toEqual([5000, 0]);
    pacer.silence(there, 'account', 2000);
    expect([waitFor(pacer, clock, here), waitFor(pacer, clock, there)]).toEqual([5000, 2000]);
    await clock.advance(2000);
    expect(pacer.take(there, 'owed')).toBeDefined();
    expect(waitFor(pacer, clock, { ...here, account: 'b', chat: 'b:x' })).toBe(0);
  });

  it('says when a permit was given back, but not in the middle of it', async () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    let told = 0;
    pacer.watch(() => {
      told += 1;
    });
    taken(pacer, target()).used();
    taken(pacer, target([perMinute])).drop();
    expect(told).toBe(0);
    await clock.flush();
    expect(told).toBe(1);
  });

  it('remembers nothing for ever', async () => {
    const clock = virtualClock();
    const pacer = new Pacer(clock);
    for (let n = 0; n < 1000; n += 1) {
      const chat = `a:${n}`;
      taken(pacer, target([{ ...perSecond, key: chat }], chat)).used();
      pacer.silence({ account: 'a', chat }, 'chat', 1000);
      await clock.advance(1000);
    }
    expect(pacer.size).toBeLessThan(150);
  });

  it('does not wait for a clock that was put back', () => {
    let now = 10_000_000;
    const pacer = new Pacer({ now: () => now });
    taken(pacer, target()).used();
    pacer.silence(target(), 'account', 3000);
    now -= 3_600_000;
    expect(pacer.freeAt(target(), 'owed') - now).toBe(3000);
  });
});

interface Request {
  readonly chat: number;
  readonly level: Level;
  /** Milliseconds before it comes, until it arrives at the platform, and until its answer is back. */
  readonly after: number;
  readonly there: number;
  readonly back: number;
}

const requests = fc.array(
  fc.record({
    chat: fc.integer({ min: 0, max: 2 }),
    level: fc.constantFrom<Level>('owed', 'progress'),
    after: fc.integer({ min: 0, max: 400 }),
    there: fc.integer({ min: 0, max: 2500 }),
    back: fc.integer({ min: 0, max: 2500 }),
  }),
  { minLength: 1, maxLength: 40 },
);
const limit = fc.record({ count: fc.integer({ min: 1, max: 4 }), perMs: fc.integer({ min: 1, max: 5000 }) });

/** All requests until each was sent; when they arrived, by key of a limit. */
async function play(asked: readonly Request[], limits: (chat: number) => readonly RateLimit[]) {
  const clock = virtualClock();
  const pacer = new Pacer(clock);
  const arrivals = new Map<string, number[]>();
  let left = asked.length;
  const send = async ({ there, back }: Request, permit: Permit, keys: ReadonlySet<string>): Promise<void> => {
    await clock.sleep(there);
    for (const key of keys) arrivals.set(key, [...(arrivals.get(key) ?? []), clock.now()]);
    await clock.sleep(back);
    permit.used();
  };
  const run = async (request: Request): Promise<void> => {
    const at = target(limits(request.chat), `a:${request.chat}`);
    for (;;) {
      const permit = pacer.take(at, request.level);
      if (permit !== undefined) return send(request, permit, new Set(at.limits.map((each) => each.key)));
      const wait = pacer.freeAt(at, request.level) - clock.now();
      if (wait < Infinity) await clock.sleep(wait);
      else await new Promise<void>((resolve) => pacer.watch(resolve));
    }
  };
  const all = asked.map(async (request, index) => {
    await clock.sleep(asked.slice(0, index).reduce((sum, each) => sum + each.after, 0));
    await run(request);
    left -= 1;
  });
  await clock.runUntil(Promise.all(all), 3_600_000);
  return { arrivals, left };
}

describe('the pacer under random requests and delays', () => {
  it('never lets more arrive in a window than the limit says, by the clock of the platform, and starves nobody', async () => {
    await fc.assert(
      fc.asyncProperty(requests, limit, limit, async (asked, own, shared) => {
        const limits = (chat: number): RateLimit[] => [
          { key: `chat:${chat}`, ...own },
          { key: 'shared', ...shared },
        ];
        const { arrivals, left } = await play(asked, limits);
        expect(left).toBe(0);
        for (const [key, times] of arrivals) {
          const { count, perMs } = key === 'shared' ? shared : own;
          times.forEach((at, index) => {
            const before = times[index - count];
            if (before !== undefined) expect(at - before).toBeGreaterThan(perMs);
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});
