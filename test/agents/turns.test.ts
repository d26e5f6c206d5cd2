import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ItemEnd } from '../../src/agents/turn-types.ts';
import { boundary, hang, say, wait } from '../fakes/script.ts';
import { aSession } from './kit.ts';
import { turnWorld } from './turn-world.ts';

test('an item comes out in one turn, whose end its sender learns', async () => {
  const { give, agent, clock, turns, settled } = turnWorld();
  agent.always(/./, ({ text }) => `heard ${text}`);
  const { to, ended, taken } = give('hello');
  expect(to).toBe('turn');
  await clock.flush();
  expect(await taken).toBe('turn');
  expect(await ended).toMatchObject({ kind: 'turn', result: { outcome: { kind: 'success', text: 'heard hello' } } });
  expect(settled).toHaveLength(1);
  await turns.idle();
  expect(turns.stats()).toEqual({ sessions: 0, items: 0 });
});

test('a turn can be found and aborted from the moment it takes its items, before its session was even read', async () => {
  const { give, agent, turns, clock, settled } = turnWorld();
  agent.always(/./, [hang()]);
  give('hello');
  while (turns.active('agent:main:main') === undefined) await Promise.resolve();
  expect(turns.abort('agent:main:main', 'user')?.cause).toBe('user');
  await clock.flush();
  await turns.idle();
  expect(settled.map((result) => result.outcome)).toEqual([{ kind: 'stopped', by: 'user' }]);
});

test('a message that comes while the result is being recorded is the next turn', async () => {
  const world = turnWorld({ settleMs: 100 });
  world.agent.always(/./, ({ text }) => `heard ${text}`);
  world.give('one');
  await world.clock.flush();
  const late = world.give('two');
  expect(late.to).toBe('waiting');
  expect(world.turns.abort('agent:main:main', 'user')).toBeUndefined();
  await world.clock.advance(200);
  await world.turns.idle();
  expect(world.settled.map((result) => result.answers)).toEqual([['heard one'], ['heard two']]);
});

test('a deaf turn loses its slots ten seconds after its abort; the next turn starts after it was recorded', async () => {
  const world = turnWorld({ queue: { mode: 'interrupt' }, settleMs: 50 });
  world.agent.once(/one/, [say('so far'), hang({ deaf: true })]).always(/./, ({ text }) => `heard ${text}`);
  const first = world.give('one');
  await world.clock.flush();
  world.give('two');
  world.give('three');
  await world.clock.advance(9_999);
  expect(world.settled).toEqual([]);
  await world.clock.advance(51);
  expect(world.settled.map((result) => [result.items.map((item) => item.text), result.outcome])).toEqual([
    [['one'], { kind: 'stopped', by: 'user' }],
  ]);
  expect(world.settled[0]?.answers).toEqual(['so far']);
  expect(await first.ended).toMatchObject({ kind: 'turn' });
  await world.clock.advance(100);
  await world.turns.idle();
  expect(world.heard()).toEqual(['one', 'two', 'three']);
  expect(world.turns.stats()).toEqual({ sessions: 0, items: 0 });
  expect(world.typing.size).toBe(0);
});

test('a turn that wakes up after it lost its slots takes nothing in and changes nothing', async () => {
  const world = turnWorld();
  const wakes = Promise.withResolvers<void>();
  const woke: string[] = [];
  world.agent.once(/one/, async function* ({ prompt }) {
    await wakes.promise;
    woke.push(...prompt.takeInjections().map((item) => item.text), (await prompt.beforeCall())?.code ?? 'may call');
    yield say('too late');
  });
  world.agent.always(/./, [wait(1000), say('fine')]);
  world.give('one');
  await world.clock.flush();
  world.give('two');
  world.turns.abort('agent:main:main', 'user');
  await world.clock.advance(10_000);
  world.give('three');
  wakes.resolve();
  await world.clock.advance(5_000);
  await world.turns.idle();
  expect(woke).toEqual(['slots_lost']);
  expect(world.settled.map((result) => result.items.map((item) => item.text))).toEqual([['one'], ['two', 'three']]);
  expect(world.settled[0]?.answers).toEqual([]);
});

