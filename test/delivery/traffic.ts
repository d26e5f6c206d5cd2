// Forty runs that all show progress while finals and approvals come at random, on a platform that counts for itself, in
// virtual time. Used by traffic.test.ts and by test/bench/outbound.ts.
import type { Priority } from '../../src/core/message.ts';
import { type Route, routeKey } from '../../src/core/route.ts';
import { accountKey } from '../../src/delivery/account.ts';
import { ClosedPlaces } from '../../src/delivery/closed-places.ts';
import { Outbox } from '../../src/delivery/outbox.ts';
import { Pacer } from '../../src/delivery/pacer.ts';
import { Updates } from '../../src/delivery/updates.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { virtualClock } from '../fakes/clock.ts';
import { strictPlatform, telegramLimits } from './strict-platform.ts';
import { place, quiet } from './world.ts';

export interface TrafficOptions {
  readonly runs: number;
  readonly minutes: number;
  readonly updatesPerSecond: number;
  /** Longest one way in milliseconds; the shortest is a fifth of it. */
  readonly latencyMs: number;
  readonly seed: number;
}

export interface Traffic {
  /** Sends and edits the platform refused for being too much. */
  readonly rejected: number;
  /** Milliseconds from enqueue to arrival. */
  readonly waits: { readonly final: readonly number[]; readonly approval: readonly number[] };
  /** Messages that never arrived, or twice. */
  readonly lost: number;
  readonly doubled: number;
  /** Pairs that arrived in another order than they were written, within one place and priority. */
  readonly swapped: number;
  readonly edits: number;
  /** Runs whose message shows their last text. */
  readonly upToDate: number;
}

interface Owed {
  readonly key: string;
  readonly route: Route;
  readonly priority: 'final' | 'approval';
  readonly at: number;
}

/** Five direct chats, three groups, four topics of one forum. */
export const places: readonly Route[] = [
  ...['ann', 'bo', 'cy', 'di', 'ed'].map((chat) => place(chat)),
  ...['-1', '-2', '-3'].map((chat) => place(chat)),
  ...['1', '2', '3', '4'].map((thread) => place('-9', thread)),
];

/** Messages owed per chat and minute; the topics of a forum share theirs. A group takes 20, and progress half of them. */
const perMinute: Readonly<Record<'final' | 'approval', number>> = { final: 3, approval: 1 };

export async function playTraffic(options: TrafficOptions): Promise<Traffic> {
  const clock = virtualClock();
  const random = generator(options.seed);
  const latency = (): number => Math.round(options.latencyMs * (0.2 + 0.8 * random()));
  const platform = strictPlatform({ clock, limits: telegramLimits, latency });
  const adapters = new Map([[accountKey(place()), platform.adapter]]);
  const database = openDatabase(':memory:');
  const pacer = new Pacer(clock);
  const closed = new ClosedPlaces({ stores: keyedStores(database, clock), clock, log: quiet });
  const parts = { clock, adapters: () => adapters, log: quiet, pacer, closed };
  const outbox = new Outbox({ ...parts, database, reroute: async () => undefined });
  outbox.resume();
  const updates = new Updates({ ...parts, note: async () => {}, waitsFor: (chat) => outbox.waitsFor(chat) });

  const owed = plan(options, random, clock.now());
  const waiting = [...owed];
  const runs = Array.from({ length: options.runs }, (_, index) => `run${index}`);
  const end = clock.now() + options.minutes * 60_000;
  for (let tick = 0; clock.now() < end; tick += 1) {
    for (const [index, run] of runs.entries()) updates.update(run, at(places, index), { text: `${run} ${tick}` });
    const next = clock.now() + 1000 / options.updatesPerSecond;
    for (let one = waiting[0]; one !== undefined && one.at <= next; one = waiting[0]) {
      waiting.shift();
      await clock.advance(Math.max(0, one.at - clock.now()));
      const { key, route, priority } = one;
      void outbox.enqueueNow({ key, route, message: { text: key }, priority: priority satisfies Priority });
    }
    await clock.advance(Math.max(0, next - clock.now()));
  }
  for (const run of runs) updates.finish(run, { text: `${run} done` });
  await clock.runUntil(outbox.idle(), 60_000);
  await clock.advance(300_000);
  await database.close();
  return result(platform, owed);
}

function plan(options: TrafficOptions, random: () => number, start: number): readonly Owed[] {
  const kinds = ['final', 'approval'] as const;
  const all = places.flatMap((route, index) =>
    kinds.flatMap((priority) =>
      Array.from({ length: owedTo(route, priority, options.minutes) }, (_, count): Owed => {
        const at = start + Math.floor(random() * options.minutes * 60_000);
        return { key: `${priority}${index}-${count}`, route, priority, at };
      }),
    ),
  );
  return all.sort((a, b) => a.at - b.at);
}

function owedTo(route: Route, priority: Owed['priority'], minutes: number): number {
  const sharing = places.filter((each) => each.chat === route.chat).length;
  return Math.max(1, Math.round((perMinute[priority] * minutes) / sharing));
}

function result({ arrivals, rejected }: ReturnType<typeof strictPlatform>, owed: readonly Owed[]): Traffic {
  const arrived = new Map<string, number[]>();
  for (const { key, at } of arrivals) arrived.set(key, [...(arrived.get(key) ?? []), at]);
  const times = owed.map((one) => ({ ...one, arrived: arrived.get(`${one.key}:0`) ?? [] }));
  const waits = (priority: Owed['priority']): number[] =>
    times.filter((one) => one.priority === priority).map((one) => (one.arrived[0] ?? Infinity) - one.at);
  const last = new Map<string, string>();
  for (const { text } of arrivals) last.set(text.split(' ')[0] ?? '', text);
  const lines = Map.groupBy(times, (one) => `${routeKey(one.route)} ${one.priority}`);
  const swapped = [...lines.values()].flatMap((line) =>
    line.filter((one, index) => (one.arrived[0] ?? 0) < (line[index - 1]?.arrived[0] ?? 0)),
  );
  return {
    rejected,
    waits: { final: waits('final'), approval: waits('approval') },
    lost: times.filter((one) => one.arrived.length === 0).length,
    doubled: times.filter((one) => one.arrived.length > 1).length,
    swapped: swapped.length,
    edits: arrivals.filter((one) => one.kind === 'edit').length,
    upToDate: [...last.values()].filter((text) => text.endsWith(' done')).length,
  };
}

function at<T>(list: readonly T[], index: number): T {
  const found = list[index % list.length];
  if (found === undefined) throw new Error('an empty list');
  return found;
}

/** The share of the values that are at most this large. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
