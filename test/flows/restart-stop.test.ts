// What a person has stopped stays stopped, whenever the process ends after that.
import { afterEach, expect, test } from 'vitest';
import type { Tool } from '../../src/core/tool.ts';
import { call, hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, ends, notes, start, turnsOf } from './endings.ts';
import { inboxStory } from './inbox-view.ts';
import { bo, openPeople, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

/** Never comes to an end. */
const work: Tool = {
  ...{ name: 'work', group: 'exec', description: '', example: {} },
  parameters: { kind: 'json', schema: {} },
  run: () => new Promise(() => undefined),
};
const deaf = hang({ deaf: true });
const resumed = /^\[A restart cut the work above off\./;
let world: World;
afterEach(() => world.close());

test('a turn that was stopped and had not obeyed yet is not begun again', async () => {
  world = await openWorld();
  world.agent.always(/^deploy$/, [deaf]);
  await world.say('deploy');
  await world.until(() => world.agent.active.has(ann(world)), 'the turn');
  await world.say('and this');
  await world.until(() => world.engine.layer.turns.waiting(ann(world)).length === 1, 'it to wait');
  void world.engine.layer.stopper.stopSession(ann(world), { cause: 'user' });
  await world.until(
    () => inboxStory(world).every((line) => / \((?:stopped|success)/.test(line)),
    'the stop to be stored',
  );
  await world.restart('kill');
  await world.settled();
  expect(world.agent.turns).toHaveLength(1);
  expect(inboxStory(world)).toEqual(['deploy: done (stopped)', 'and this: dropped (stopped by a person)']);
  expect(world.channel.texts()).toEqual([]);
});

test('nor is what was said to a run that was stopped', async () => {
  world = await openWorld();
  world.agent.once(/^slow$/, 'first result');
  world.agent.always(/^more$/, [deaf]);
  world.agent.always(completionTurn(), 'told');
  await delegate(world, 'slow');
  await world.channel.next('told');
  await world.settled();
  const { child } = world.run('slow');
  await world.say(`/subagents send ${world.run('slow').id.slice(0, 8)} more`);
  await world.until(() => world.agent.active.has(child), 'its turn');
  void world.engine.layer.stopper.stopSession(child, { cause: 'user' });
  await world.until(() => world.engine.stores.openTurns.of(child) === undefined, 'the stop to be stored');
  await world.restart('kill');
  await world.settled();
  expect(turnsOf(world, child)).toEqual(['slow', 'more']);
});

test('work that was cut off and is stopped before it goes on is forgotten: the next message begins anew', async () => {
  world = await openPeople({ tools: [work] });
  world.agent.always(/^long$/, [hang()]);
  world.agent.once(/^deploy$/, [call('work')]);
  await world.say('long', bo);
  await world.until(() => world.agent.turns.length === 1, 'the turn of bo');
  await world.say('deploy');
  await world.until(() => world.agent.active.has(ann(world)), 'the turn of ann');
  await world.clock.flush();
  world.configure({
    channels: { telegram: { token: 't', allowFrom: ['bo'] } },
    commands: { ownerAllowFrom: ['telegram:ann'] },
    agents: { defaults: { maxConcurrent: 1 } },
  });
  await world.restart('kill');
  await world.until(() => world.engine.layer.turns.waiting(ann(world)).length === 1, 'ann to wait');
  expect(await typed(world, '/stop')).toContain('1');
  const session = await world.engine.stores.sessions.get(ann(world));
  expect(session?.abortedLastRun).toBeUndefined();
  expect(world.engine.stores.openTurns.of(ann(world))).toBeUndefined();
  await typed(world, '/stop', bo);
  await world.ask('hello', 'ok');
  expect((await notes(world, ann(world))).some((text) => resumed.test(text))).toBe(false);
});

test('what was refused for a full queue just before is told once and not answered by the next start', async () => {
  world = await openWorld();
  world.agent.always(/^deploy$/, [deaf]);
  await typed(world, '/queue followup cap:1 drop:new');
  await world.say('deploy');
  await world.until(() => world.agent.active.has(ann(world)), 'the turn');
  await world.say('waits');
  await world.until(() => world.engine.layer.turns.waiting(ann(world)).length === 1, 'one to wait');
  await world.say('too much');
  await world.until(() => world.engine.layer.unprocessed.busy(), 'one to be refused');
  void world.engine.layer.stopper.stopSession(ann(world), { cause: 'user' });
  await world.until(() => inboxStory(world).every((line) => !line.includes('accepted')), 'the stop to be stored');
  await world.restart('kill');
  await world.settled();
  expect(turnsOf(world, ann(world))).toEqual(['deploy']);
  expect(inboxStory(world)).toContain('too much: dropped (queue_full)');
  expect(world.channel.texts().filter((text) => text.includes('not processed'))).toHaveLength(1);
});

test('a stopped chat that slept for its children is not woken by the next start', async () => {
  world = await openWorld();
  world.agent.once(/^go$/, [start('slow'), call('sessions_yield')]);
  world.agent.once(/^slow$/, [say('at it'), deaf]);
  await world.say('go');
  await world.until(() => world.engine.stores.openTurns.asleep().length === 1, 'the chat to sleep');
  await ends(world, 'slow', 'running');
  await world.until(() => world.agent.active.has(world.run('slow').child), 'the child');
  void world.engine.layer.stopper.stopSession(ann(world), { cause: 'user' });
  await ends(world, 'slow', 'stopped');
  await world.restart('kill');
  await world.settled();
  expect(turnsOf(world, ann(world))).toEqual(['go']);
});
