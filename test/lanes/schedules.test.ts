// Thousands of random schedules on the virtual clock: turns that finish, throw, park, obey an abort or ignore it.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LaneName, ScheduleResult, Slot } from '../../src/lanes/job.ts';
import { Scheduler } from '../../src/lanes/scheduler.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

const widths = { main: 2, subagent: 2 } as const;

interface Plan {
  readonly at: number;
  readonly session: number;
  readonly ms: number;
  readonly how: 'finish' | 'throw' | 'park' | 'wedge' | 'obey';
  /** After its arrival; wedged turns always have one, as every turn has its deadline. */
  readonly abortAfter: number | undefined;
}

const planArbitrary: fc.Arbitrary<Plan> = fc
  .record({
    at: fc.nat(30_000),
    session: fc.nat(3),
    ms: fc.nat(8000),
    how: fc.constantFrom(
      'finish' as const,
      'finish' as const,
      'throw' as const,
      'park' as const,
      'wedge' as const,
      'obey' as const,
    ),
    abortAfter: fc.option(fc.nat(20_000), { nil: undefined, freq: 2 }),
  })
  .map((plan) => ({ ...plan, abortAfter: plan.how === 'wedge' ? (plan.abortAfter ?? 5000) : plan.abortAfter }));

/** A turn as the outside sees it, without asking the scheduler. */
interface Turn {
  readonly plan: Plan;
  working: 'yes' | 'parked' | 'no';
}

/** One random schedule: what really ran, checked whenever something starts or comes back. */
class World {
  readonly clock: VirtualClock = virtualClock(0, 1);
  readonly scheduler = new Scheduler({
    clock: this.clock,
    generation: 1,
    widths,
    onWait: () => undefined,
    onLate: () => undefined,
  });
  /** Turns by session, in the order in which they started. */
  readonly started = new Map<number, number[]>();
  #turns: Turn[] = [];

  async turn(id: number, plan: Plan, slot: Slot): Promise<void> {
    const turn: Turn = { plan, working: 'yes' };
    this.started.set(plan.session, [...(this.started.get(plan.session) ?? []), id]);
    this.#turns.push(turn);
    this.#check();
    try {
      if (plan.how === 'wedge') await new Promise(() => undefined);
      if (plan.how === 'park') await this.#park(turn, slot);
      await this.clock.sleep(plan.ms, plan.how === 'obey' ? slot.signal : undefined);
      if (plan.how === 'throw') throw new Error('planned');
    } finally {
      turn.working = 'no';
    }
  }

  async #park(turn: Turn, slot: Slot): Promise<void> {
    turn.working = 'parked';
    await slot.park(() => this.clock.sleep(turn.plan.ms, slot.signal));
    // An aborted turn comes back without a shared slot: it only winds down.
    if (slot.signal.aborted) return;
    turn.working = 'yes';
    this.#check();
  }

  #check(): void {
    this.#turns = this.#turns.filter(
      (turn) => turn.working !== 'no' && this.clock.now() < abortedAt(turn.plan) + 10_000,
    );
    const sessions = this.#turns.map((turn) => turn.plan.session);
    if (new Set(sessions).size < sessions.length) throw new Error('two turns of one session');
    for (const lane of ['main', 'subagent'] as const) {
      const working = this.#turns.filter((turn) => turn.working === 'yes' && laneOf(turn.plan) === lane);
      if (working.length > widths[lane]) throw new Error(`${lane} is too wide`);
    }
  }
}

function abortedAt(plan: Plan): number {
  return plan.abortAfter === undefined ? Infinity : plan.at + plan.abortAfter;
}

function laneOf(plan: Plan): LaneName {
  return plan.session < 2 ? 'main' : 'subagent';
}

async function play(plans: readonly Plan[]): Promise<void> {
  const world = new World();
  const { clock, scheduler } = world;
  const results = new Map<number, { readonly result: ScheduleResult<void>; readonly at: number }>();
  const arrival = [...plans.entries()].sort(([, a], [, b]) => a.at - b.at);
  const all = Promise.all(
    arrival.map(async ([id, plan]) => {
      await clock.sleep(plan.at);
      const abort = new AbortController();
      if (plan.abortAfter !== undefined) clock.after(plan.abortAfter, () => abort.abort());
      const ticket = { session: String(plan.session), lane: laneOf(plan), signal: abort.signal };
      const result = await scheduler.run(ticket, (slot) => world.turn(id, plan, slot)).done;
      results.set(id, { result, at: clock.now() });
    }),
  );
  await clock.runUntil(all, 3_600_000);
  expect(results.size).toBe(plans.length);
  for (const [id, plan] of plans.entries()) checkResult(plan, results.get(id));
  for (const [session, started] of world.started) {
    const ran = new Set(started);
    expect(started).toEqual(arrival.filter(([id, plan]) => plan.session === session && ran.has(id)).map(([id]) => id));
  }
  expect(scheduler.stats().sessions).toBe(0);
  expect(scheduler.stats().lanes).toMatchObject([
    { active: 0, waiting: 0 },
    { active: 0, waiting: 0 },
  ]);
}

function checkResult(
  plan: Plan,
  got: { readonly result: ScheduleResult<void>; readonly at: number } | undefined,
): void {
  const kind = got?.result.kind;
  if (kind === 'aborted') expect(got?.at).toBe(abortedAt(plan));
  else if (kind === 'forced') expect(got?.at).toBe(abortedAt(plan) + 10_000);
  else expect(kind).toBe(plan.how === 'throw' ? 'failed' : 'done');
  if (plan.how === 'wedge') expect(['aborted', 'forced']).toContain(kind);
  if (plan.abortAfter === undefined) expect(['done', 'failed']).toContain(kind);
}

test('in 10,000 random schedules with wedged turns nothing is lost, nothing overtakes, no lane is ever too wide', async () => {
  await fc.assert(fc.asyncProperty(fc.array(planArbitrary, { minLength: 1, maxLength: 7 }), play), { numRuns: 10_000 });
}, 60_000);

test('20 chats with 5 children each, 3 levels deep, always finish: a parent never holds a slot while it waits', async () => {
  const clock = virtualClock(0, 1);
  const scheduler = new Scheduler({
    clock,
    generation: 1,
    widths: { main: 4, subagent: 8 },
    onWait: () => undefined,
    onLate: () => undefined,
  });
  const signal = new AbortController().signal;
  let turns = 0;
  const turn = async (session: string, depth: number): Promise<void> => {
    const result = await scheduler.run({ session, lane: depth === 0 ? 'main' : 'subagent', signal }, () =>
      clock.sleep(10),
    ).done;
    expect(result.kind).toBe('done');
    turns += 1;
  };
  const run = async (session: string, depth: number): Promise<void> => {
    await turn(session, depth);
    if (depth === 3) return;
    await Promise.all(Array.from({ length: 5 }, (_, child) => run(`${session}.${child}`, depth + 1)));
    await turn(session, depth);
  };
  await clock.runUntil(Promise.all(Array.from({ length: 20 }, (_, chat) => run(`chat${chat}`, 0))), 600_000);
  expect(turns).toBe(20 * (2 + 5 * 2 + 25 * 2 + 125));
  expect(scheduler.stats().sessions).toBe(0);
});
