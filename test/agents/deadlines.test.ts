import { expect, test } from 'vitest';
import { watchDeadlines } from '../../src/agents/deadlines.ts';
import type { MutableTurn } from '../../src/agents/turn.ts';
import { noUsage } from '../../src/core/session.ts';
import { virtualClock } from '../fakes/clock.ts';
import { itemMaker } from './mail-items.ts';

const limits = { startMs: 60_000, warnMs: 600_000, abortMs: 1_800_000 };

function watched(kind: 'task' | 'message', over: Partial<typeof limits> = {}) {
  const clock = virtualClock(0);
  const said: string[] = [];
  const turn: MutableTurn = {
    ...{
      id: 't',
      session: 's',
      lane: 'main',
      tree: 'x',
      items: [itemMaker()(kind, 'work')],
      startedAt: 0,
      lastEventAt: 0,
    },
    ...{ heard: false, asking: 0, partial: '', usage: noUsage, cause: undefined, ended: Promise.resolve() },
  };
  const watch = watchDeadlines(
    clock,
    turn,
    { ...limits, ...over },
    {
      abort: (cause) => said.push(`abort ${cause} at ${clock.now()}`),
      warn: (silentMs) => said.push(`warn ${silentMs} at ${clock.now()}`),
    },
  );
  const event = (): void => {
    turn.heard = true;
    turn.lastEventAt = clock.now();
  };
  return { clock, said, watch, event };
}

test('a task that gives no sign of life in time is aborted; a chat message is not', async () => {
  const task = watched('task');
  await task.clock.advance(60_000);
  expect(task.said).toEqual(['abort start_timeout at 60000']);
  const message = watched('message');
  await message.clock.advance(60_000);
  expect(message.said).toEqual([]);
});

test('a task whose first event comes in the very millisecond of its start has started', async () => {
  const { clock, said, event } = watched('task');
  event();
  await clock.advance(60_000);
  expect(said).toEqual([]);
});

test('silence is asked about once and then ends the turn, both counted from the last event', async () => {
  const { clock, said, event } = watched('message');
  await clock.advance(500_000);
  event();
  await clock.advance(2_000_000);
  expect(said).toEqual(['warn 600000 at 1100000', 'abort stalled at 2300000']);
  expect(clock.pending()).toBe(0);
});

test('a limit of zero is no limit, and a turn that is over is not watched', async () => {
  const none = watched('task', { startMs: 0, warnMs: 0, abortMs: 0 });
  expect(none.clock.pending()).toBe(0);
  const { clock, said, watch } = watched('task');
  watch.stop();
  await clock.advance(10_000_000);
  expect(said).toEqual([]);
  expect(clock.pending()).toBe(0);
});
