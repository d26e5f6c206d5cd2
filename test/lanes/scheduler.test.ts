import { getEventListeners } from 'node:events';
import { beforeEach, describe, expect, test } from 'vitest';
import type { LaneName, Slot, WaitWarning } from '../../src/lanes/job.ts';
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

/** Starts `count` sessions with one 5 s turn each and answers when each of them started, in seconds. */
async function startTimes(count: number): Promise<number[]> {
  const starts: number[] = [];
  const all = Array.from({ length: count }, (_, index) =>
    scheduler.run(ticket(`chat${index}`), async () => {
      starts.push(clock.now() / 1000);
      await clock.sleep(5000);
    }),
  );
  await clock.runUntil(Promise.all(all.map((each) => each.done)), 60_000);
  return starts;
}

describe('the main lane', () => {
  test('of 5 turns at once the fifth starts when the first ends', async () => {
    expect(await startTimes(5)).toEqual([0, 0, 0, 0, 5]);
  });

  test('of 7 turns of 5 s the last waits 5 s', async () => {
    expect(await startTimes(7)).toEqual([0, 0, 0, 0, 5, 5, 5]);
    expect(clock.now()).toBe(10_000);
  });

  test('20 turns of 5 s take 25 s', async () => {
    await startTimes(20);
    expect(clock.now()).toBe(25_000);
  });

  test('does not make sub-agents wait, and they have 8 places of their own', async () => {
    const started: string[] = [];
    const start = (session: string, name: LaneName) =>
      void scheduler.run(ticket(session, { lane: name }), async () => {
        started.push(session);
        await wedged();
      });
    for (let index = 0; index < 5; index += 1) start(`chat${index}`, 'main');
    for (let index = 0; index < 9; index += 1) start(`child${index}`, 'subagent');
    await clock.flush();
    expect(started).toHaveLength(12);
    expect(world.lane('main')).toEqual({ name: 'main', active: 4, waiting: 1, width: 4 });
    expect(world.lane('subagent')).toEqual({ name: 'subagent', active: 8, waiting: 1, width: 8 });
  });

  test('can be changed live: wider starts more at once, narrower lets running turns finish', async () => {
    const ends: (() => void)[] = [];
    const start = (index: number) =>
      void scheduler.run(ticket(`chat${index}`), () => new Promise<void>((end) => ends.push(end)));
    for (let index = 0; index < 8; index += 1) start(index);
    await clock.flush();
    scheduler.setWidth('main', 6);
    await clock.flush();
    expect(ends).toHaveLength(6);
    scheduler.setWidth('main', 2);
    for (const end of ends.slice(0, 4)) end();
    await clock.flush();
    expect(world.lane('main')).toMatchObject({ active: 2, waiting: 2 });
    ends[4]?.();
    await clock.flush();
    expect(ends).toHaveLength(7);
  });
});

