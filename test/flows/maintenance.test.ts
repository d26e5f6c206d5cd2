// What `tasks maintenance` finds in a running engine, and puts right.
import { afterEach, expect, test } from 'vitest';
import { leftovers, offlineUpkeep, reconcile, upkeepOf } from '../../src/wiring/maintenance.ts';
import { aRun } from '../fakes/builders.ts';
import { hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, ends } from './endings.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const found = async () => leftovers(upkeepOf(world.engine));
const repaired = async (): Promise<readonly string[]> =>
  (await reconcile(upkeepOf(world.engine), await found())).map(({ kind, id }) => `${kind} ${id}`);

test('work under way, also after a crash, is no leftover', async () => {
  world = await openWorld();
  world.agent.once(/^long$/, [say('at it'), hang()]);
  world.agent.always(/A restart cut|^long$/, [hang()]);
  await delegate(world, 'long');
  await ends(world, 'long', 'running');
  await world.restart('kill');
  expect(await found()).toEqual([]);
});

test('the mark of work that was given up is cleared, and a binding to nobody is removed', async () => {
  world = await openWorld();
  const { stores, delivery } = world.engine;
  await world.ask('hello', 'ok');
  await world.settled();
  await stores.sessions.update(ann(world), (session) => ({ ...session, abortedLastRun: true }));
  const route = { ...world.channel.direct('ann'), chat: 'elsewhere' };
  await delivery.bindings.bind({
    ...{ route, session: 'nobody', agentId: 'main', label: 'nobody', by: { id: 'console:ann', class: 'owner' } },
  });
  expect((await found()).map(({ kind }) => kind)).toEqual(['tombstone', 'orphan']);
  expect(await repaired()).toHaveLength(2);
  expect(await found()).toEqual([]);
  expect((await stores.sessions.get(ann(world)))?.abortedLastRun).toBeUndefined();
});

test('a run that counts as active though nothing works on it ends as lost, and is told', async () => {
  world = await openWorld();
  await world.ask('hello', 'ok');
  await world.settled();
  const { registry, database } = world.engine.stores;
  const run = aRun({
    ...{ id: 'dead0000-1', label: 'gone', child: 'agent:main:subagent:gone', requester: ann(world) },
    ...{ origin: world.channel.direct('ann'), askedBy: 'agent', lastEventAt: world.clock.now() - 3 * 3_600_000 },
  });
  await database.write((sql) => registry.insert(sql, 'key', run));
  world.agent.once(completionTurn('gone'), 'It is lost.');
  expect((await found()).map(({ what }) => what)).toEqual([
    expect.stringMatching(/^gone \(run dead0000\): no sign of life/),
  ]);
  expect(await repaired()).toEqual([`stale ${run.id}`]);
  await world.channel.next('It is lost.');
  expect(world.run('gone').state.status).toBe('lost');
});

test.each([
  ['has not begun', { status: 'queued' }, []],
  ['waited for children it has all heard', { status: 'waiting', startedAt: 0 }, []],
  ['nothing says anything of', { status: 'running', startedAt: 0 }, ['stale']],
] as const)(
  'while nothing runs for hours, a run that %s is left to the next start only if that takes it up',
  async (_what, state, kinds) => {
    world = await openWorld();
    await world.ask('hello', 'ok');
    await world.settled();
    const { stores, delivery } = world.engine;
    const run = aRun({
      ...{ id: 'dead0000-1', label: 'gone', child: 'agent:main:subagent:gone', requester: ann(world) },
      ...{ state, lastEventAt: world.clock.now() - 9 * 3_600_000 },
    });
    await stores.database.write((sql) => stores.registry.insert(sql, 'key', run));
    const upkeep = offlineUpkeep(stores, delivery.bindings, world.clock);
    expect((await leftovers(upkeep)).map(({ kind }) => kind)).toEqual(kinds);
  },
);

test('a run whose requester is gone is stopped with its turn', async () => {
  world = await openWorld();
  world.agent.once(/^long$/, [say('at it'), hang()]);
  await delegate(world, 'long');
  await ends(world, 'long', 'running');
  const { child, id } = world.run('long');
  await world.until(() => world.agent.active.has(child), 'its turn');
  await world.engine.stores.sessions.archive(ann(world));
  expect((await found()).map(({ what }) => what)).toEqual([expect.stringContaining('that asked for it is gone')]);
  expect(await repaired()).toEqual([`orphan ${id}`]);
  expect(world.run('long').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
  expect(world.agent.active.has(child)).toBe(false);
});

test('a binding whose session was opened after the look is left alone', async () => {
  world = await openWorld();
  await world.ask('hello', 'ok');
  const { stores, delivery } = world.engine;
  const route = { ...world.channel.direct('ann'), chat: 'elsewhere' };
  await delivery.bindings.bind({
    ...{ route, session: 'new', agentId: 'main', label: 'new', by: { id: 'console:ann', class: 'owner' } },
  });
  const seen = await found();
  expect(seen).toHaveLength(1);
  const known = await stores.sessions.get(ann(world));
  await stores.sessions.open('new', {
    kind: 'chat',
    agentId: 'main',
    depth: 0,
    role: 'main',
    ownerOnly: true,
    controlScope: known?.controlScope ?? '',
  });
  expect(await reconcile(upkeepOf(world.engine), seen)).toEqual([]);
  expect(await delivery.bindings.at(route)).toBeDefined();
});
