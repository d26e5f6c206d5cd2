// Random traffic, random faults, a crash at any commit or send: nothing lost, nothing acknowledged sent twice, order kept.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelAdapter, RateLimit } from '../../src/core/channel.ts';
import { type Priority, priorities, type Receipt } from '../../src/core/message.ts';
import { routeKey } from '../../src/core/route.ts';
import { ClosedPlaces } from '../../src/delivery/closed-places.ts';
import type { Ended } from '../../src/delivery/deliver-row.ts';
import { Outbox } from '../../src/delivery/outbox.ts';
import type { OutboxEntry } from '../../src/delivery/outbox-row.ts';
import { Pacer } from '../../src/delivery/pacer.ts';
import { type Database, openDatabase, type Sql } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { type FakeChannel, type Fate, fakeChannel } from '../fakes/channel.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { place, quiet } from './world.ts';

const maxText = 6;

interface Plan {
  readonly idempotent: boolean;
  readonly limits: readonly RateLimit[];
  readonly messages: readonly { readonly chat: number; readonly priority: Priority; readonly parts: number }[];
  readonly fates: readonly Fate[];
  /** The process dies at its n-th commit, before or after it is on disk; 0: never. */
  readonly crashAt: number;
  readonly crashAfterCommit: boolean;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  idempotent: fc.boolean(),
  limits: fc.array(
    fc.record({
      key: fc.constantFrom('all', 'more'),
      count: fc.integer({ min: 1, max: 3 }),
      perMs: fc.integer({ min: 1, max: 4000 }),
    }),
    { maxLength: 2 },
  ),
  messages: fc.array(
    fc.record({
      chat: fc.integer({ min: 0, max: 2 }),
      priority: fc.constantFrom<Priority>('approval', 'final', 'reply', 'progress'),
      parts: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  fates: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant<Fate>('sent') },
      { weight: 1, arbitrary: fc.constant<Fate>('lost-ack') },
      { weight: 1, arbitrary: fc.constant<Fate>('lost') },
      {
        weight: 2,
        arbitrary: fc
          .record({
            retry: fc.integer({ min: 0, max: 20_000 }),
            silence: fc.constantFrom('chat', 'account', undefined),
          })
          .map(({ retry, silence }): Fate => (silence === undefined ? { retry } : { retry, silence })),
      },
    ),
    { maxLength: 20 },
  ),
  crashAt: fc.integer({ min: 0, max: 14 }),
  crashAfterCommit: fc.boolean(),
});

/** One call of `deliver`. */
interface Call {
  readonly at: number;
  readonly chat: string;
  readonly receipt: Receipt;
}

/** A process that can die: from then on nothing it started is ever answered. */
class Life {
  dead = false;
  readonly calls: Call[] = [];
  #commits = 0;

  readonly #plan: Plan;
  readonly #real: Database;

  constructor(plan: Plan, real: Database) {
    this.#plan = plan;
    this.#real = real;
  }

  database(): Database {
    return {
      read: this.#real.read,
      onUnreadable: (listener) => this.#real.onUnreadable(listener),
      write: (work) => this.#write(work),
      close: () => this.#real.close(),
    };
  }

  adapter(channel: FakeChannel, clock: VirtualClock): ChannelAdapter {
    const { id, account, can, start, health, stop } = channel;
    return {
      ...{ id, account, can, start, health, stop, limits: () => this.#plan.limits },
      deliver: async (...send) => {
        if (this.dead) return never();
        const at = clock.now();
        const receipt = await channel.deliver(...send);
        this.calls.push({ at, chat: send[0].chat, receipt });
        return this.dead ? never() : receipt;
      },
    };
  }

  #write<T>(work: (sql: Sql) => T): Promise<T> {
    if (this.dead) return never();
    this.#commits += 1;
    if (this.#commits === this.#plan.crashAt) {
      if (this.#plan.crashAfterCommit) void this.#real.write(work);
      this.dead = true;
      return never();
    }
    return this.#unlessDead(this.#real.write(work));
  }

  async #unlessDead<T>(value: Promise<T>): Promise<T> {
    const got = await value;
    return this.dead ? never() : got;
  }
}

function never<T>(): Promise<T> {
  return new Promise<never>(() => {});
}

function entryOf(message: Plan['messages'][number], index: number): OutboxEntry {
  const text = Array.from({ length: message.parts }, (_, part) => `${index}.${part}xxx`.padEnd(maxText, 'y')).join('');
  return { key: `k${index}`, route: place(`chat${message.chat}`), message: { text }, priority: message.priority };
}

