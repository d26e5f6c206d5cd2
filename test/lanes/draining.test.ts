import { beforeEach, describe, expect, test } from 'vitest';
import { drainAbort } from '../../src/lanes/job.ts';
import type { Scheduler } from '../../src/lanes/scheduler.ts';
import type { VirtualClock } from '../fakes/clock.ts';
import { type LaneWorld, laneWorld, ticket, wedged } from './lane-world.ts';

let world: LaneWorld;
let clock: VirtualClock;
let scheduler: Scheduler;

beforeEach(() => {
  world = laneWorld();
  ({ clock, scheduler } = world);
});

describe('draining', () => {
  test('answers new and waiting work at once and lets running turns finish', async () => {
    const running = scheduler.run(ticket('chat'), () => clock.sleep(5000));
    const waiting = scheduler.run(ticket('chat'), async () => 'ran');
    await clock.flush();
    const drained = scheduler.drain(60_000);
    expect(await waiting.done).toEqual({ kind: 'draining' });
    expect(await scheduler.run(ticket('new'), async () => 'ran').done).toEqual({ kind: 'draining' });
    expect(scheduler.stats().draining).toBe(true);
    expect(await clock.runUntil(drained, 60_000)).toEqual({ finished: 1, interrupted: 0 });
    expect(await running.done).toMatchObject({ kind: 'done' });
    expect(clock.now()).toBe(5000);
    expect(clock.pending()).toBe(0);
  });

  test('aborts what outlives the grace, counts it as interrupted, and forces the wedged', async () => {
    let reason: unknown;
    const obeying = scheduler.run(ticket('a'), async (slot) => {
      await clock.sleep(600_000, slot.signal);
      reason = slot.signal.reason;
      return 'stopped';
    });
    const stuck = scheduler.run(ticket('b'), wedged);
    void scheduler.run(ticket('c'), () => clock.sleep(1000));
    await clock.flush();
    const drained = scheduler.drain(30_000);
    expect(scheduler.drain(1)).toBe(drained);
    expect(await clock.runUntil(drained, 60_000)).toEqual({ finished: 1, interrupted: 2 });
    expect(clock.now()).toBe(40_000);
    expect(await obeying.done).toEqual({ kind: 'done', value: 'stopped' });
    expect(await stuck.done).toEqual({ kind: 'forced' });
    expect(reason).toBe(drainAbort);
  });

  test('lets a parked turn come back for its slot within the grace', async () => {
    const asking = scheduler.run(ticket('a'), async (slot) => {
      await slot.park(() => clock.sleep(1000));
      return world.lane('main')?.active;
    });
    await clock.flush();
    expect(await clock.runUntil(scheduler.drain(30_000), 60_000)).toEqual({ finished: 1, interrupted: 0 });
    expect(await asking.done).toEqual({ kind: 'done', value: 1 });
  });

  test('with nothing running is over at once', async () => {
    expect(await scheduler.drain(30_000)).toEqual({ finished: 0, interrupted: 0 });
    expect(clock.pending()).toBe(0);
  });
});
