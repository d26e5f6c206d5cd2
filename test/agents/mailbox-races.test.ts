// Random races of messages, steering, children that end, yields, restarts of turns and mode changes against one mailbox.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Mailbox, type MailItem, type OfferContext } from '../../src/agents/mailbox.ts';
import type { Route } from '../../src/core/route.ts';
import { type QueueSettings, queueDrops, queueModes } from '../../src/core/session.ts';

type Step =
  | {
      readonly do: 'offer';
      readonly kind: MailItem['kind'];
      readonly route: 0 | 1;
      readonly group: 0 | 1;
      readonly steerable: boolean;
      readonly canInject: boolean;
      /** Of a message: its files are on their way. */
      readonly pending: boolean;
    }
  /** The files of the n-th message that waits for some are there; in any order. */
  | { readonly do: 'arrive'; readonly nth: number; readonly canInject: boolean }
  | { readonly do: 'start' }
  | { readonly do: 'boundary' }
  | { readonly do: 'end' }
  | { readonly do: 'yield'; readonly waitFor: 'all' | 'any' }
  | { readonly do: 'childEnds' }
  | { readonly do: 'mode'; readonly settings: QueueSettings }
  | { readonly do: 'time'; readonly ms: number };

const routes: readonly [Route, Route] = [
  { channel: 'discord', account: 'default', chat: 'a' },
  { channel: 'discord', account: 'default', chat: 'b' },
];

const settingsArbitrary: fc.Arbitrary<QueueSettings> = fc.record({
  mode: fc.constantFrom(...queueModes),
  debounceMs: fc.nat(1000),
  cap: fc.integer({ min: 1, max: 4 }),
  drop: fc.constantFrom(...queueDrops),
});

const zeroOrOne = fc.constantFrom(0 as const, 1 as const);
const offerStep = fc.record({
  do: fc.constant('offer' as const),
  kind: fc.constantFrom<MailItem['kind'][]>(
    'message',
    'message',
    'message',
    'note',
    'task',
    'completion',
    'completion',
    'wake',
  ),
  route: zeroOrOne,
  group: zeroOrOne,
  steerable: fc.boolean(),
  canInject: fc.boolean(),
  pending: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: offerStep },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('start' as const, 'boundary' as const, 'end' as const, 'childEnds' as const),
    }) as fc.Arbitrary<Step>,
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('yield' as const),
      waitFor: fc.constantFrom('all' as const, 'any' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('arrive' as const), nth: fc.nat(3), canInject: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mode' as const), settings: settingsArbitrary }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.nat(800) }) },
);