test('typing goes on while what a turn did not read waits for a slot', async () => {
  const sessions = Array.from({ length: 5 }, (_, n) => aSession({ key: `s${n}`, id: `id${n}` }));
  const world = turnWorld({ sessions });
  world.agent.always(/./, [hang()]);
  for (const { key } of sessions) world.give(`to ${key}`, {}, key);
  await world.clock.flush();
  const { id } = world.give('unread', {}, 's0');
  world.turns.abort('s0', 'user');
  await world.clock.flush();
  expect(world.turns.active('s4')).toBeDefined();
  expect(world.typing.has(id)).toBe(true);
  for (const { key } of sessions) world.turns.abort(key, 'user');
  await world.clock.flush();
  world.turns.abort('s0', 'user');
  await world.turns.idle();
  expect(world.typing.size).toBe(0);
});

test('a session that is spoken to the moment its turn ended can be found and stopped', async () => {
  const world = turnWorld();
  world.agent.once(/one/, 'done').always(/./, [hang()]);
  void world.give('one').ended.then(() => world.give('two'));
  await world.clock.flush();
  await world.clock.flush();
  expect(world.turns.abort('agent:main:main', 'user')).toBeDefined();
  await world.turns.idle();
  expect(world.heard()).toEqual(['one', 'two']);
});

test('what a forced turn had written and used is in its result', async () => {
  const world = turnWorld();
  world.agent.once(/one/, [
    say('part'),
    { do: 'usage', usage: { input: 7, output: 1, costUsd: 0, context: 7, reported: true } },
    hang({ deaf: true }),
  ]);
  world.give('one');
  await world.clock.flush();
  world.turns.abort('agent:main:main', 'timeout');
  await world.clock.advance(10_000);
  expect(world.settled[0]).toMatchObject({ outcome: { kind: 'timeout', partial: 'part' }, usage: { input: 7 } });
});

test('items of a session that is gone are dropped with a reason, and nothing is kept of it', async () => {
  const world = turnWorld();
  const target = world.session();
  world.sessions.clear();
  const { ended } = world.turns.offer(target, {
    id: 'x',
    kind: 'note',
    text: 'hello',
    at: 0,
    tree: 't',
    steerable: true,
  });
  await world.clock.flush();
  expect(await ended).toEqual({ kind: 'dropped', why: 'gone' });
  expect(world.dropped).toEqual([{ id: 'x', why: 'gone' }]);
  await world.turns.idle();
  expect(world.turns.stats()).toEqual({ sessions: 0, items: 0 });
  expect(world.typing.size).toBe(0);
});

test('a store that fails when a turn starts or is recorded ends the turn all the same', async () => {
  const world = turnWorld();
  world.failing.session = true;
  const first = world.give('one');
  await world.clock.flush();
  expect(await first.ended).toMatchObject({
    kind: 'turn',
    // The chat gets a sentence without internals; the log has the rest.
    result: { outcome: { kind: 'error', code: 'turn_failed', message: expect.stringContaining('The log says why') } },
  });
  world.failing.session = false;
  world.failing.settle = true;
  const second = world.give('two');
  await world.clock.flush();
  expect(await second.ended).toMatchObject({ kind: 'turn' });
  world.failing.settle = false;
  world.give('three');
  await world.clock.flush();
  await world.turns.idle();
  expect(world.heard()).toEqual(['one', 'three']);
  expect(world.turns.stats()).toEqual({ sessions: 0, items: 0 });
});

test('a yielded session is woken by its time limit, and by nothing once something else woke it', async () => {
  const world = turnWorld();
  const { clock, turns } = world;
  const key = world.session().key;
  const wake = () =>
    ({ id: 'wake', kind: 'wake', text: 'time', at: clock.now(), tree: 't', steerable: false }) as const;
  const sleeps = async (): Promise<void> => {
    world.agent.once(/work/, () => {
      const due = { at: clock.now() + 5_000, seconds: 5 };
      turns.hold(key, { waitFor: 'all', runIds: ['run-1'], due }, wake);
      return 'waiting';
    });
    world.give('work');
    await clock.flush();
  };
  await sleeps();
  expect(turns.holding(key)).toBe(true);
  expect(clock.pending()).toBe(1);
  await clock.advance(5_000);
  expect(world.heard()).toEqual(['work', 'time']);
  await sleeps();
  world.give('hello');
  await clock.flush();
  expect(clock.pending()).toBe(0);
  await sleeps();
  expect(turns.childEnded(key, 'run-1')).toBe('wake');
  expect(turns.stats().items).toBe(0);
});

