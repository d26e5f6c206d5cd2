// Sessions that wait for their children when the process ends go on waiting: results come as they had asked for them.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { call, hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, delivers, downFor, ends, gate, start, turnsOf } from './endings.ts';
import { openWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
  world.agent.always(completionTurn(), ({ text }) => `told: ${text.split('[switchyard completion]').length - 1}`);
});
afterEach(() => world.close());

/** The chat starts these, the last of which hangs, and sleeps as it says. */
async function sleeps(how: object, ...tasks: readonly string[]): Promise<void> {
  world.agent.once(/^go$/, [...tasks.map((task) => start(task)), call('sessions_yield', how)]);
  world.agent.once(new RegExp(`^${tasks.at(-1)}$`), [say('at it'), hang()]);
  await world.say('go');
  await world.until(() => world.engine.layer.turns.holding(ann(world)), 'the chat to sleep');
  await world.until(() => !world.agent.active.has(ann(world)), 'its turn to end');
  await world.until(() => world.engine.stores.openTurns.asleep().length === 1, 'that to be stored');
}

test.each(['kill', 'drain'] as const)(
  'a chat that sleeps hears of all its children at once after a %s',
  async (how) => {
    const done = gate();
    world.agent.once(/^quick$/, async function* (context) {
      await done.passed(context);
      yield say('quick result');
    });
    await sleeps({}, 'quick', 'slow');
    done.open();
    await delivers(world, 'quick', 'handed');
    await ends(world, 'slow', 'running');
    await world.restart(how);
    await world.channel.next('told: 2');
    await world.settled();
    expect(turnsOf(world, ann(world))).toHaveLength(2);
    expect(world.engine.stores.openTurns.asleep()).toEqual([]);
  },
);

test('it is woken at the time it asked for, whenever the process was started again', async () => {
  // Twice: the engine that was killed still has its timer.
  world.agent.always(/You asked to be woken after 60 s/, 'I looked');
  world.agent.always(/^slow$/, [say('at it'), hang()]);
  await sleeps({ timeoutSeconds: 60 }, 'slow');
  await world.clock.advance(40_000);
  await world.restart('kill');
  await world.until(() => world.agent.active.size > 0, 'the child to go on');
  await world.clock.flush();
  await world.clock.advance(19_999);
  expect(world.channel.texts()).not.toContain('I looked');
  await world.clock.advance(1);
  await world.channel.next('I looked');
});

test('it wakes for a message as before, and does not sleep again after that', async () => {
  world.agent.always(/^slow$/, [say('at it'), hang()]);
  await sleeps({}, 'slow');
  await world.restart('kill');
  expect(world.engine.layer.turns.holding(ann(world))).toBe(true);
  await world.ask('hello', 'ok');
  await world.restart('kill');
  expect(world.engine.layer.turns.holding(ann(world))).toBe(false);
});

test('a run that slept and whose time ran out meanwhile is not woken: one message tells of it and its children', async () => {
  world.configure({ agents: { defaults: { subagents: { maxSpawnDepth: 2, runTimeoutSeconds: 600 } } } });
  world.agent.once(/^outer$/, [start('inner'), call('sessions_yield')]);
  world.agent.always(/^inner$/, [say('at it'), hang()]);
  await delegate(world, 'outer');
  await ends(world, 'inner', 'running');
  await ends(world, 'outer', 'waiting');
  await downFor(world, 660_000);
  await world.channel.next('told: 1');
  await world.settled();
  expect([world.run('outer').state.status, world.run('inner').state.status]).toEqual(['timed_out', 'stopped']);
  expect(turnsOf(world, world.run('outer').child)).toEqual(['outer']);
  expect(world.channel.texts().filter((text) => text.startsWith('told'))).toHaveLength(1);
  await world.restart('kill');
  expect(world.engine.stores.openTurns.asleep()).toEqual([]);
});

test('it is woken where the last process had not come to that after the last of its children ended in silence', async () => {
  world.agent.once(/^\[The sub-agents you waited for have ended/, 'nothing came of it');
  await sleeps({}, 'slow');
  const { registry, database, openTurns } = world.engine.stores;
  const { id, child } = world.run('slow');
  await database.write((sql) => {
    const state = { status: 'succeeded', endedAt: 1, outcome: { kind: 'success', text: '' } } as const;
    registry.change(sql, id, (run) => ({ ...run, state, delivery: { state: 'silent', attempts: 0 } }));
    openTurns.ended(sql, child, openTurns.of(child, sql)?.turn ?? '');
  });
  await world.restart('kill');
  await world.channel.next('nothing came of it');
  await world.settled();
  expect(turnsOf(world, ann(world))).toHaveLength(2);
});