describe('a session', () => {
  test('runs its turns one after another in the order of asking, whatever else is free', async () => {
    const log: string[] = [];
    const turn = (name: string) =>
      scheduler.run(ticket('chat'), async () => {
        log.push(`${name} starts`);
        await clock.sleep(10);
        log.push(`${name} ends`);
      });
    await clock.runUntil(Promise.all([turn('a').done, turn('b').done, turn('c').done]), 1000);
    expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
  });

  test('with many waiting turns holds one place only: others do not wait behind it', async () => {
    for (let index = 0; index < 1000; index += 1) void scheduler.run(ticket('busy'), () => clock.sleep(100));
    let started = -1;
    const other = scheduler.run(ticket('other'), async () => (started = clock.now()));
    expect(other.ahead).toBe(0);
    await clock.runUntil(other.done, 1000);
    expect(started).toBe(0);
  });

  test('costs nothing once it is idle', async () => {
    for (let index = 0; index < 1000; index += 1)
      await scheduler.run(ticket(`chat${index}`), async () => undefined).done;
    expect(scheduler.stats().sessions).toBe(0);
    expect(clock.pending()).toBe(0);
  });

  test('leaves nothing behind on the signal of a turn', async () => {
    const { signal } = new AbortController();
    const turns = [1, 2].map(() => scheduler.run(ticket('chat', { signal }), async () => undefined).done);
    await Promise.all(turns);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('frees its slots when a turn throws, and the error is a value', async () => {
    const bad = scheduler.run(ticket('chat'), () => {
      throw new Error('boom');
    });
    const next = scheduler.run(ticket('chat'), async () => 'fine');
    expect(await bad.done).toEqual({ kind: 'failed', error: new Error('boom') });
    expect(await next.done).toEqual({ kind: 'done', value: 'fine' });
    expect(world.lane('main')).toMatchObject({ active: 0, waiting: 0 });
  });
});

test('says how many turns have to end first', async () => {
  const ahead = (session: string): number => scheduler.run(ticket(session), wedged).ahead;
  expect(['a', 'b', 'c', 'd', 'e', 'f'].map(ahead)).toEqual([0, 0, 0, 0, 1, 2]);
  expect([ahead('a'), ahead('a')]).toEqual([3, 3]);
  await clock.flush();
  expect(ahead('g')).toBe(3);
  expect(scheduler.run(ticket('child', { lane: 'subagent' }), wedged).ahead).toBe(0);
});

describe('a turn that waits', () => {
  test('is reported exactly once after 2 s, with what it waits for', async () => {
    const own: WaitWarning[] = [];
    for (let index = 0; index < 5; index += 1) void scheduler.run(ticket(`chat${index}`), () => clock.sleep(30_000));
    void scheduler.run(ticket('chat0'), async () => undefined);
    void scheduler.run(ticket('late', { onWait: (warning) => own.push(warning) }), async () => undefined);
    await clock.advance(1999);
    expect(world.warnings).toEqual([]);
    await clock.advance(60_000);
    expect(world.warnings).toEqual([
      { lane: 'main', session: 'chat4', slot: 'shared', waitedMs: 2000, ahead: 0, active: 4 },
      { lane: 'main', session: 'chat0', slot: 'session', waitedMs: 2000, ahead: 0, active: 1 },
    ]);
    expect(own).toEqual([{ lane: 'main', session: 'late', slot: 'shared', waitedMs: 2000, ahead: 1, active: 4 }]);
  });

  test('leaves at once when it is aborted and never runs', async () => {
    const abort = new AbortController();
    let ran = false;
    void scheduler.run(ticket('chat'), () => clock.sleep(5000));
    const waiting = scheduler.run(ticket('chat', { signal: abort.signal }), async () => (ran = true));
    await clock.advance(100);
    abort.abort();
    expect(await waiting.done).toEqual({ kind: 'aborted' });
    await clock.advance(10_000);
    expect([ran, clock.pending(), scheduler.stats().sessions]).toEqual([false, 0, 0]);
  });

  test('aborted before it was scheduled never runs', async () => {
    expect(await scheduler.run(ticket('chat', { signal: AbortSignal.abort() }), async () => 1).done).toEqual({
      kind: 'aborted',
    });
    expect(scheduler.stats().sessions).toBe(0);
  });
});

describe('a wedged turn', () => {
  test('is forced 10 s after its abort; the queue goes on in order and its late result is ignored', async () => {
    const abort = new AbortController();
    const log: string[] = [];
    let finishLate = (): void => undefined;
    let slot: Slot | undefined;
    const stuck = scheduler.run(ticket('chat', { signal: abort.signal }), (given) => {
      slot = given;
      return new Promise<string>((resolve) => (finishLate = () => resolve('too late')));
    });
    const next = ['b', 'c'].map((name) => scheduler.run(ticket('chat'), async () => log.push(name)));
    await clock.advance(1000);
    abort.abort();
    await clock.advance(9999);
    expect([log, slot?.held()]).toEqual([[], true]);
    await clock.advance(1);
    expect(await stuck.done).toEqual({ kind: 'forced' });
    await Promise.all(next.map((each) => each.done));
    expect([log, slot?.held(), slot?.generation]).toEqual([['b', 'c'], false, 3]);
    expect(world.lane('main')).toMatchObject({ active: 0, waiting: 0 });
    expect(world.late).toEqual([]);
    finishLate();
    await clock.flush();
    expect(world.late).toEqual([{ lane: 'main', session: 'chat', result: { kind: 'done' } }]);
  });

  test('that obeys its abort within 10 s keeps its own result', async () => {
    const abort = new AbortController();
    const obeying = scheduler.run(ticket('chat', { signal: abort.signal }), async (slot) => {
      await clock.sleep(60_000, slot.signal);
      await clock.sleep(9000);
      return 'partial';
    });
    await clock.advance(1000);
    abort.abort();
    await clock.advance(9000);
    expect(await obeying.done).toEqual({ kind: 'done', value: 'partial' });
    expect(clock.pending()).toBe(0);
  });
});

describe('work between turns', () => {
  test('waits for its place, and no turn of the session runs meanwhile; other sessions do not wait', async () => {
    const { scheduler, clock } = laneWorld();
    const seen: string[] = [];
    const doing = (name: string, ms: number) => async () => {
      seen.push(name);
      await clock.sleep(ms);
      seen.push(`${name} over`);
    };
    const all = [
      scheduler.run(ticket('a'), doing('first', 10)).done,
      scheduler.between('a', doing('between', 10)),
      scheduler.run(ticket('a'), doing('second', 10)).done,
      scheduler.run(ticket('b'), doing('other', 5)).done,
    ];
    expect(scheduler.busy('a')).toBe(true);
    await clock.runUntil(Promise.all(all), 100);
    expect(seen).toEqual([
      ...['first', 'other', 'other over', 'first over', 'between', 'between over', 'second', 'second over'],
    ]);
    expect(scheduler.busy('a')).toBe(false);
  });

  test('takes no place in a shared lane', async () => {
    const { scheduler, clock, lane } = laneWorld();
    for (const name of ['a', 'b', 'c', 'd']) void scheduler.run(ticket(name), () => clock.sleep(50));
    await clock.flush();
    expect(lane('main')).toMatchObject({ active: 4 });
    expect(await scheduler.between('e', async () => 'done')).toBe('done');
  });

  test('frees its place when it fails, and is done in a drain too', async () => {
    const { scheduler } = laneWorld();
    await expect(scheduler.between('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    void scheduler.drain(0);
    expect(await scheduler.between('a', async () => 'done')).toBe('done');
    expect(scheduler.stats().sessions).toBe(0);
  });
});

test('an abort in any moment around the start ends in an answer, with every slot free', async () => {
  for (let moment = 0; moment < 30; moment += 1) {
    const abort = new AbortController();
    const stuck = scheduler.run(ticket('chat', { signal: abort.signal }), wedged);
    for (let tick = 0; tick < moment; tick += 1) await Promise.resolve();
    abort.abort();
    await clock.advance(10_000);
    expect(['aborted', 'forced']).toContain((await stuck.done).kind);
    expect(world.lane('main')).toMatchObject({ active: 0, waiting: 0 });
  }
});
