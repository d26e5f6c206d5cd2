import { beforeEach, describe, expect, test } from 'vitest';
import type { Scheduler } from '../../src/lanes/scheduler.ts';
import type { VirtualClock } from '../fakes/clock.ts';
import { type LaneWorld, laneWorld, ticket } from './lane-world.ts';

let world: LaneWorld;
let clock: VirtualClock;
let scheduler: Scheduler;

beforeEach(() => {
  world = laneWorld();
  ({ clock, scheduler } = world);
});

describe('a parked turn', () => {
  test('returns its shared slot, keeps its session slot, and queues again at the tail', async () => {
    scheduler.setWidth('main', 1);
    const log: string[] = [];
    const parked = scheduler.run(ticket('asking'), async (slot) => {
      const answer = await slot.park(async () => {
        await clock.sleep(1000);
        return 'yes';
      });
      log.push(`asking: ${answer}`);
    });
    const turn = (session: string, ms: number) =>
      scheduler.run(ticket(session), async () => {
        log.push(`${session} starts`);
        await clock.sleep(ms);
        log.push(`${session} ends`);
      });
    const others = [turn('asking', 1), turn('b', 1500), turn('c', 100)];
    await clock.advance(1);
    expect(log).toEqual(['b starts']);
    await clock.runUntil(Promise.all([parked.done, ...others.map((each) => each.done)]), 10_000);
    expect(log).toEqual(['b starts', 'b ends', 'c starts', 'c ends', 'asking: yes', 'asking starts', 'asking ends']);
    expect(world.lane('main')).toMatchObject({ active: 0, waiting: 0 });
  });

  test('aborted while it waits for its slot goes on without one, to wind down', async () => {
    scheduler.setWidth('main', 1);
    const abort = new AbortController();
    const parked = scheduler.run(ticket('asking', { signal: abort.signal }), async (slot) =>
      slot.park(() => clock.sleep(10)),
    );
    void scheduler.run(ticket('b'), () => clock.sleep(60_000));
    await clock.advance(100);
    expect(world.lane('main')).toMatchObject({ active: 1, waiting: 1 });
    abort.abort();
    expect(await parked.done).toMatchObject({ kind: 'done' });
    expect(world.lane('main')).toMatchObject({ active: 1, waiting: 0 });
  });

  test('forced while parked takes no slot when its person answers at last', async () => {
    const abort = new AbortController();
    const parked = scheduler.run(ticket('asking', { signal: abort.signal }), async (slot) =>
      slot.park(() => clock.sleep(60_000)),
    );
    await clock.flush();
    abort.abort();
    await clock.advance(10_000);
    expect(await parked.done).toEqual({ kind: 'forced' });
    await clock.advance(60_000);
    expect(world.late).toHaveLength(1);
    expect(world.lane('main')).toMatchObject({ active: 0, waiting: 0 });
  });

  test('with two questions open takes the slot once', async () => {
    const two = scheduler.run(ticket('asking'), async (slot) => {
      await Promise.all([slot.park(() => clock.sleep(10)), slot.park(() => clock.sleep(20))]);
      return world.lane('main')?.active;
    });
    await clock.flush();
    expect(world.lane('main')?.active).toBe(0);
    await clock.advance(15);
    expect(world.lane('main')?.active).toBe(1);
    await clock.advance(5);
    expect(await two.done).toEqual({ kind: 'done', value: 1 });
    expect(world.lane('main')?.active).toBe(0);
  });
});

describe('a park that nobody waits for', () => {
  test('takes no slot when its turn has ended before the answer came', async () => {
    scheduler.setWidth('main', 1);
    void scheduler.run(ticket('asking'), async (slot) => void slot.park(() => clock.sleep(1000)));
    await clock.flush();
    void scheduler.run(ticket('b'), () => clock.sleep(60_000));
    await clock.advance(2000);
    expect(world.lane('main')).toMatchObject({ active: 1, waiting: 0 });
  });

  test('leaves no slot behind when its turn ends while it queues for one', async () => {
    scheduler.setWidth('main', 1);
    const asking = scheduler.run(ticket('asking'), async (slot) => {
      void slot.park(() => clock.sleep(1000));
      await clock.sleep(2000);
    });
    void scheduler.run(ticket('b'), () => clock.sleep(5000));
    await clock.runUntil(asking.done, 10_000);
    expect(world.lane('main')).toMatchObject({ active: 1, waiting: 1 });
    await clock.advance(10_000);
    expect(world.lane('main')).toMatchObject({ active: 0, waiting: 0 });
    expect(await scheduler.run(ticket('c'), async () => 'runs').done).toEqual({ kind: 'done', value: 'runs' });
  });
});