function start(database: Database, adapter: ChannelAdapter, clock: VirtualClock, ended: Ended[]): Outbox {
  const adapters = new Map([['telegram:default', adapter]]);
  const onEnded = (one: Ended): void => void ended.push(one);
  const reroute = async (): Promise<undefined> => undefined;
  const closed = new ClosedPlaces({ stores: keyedStores(database, clock), clock, log: quiet });
  const parts = { database, clock, log: quiet, pacer: new Pacer(clock), closed };
  const outbox = new Outbox({ ...parts, adapters: () => adapters, reroute, onEnded });
  outbox.resume();
  return outbox;
}

interface Story {
  readonly plan: Plan;
  readonly channel: FakeChannel;
  readonly ended: readonly Ended[];
  /** In the first life, and in the second. */
  readonly calls: readonly Call[];
  readonly later: readonly Call[];
  /** Keys whose enqueue was confirmed to the caller. */
  readonly accepted: readonly string[];
  /** Keys on disk. */
  readonly stored: readonly string[];
}

async function play(plan: Plan): Promise<Story> {
  const clock = virtualClock();
  const real = openDatabase(':memory:');
  const channel = fakeChannel({ can: { idempotentSend: plan.idempotent, maxText } });
  channel.script(...plan.fates);
  const ended: Ended[] = [];
  const accepted: string[] = [];
  const life = new Life(plan, real);
  const first = start(life.database(), life.adapter(channel, clock), clock, ended);
  for (const [index, message] of plan.messages.entries()) {
    const entry = entryOf(message, index);
    void first.enqueueNow(entry).then(() => accepted.push(entry.key));
    await clock.flush();
  }
  await clock.advance(5000);
  life.dead = true;
  await clock.flush();
  const next = new Life({ ...plan, crashAt: 0 }, real);
  const second = start(real, next.adapter(channel, clock), clock, ended);
  await clock.runUntil(() => second.stats().pending === 0, 60 * 60_000);
  const stored = real.read.all('SELECT key FROM outbox ORDER BY id').map((row) => String(row.key));
  await real.close();
  return { plan, channel, ended, calls: life.calls, later: next.calls, accepted, stored };
}

/** How often each part of a message was seen. */
function seen({ channel }: Story, key: string): number[] {
  const counts: number[] = [];
  for (const one of channel.sent) {
    const [logical, part] = one.key.split(':');
    if (logical === key) counts[Number(part)] = (counts[Number(part)] ?? 0) + 1;
  }
  return counts;
}

describe('the outbox under random faults and a crash', () => {
  it('ends every stored message once and loses none that was accepted', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const story = await play(plan);
        expect(story.stored).toEqual(expect.arrayContaining([...story.accepted]));
        expect(story.ended.map((one) => one.key).sort()).toEqual([...story.stored].sort());
      }),
      { numRuns: 60 },
    );
  });

  it('shows what it calls delivered exactly once, and nothing twice that was acknowledged', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const story = await play(plan);
        for (const one of story.ended) {
          const parts = plan.messages[Number(one.key.slice(1))]?.parts ?? 0;
          const counts = Array.from({ length: parts }, (_, part) => seen(story, one.key)[part] ?? 0);
          if (plan.idempotent || one.state === 'delivered') expect(counts).toEqual(counts.map(() => 1));
          else expect([one.state, Math.max(...counts) <= 1]).toEqual(['ambiguous', true]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the limits, also over the crash, and the silences the platform asks for as long as the process lives', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { calls, later } = await play(plan);
        const all = [...calls, ...later];
        for (const { count, perMs } of plan.limits)
          all.slice(count).forEach(({ at }, index) => {
            expect(at - (all[index]?.at ?? 0)).toBeGreaterThan(perMs);
          });
        calls.forEach(({ at, chat, receipt }, index) => {
          if (receipt.status !== 'retry' || receipt.silence === undefined) return;
          // What is under way at that moment cannot be called back.
          const later = calls.slice(index + 1).filter((call) => call.at > at);
          const held = later.filter((call) => receipt.silence === 'account' || call.chat === chat);
          for (const call of held) expect(call.at - at).toBeGreaterThanOrEqual(receipt.afterMs);
        });
      }),
      { numRuns: 60 },
    );
  });

  it('keeps the order of a place among equals, and the parts of a message in order', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const { channel } = await play(plan);
        const last = new Map<string, number>();
        for (const one of channel.sent) {
          const [logical = '', part = ''] = one.key.split(':');
          const index = Number(logical.slice(1));
          const priority = priorities[plan.messages[index]?.priority ?? 'reply'];
          const line = `${routeKey(one.route)} ${priority}`;
          const position = index * 10 + Number(part);
          expect(position).toBeGreaterThan(last.get(line) ?? -1);
          last.set(line, position);
        }
      }),
      { numRuns: 60 },
    );
  });
});
