// Random traffic, random faults, a crash at any commit or send: nothing lost, nothing acknowledged sent twice, order kept.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelAdapter } from '../../src/core/channel.ts';
import { type Priority, priorities } from '../../src/core/message.ts';
import { routeKey } from '../../src/core/route.ts';
import type { Ended } from '../../src/delivery/deliver-row.ts';
import { Outbox } from '../../src/delivery/outbox.ts';
import type { OutboxEntry } from '../../src/delivery/outbox-row.ts';
import { type Database, openDatabase, type Sql } from '../../src/infra/database.ts';
import { type FakeChannel, type Fate, fakeChannel } from '../fakes/channel.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { place } from './world.ts';

const maxText = 6;
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

interface Plan {
  readonly idempotent: boolean;
  readonly messages: readonly { readonly chat: number; readonly priority: Priority; readonly parts: number }[];
  readonly fates: readonly Fate[];
  /** The process dies at its n-th commit, before or after it is on disk; 0: never. */
  readonly crashAt: number;
  readonly crashAfterCommit: boolean;
}

const plans: fc.Arbitrary<Plan> = fc.record({
  idempotent: fc.boolean(),
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
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 20_000 }).map((retry): Fate => ({ retry })) },
    ),
    { maxLength: 20 },
  ),
  crashAt: fc.integer({ min: 0, max: 14 }),
  crashAfterCommit: fc.boolean(),
});

/** A process that can die: from then on nothing it started is ever answered. */
class Life {
  dead = false;
  #commits = 0;

  readonly #plan: Plan;
  readonly #real: Database;

  constructor(plan: Plan, real: Database) {
    this.#plan = plan;
    this.#real = real;
  }

  database(): Database {
    return { read: this.#real.read, write: (work) => this.#write(work), close: () => this.#real.close() };
  }

  adapter(channel: FakeChannel): ChannelAdapter {
    return { ...channel, deliver: (...send) => (this.dead ? never() : this.#unlessDead(channel.deliver(...send))) };
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
  const outbox = new Outbox({ database, clock, log: quiet, adapters: () => adapters, reroute, onEnded });
  outbox.resume();
  return outbox;
}

interface Story {
  readonly plan: Plan;
  readonly channel: FakeChannel;
  readonly ended: readonly Ended[];
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
  const first = start(life.database(), life.adapter(channel), clock, ended);
  for (const [index, message] of plan.messages.entries()) {
    const entry = entryOf(message, index);
    void first.enqueueNow(entry).then(() => accepted.push(entry.key));
    await clock.flush();
  }
  await clock.advance(5000);
  life.dead = true;
  await clock.flush();
  const second = start(real, channel, clock, ended);
  await clock.runUntil(() => second.stats().pending === 0, 10 * 60_000);
  const stored = real.read.all('SELECT key FROM outbox ORDER BY id').map((row) => String(row.key));
  await real.close();
  return { plan, channel, ended, accepted, stored };
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