/** The session around a mailbox: one turn at a time, and a record of what came out. */
class Desk {
  readonly box = new Mailbox();
  readonly offered: MailItem[] = [];
  readonly consumed: MailItem[] = [];
  readonly dropped: MailItem[] = [];
  #active: readonly MailItem[] | undefined;
  #now = 0;
  #settings: QueueSettings;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  act(each: Step): void {
    if (each.do === 'offer') this.#offer(each);
    else if (each.do === 'start') this.start();
    else if (each.do === 'boundary') this.#boundary();
    else if (each.do === 'end') this.end();
    else if (each.do === 'yield') this.#yield(each.waitFor);
    else if (each.do === 'childEnds') this.box.completionArrived('child1');
    else if (each.do === 'arrive') this.#arrive(each.nth, each.canInject);
    else if (each.do === 'mode') this.#settings = each.settings;
    else this.#now += each.ms;
  }

  start(): void {
    if (this.#active !== undefined) return;
    const batch = this.box.takeBatch(this.#now, this.#settings.mode);
    if (batch.length === 0) return;
    checkBatch(batch, this.#settings.mode);
    this.#active = batch;
    this.consumed.push(...batch);
  }

  end(): void {
    if (this.#active === undefined) return;
    this.#active = undefined;
    this.box.turnEnded();
  }

  /** Whatever happened before: children end, time passes, turns run until nothing is left. */
  finish(): void {
    this.end();
    this.box.completionArrived('child1');
    this.box.completionArrived('child2');
    while (this.#arrive(0, false));
    for (let round = 0; round < 200 && this.box.nextAt(this.#settings.mode) !== undefined; round += 1) {
      this.#now = Math.max(this.#now, this.box.nextAt(this.#settings.mode) ?? 0);
      this.start();
      this.end();
    }
  }

  #offer(given: Extract<Step, { do: 'offer' }>): void {
    const item: MailItem = {
      id: `i${this.offered.length}`,
      kind: given.kind,
      text: `text ${this.offered.length}`,
      at: this.#now,
      from: 'Anna',
      route: routes[given.route],
      group: given.kind === 'completion' ? `g${given.group}` : undefined,
      tree: 't',
      steerable: given.kind === 'message' || given.steerable,
      ...(given.kind === 'message' && given.pending ? { pending: true } : {}),
    };
    this.offered.push(item);
    const active = this.#active !== undefined;
    const before = this.#messages();
    const { placement, dropped } = this.box.offer(item, this.#context(given.canInject));
    this.dropped.push(...dropped);
    if (placement.to === 'active') expect(active && given.canInject).toBe(true);
    if (placement.to === 'turn') expect(active).toBe(false);
    if (placement.to === 'waiting' && placement.interrupt) {
      expect([active, item.kind]).toEqual([true, 'message']);
      this.end();
    }
    if (item.kind === 'message')
      expect(this.#messages()).toBeLessThanOrEqual(
        this.#settings.drop === 'new' ? Math.max(this.#settings.cap, before) : this.#settings.cap,
      );
  }

  #context(canInject: boolean): OfferContext {
    const activeRoute = this.#active?.find((each) => each.route !== undefined)?.route;
    return { active: this.#active !== undefined, activeRoute, settings: this.#settings, canInject };
  }

  /** False when nothing waits for files. */
  #arrive(nth: number, canInject: boolean): boolean {
    const waiting = this.box.items().filter((each) => each.pending === true);
    const item = waiting[nth % Math.max(1, waiting.length)];
    const arrived = ({ pending: _, ...rest }: MailItem): MailItem => rest;
    return item !== undefined && this.box.replace(item.id, arrived, () => this.#context(canInject));
  }

  #messages(): number {
    return this.box.items().filter((each) => each.kind === 'message' && each.folds === undefined).length;
  }

  #boundary(): void {
    if (this.#active === undefined) return;
    const taken = this.box.takeInjections();
    expect(taken.some((each) => each.pending === true)).toBe(false);
    this.consumed.push(...taken);
  }

  #yield(waitFor: 'all' | 'any'): void {
    if (this.#active === undefined) return;
    this.box.hold({ waitFor, runIds: ['child1', 'child2'] });
    this.end();
  }
}

function checkBatch(batch: readonly MailItem[], mode: QueueSettings['mode']): void {
  expect(batch.some((each) => each.pending === true)).toBe(false);
  const rest = batch.filter((each) => each.kind !== 'wake');
  const [head] = rest;
  if (head === undefined) return;
  for (const each of rest) expect([each.route, each.group]).toEqual([head.route, head.group]);
  if (head.kind === 'task' || (head.kind === 'note' && !head.steerable)) expect(rest).toHaveLength(1);
  if (head.kind !== 'completion' && mode === 'followup') expect(rest).toHaveLength(1);
  if (head.kind === 'completion') expect(new Set(rest.map((each) => each.kind)).size).toBe(1);
}

const idsOf = (items: readonly MailItem[]): string[] => items.flatMap((each) => each.folds ?? [each.id]);

test('in 3,000 races every item is consumed exactly once or reported as dropped, and messages never overtake', () => {
  fc.assert(
    fc.property(settingsArbitrary, fc.array(step, { maxLength: 60 }), (settings, steps) => {
      const desk = new Desk(settings);
      for (const each of steps) desk.act(each);
      desk.finish();
      expect([...idsOf(desk.consumed), ...idsOf(desk.dropped)].sort()).toEqual(idsOf(desk.offered).sort());
      for (const item of desk.dropped) expect(item.kind).toBe('message');
      for (const route of routes) {
        const numbers = idsOf(desk.consumed.filter((each) => each.kind === 'message' && each.route === route)).map(
          (id) => Number(id.slice(1)),
        );
        expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
      }
      expect(desk.box.items()).toEqual([]);
    }),
    { numRuns: 3000 },
  );
});