test('at the end of the process what waits is given back and no timer is left', async () => {
  const world = turnWorld();
  const { turns, clock } = world;
  const key = world.session().key;
  world.agent.once(/work/, () => {
    turns.hold(key, { waitFor: 'all', runIds: ['run-1', 'run-2'], due: { at: 5_000, seconds: 5 } }, () => {
      throw new Error('woken');
    });
    return 'waiting';
  });
  world.give('work');
  await clock.flush();
  const { ended } = world.give('result', { kind: 'completion' });
  await turns.close();
  expect(await ended).toEqual({ kind: 'dropped', why: 'draining' });
  expect(turns.stats()).toEqual({ sessions: 0, items: 0 });
  expect(clock.pending()).toBe(0);
  expect(world.typing.size).toBe(0);
});

test('sessions do not wait for each other beyond the width of the lane', async () => {
  const sessions = Array.from({ length: 6 }, (_, n) => aSession({ key: `s${n}`, id: `id${n}` }));
  const world = turnWorld({ sessions });
  world.agent.always(/./, [wait(1000), say('done')]);
  for (const { key } of sessions) world.give(`to ${key}`, {}, key);
  await world.clock.flush();
  expect(world.agent.most.together).toBe(4);
  await world.clock.advance(2000);
  expect(world.settled).toHaveLength(6);
  expect(world.agent.most).toEqual({ inOneSession: 1, together: 4 });
});

test('1,000 random schedules: nothing is lost or doubled, order holds, stops are exact, nothing is left over', async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'message' } as const) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('steer' as const) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'send' } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'stop' } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'abort' } as const) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 40 }) }) },
  );
  const lengths = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 6 });
  const modes = fc.constantFrom('steer', 'followup', 'collect', 'interrupt');
  const run = async (
    steps: readonly { do: string; ms?: number }[],
    works: readonly number[],
    mode: 'steer',
  ): Promise<void> => {
    const world = turnWorld({ queue: { mode, debounceMs: 10, cap: 100 }, settleMs: works[0] ?? 0 });
    world.agent.always(/./, ({ turn, round }) => {
      const ms = works[(turn + round) % works.length] ?? 0;
      return [wait(ms), boundary(), wait(ms), ...(ms % 7 === 3 ? [hang({ deaf: true })] : []), say('ok')];
    });
    const offered: { id: string; kind: string }[] = [];
    const ends = new Map<string, ItemEnd>();
    const stopped: string[] = [];
    for (const { do: what, ms = 0 } of steps) {
      if (what === 'wait') await world.clock.advance(ms);
      else if (what === 'abort') world.turns.abort('agent:main:main', 'user');
      else if (what === 'stop') {
        stopped.push(...world.turns.clear('agent:main:main').map((item) => item.id));
        world.turns.abort('agent:main:main', 'user');
      } else {
        const item = what === 'message' ? {} : ({ kind: 'note', steerable: what === 'steer' } as const);
        const { id, ended } = world.give(what, item);
        offered.push({ id, kind: what });
        void ended.then((end) => ends.set(id, end));
      }
    }
    // A turn that hangs is stopped in the end, as silence would do it.
    for (let n = 0; n < 60 && world.turns.busy(); n += 1) {
      await world.clock.advance(500);
      if (world.turns.busy()) world.turns.abort('agent:main:main', 'stalled');
      await world.clock.advance(10_500);
    }
    // Who waits for an item hears of its end a moment later.
    await world.clock.advance(0);
    const took = world.settled.flatMap((result) => result.items.map((item) => item.id));
    expect([...took, ...stopped].sort()).toEqual(offered.map(({ id }) => id).sort());
    for (const kind of ['message', 'steer', 'send']) {
      const ids = offered.filter((item) => item.kind === kind).map(({ id }) => id);
      expect(took.filter((id) => ids.includes(id))).toEqual(ids.filter((id) => took.includes(id)));
    }
    for (const { id } of offered) {
      const end = ends.get(id);
      expect(end?.kind).toBe(stopped.includes(id) ? 'dropped' : 'turn');
      if (end?.kind === 'turn') expect(end.result.items.map((item) => item.id)).toContain(id);
    }
    expect(world.agent.most.inOneSession).toBeLessThanOrEqual(1 + (works.some((ms) => ms % 7 === 3) ? 100 : 0));
    expect(world.turns.stats()).toEqual({ sessions: 0, items: 0 });
    expect(world.scheduler.stats().sessions).toBe(0);
    expect(world.clock.pending()).toBe(0);
    expect(world.typing.size).toBe(0);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 14 }), lengths, modes, (steps, works, mode) =>
      run(steps, works, mode as 'steer'),
    ),
    { numRuns: 1000 },
  );
}, 60_000);
