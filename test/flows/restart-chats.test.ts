// The process ends in the middle of chat turns: each message is answered once, or its sender is told why not.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Entry } from '../../src/core/agent.ts';
import type { Tool } from '../../src/core/tool.ts';
import { call, hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, delivers, notes, start, turnsOf } from './endings.ts';
import { inboxStory } from './inbox-view.ts';
import { typed } from './people.ts';
import { openWorld, type World } from './world.ts';

/** Never comes to an end. */
const work: Tool = {
  ...{ name: 'work', group: 'exec', description: '', example: {} },
  parameters: { kind: 'json', schema: {} },
  run: () => new Promise(() => undefined),
};
const resumed = /^\[A restart cut the work above off\./;
let world: World;

beforeEach(async () => {
  world = await openWorld({ tools: [work] });
});
afterEach(() => world.close());

const session = async () => world.engine.stores.sessions.get(ann(world));
const owners = (): readonly string[] => world.channel.texts().filter((text) => text.includes('restarted'));
const others = (): readonly string[] => world.channel.texts().filter((text) => !text.includes('restarted'));
const texts = (history: readonly Entry[] = []): readonly string[] =>
  history.map((entry) => ('text' in entry ? entry.text : entry.type));

/** The chat's turn is at work for the given time of all, and is cut off by a crash. */
async function cutOff(turns: number): Promise<void> {
  await world.until(() => turnsOf(world, ann(world)).length === turns, `turn ${turns}`);
  await world.until(() => world.agent.active.has(ann(world)), 'it to work');
  await world.clock.flush();
  await world.restart('kill');
}

test('a turn that was calling a tool goes on, told of the call, and answers once; the owner is told once', async () => {
  world.agent.once(/^deploy$/, [call('work', { command: 'ship' }), say('never')]);
  world.agent.once(/^deploy$/, 'shipped');
  await world.say('deploy');
  await cutOff(1);
  await world.channel.next('shipped');
  await world.settled();
  expect(texts(world.agent.turns[1]?.prompt.history)).toEqual([
    ...['deploy', 'assistant'],
    expect.stringMatching(/^\[A restart cut .* Nobody knows what became of: work \{"command":"ship"\}\. /),
    'deploy',
  ]);
  expect(others()).toEqual(['shipped']);
  expect(owners()).toEqual([expect.stringMatching(/Goes on, .*: an answer in a chat\.\n\/tasks/)]);
  expect((await session())?.abortedLastRun).toBeUndefined();
  expect(inboxStory(world)).toEqual(['deploy: done (success)']);
});

test('what a turn had started before it was cut off counts when it says so', async () => {
  world.agent.once(/^go$/, [start('count'), hang()]).once(/^go$/, 'Started 1 sub-agent: count.');
  world.agent.once(/^count$/, [hang()]).once(/^count$/, 'three');
  world.agent.always(completionTurn('count'), 'told');
  await world.say('go');
  await world.until(() => world.engine.stores.registry.active().length === 1, 'the sub-agent');
  await cutOff(1);
  await world.channel.next('told');
  await world.settled();
  expect(others()).toEqual(['Started 1 sub-agent: count.', 'told']);
});

test('a turn that had called nothing is repeated, and nobody hears of it', async () => {
  world.agent.once(/^hello$/, [say('Hel'), hang()]);
  world.agent.once(/^hello$/, 'hi');
  await world.say('hello');
  await cutOff(1);
  await world.channel.next('hi');
  await world.settled();
  expect(world.channel.texts()).toEqual(['hi']);
});

test('a turn goes on in its own session, whatever its chat was bound to meanwhile', async () => {
  world.agent
    .once(/^count$/, 'three')
    .once(/^hello$/, [hang()])
    .once(/^hello$/, 'hi');
  await typed(world, '/subagents spawn main count');
  await world.settled();
  await world.say('hello');
  await world.until(() => turnsOf(world, ann(world)).length === 1, 'the turn');
  expect(await typed(world, '/focus 1')).toContain('Messages here go to it.');
  await cutOff(1);
  await world.channel.next('hi');
  await world.settled();
  expect(turnsOf(world, ann(world))).toEqual(['hello', 'hello']);
});

test('a turn that had called nothing is repeated oftener than that', async () => {
  for (let turn = 1; turn <= 4; turn += 1) world.agent.once(/^hello$/, [say('Hel'), hang()]);
  world.agent.once(/^hello$/, 'hi');
  await world.say('hello');
  for (const turn of [1, 2, 3, 4]) await cutOff(turn);
  await world.channel.next('hi');
  expect(inboxStory(world)).toEqual(['hello: done (success)']);
});

test('a turn that had called nothing is given up the fifth time: it may be what ends the process', async () => {
  world.agent.always(/^hello$/, [say('Hel'), hang()]);
  await world.say('hello');
  for (const turn of [1, 2, 3, 4, 5]) await cutOff(turn);
  await world.channel.next(/again and again, and it was given up: «hello»/);
  expect(inboxStory(world)).toEqual(['hello: dropped (interrupted)']);
});

test('a session whose turn was cut off carries a mark until that turn has ended', async () => {
  world.agent.always(/^deploy$/, [call('work')]);
  await world.say('deploy');
  await cutOff(1);
  expect((await session())?.abortedLastRun).toBe(true);
});

test('the third time in ten minutes it is given up: the sender hears it, and the next message begins anew', async () => {
  world.agent.always(/^deploy$/, [call('work')]);
  await world.say('deploy');
  for (const turn of [1, 2, 3]) await cutOff(turn);
  await world.channel.next(
    /^⚠️ restarts cut this off again and again, and it was given up: «deploy»\. Check .* say it again\.$/,
  );
  await world.settled();
  expect(inboxStory(world)).toEqual(['deploy: dropped (interrupted)']);
  expect(world.agent.turns).toHaveLength(3);
  expect((await session())?.abortedLastRun).toBe(true);
  expect(owners().at(-1)).toMatch(/Ended, .*: an answer in a chat\./);
  await world.ask('hello', 'ok');
  const history = texts(world.agent.turns.at(-1)?.prompt.history);
  expect(history.slice(-2)).toEqual([expect.stringMatching(/^\[Restarts cut the work above off .* given up/), 'hello']);
  await world.settled();
  expect((await session())?.abortedLastRun).toBeUndefined();
});

test('what waited behind a turn that is given up is answered', async () => {
  world.agent.always(/deploy/, [call('work')]);
  await world.say('/queue followup');
  await world.say('deploy');
  await world.until(() => world.agent.turns.length === 1, 'the turn');
  await world.say('and this');
  for (const turn of [1, 2, 3]) await cutOff(turn);
  await world.channel.next('ok');
  await world.settled();
  expect(inboxStory(world).slice(1)).toEqual(['deploy: dropped (interrupted)', 'and this: done (success)']);
});

test('a result that cannot be taken in, because that is cut off again and again, is delivered without the agent', async () => {
  world.agent.once(/^research$/, 'A is 1');
  world.agent.always(completionTurn('research'), [call('work')]);
  await delegate(world, 'research');
  for (const turn of [2, 3, 4]) await cutOff(turn);
  await world.channel.next('✅ research: completed successfully');
  await delivers(world, 'research', 'delivered');
  await world.settled();
  expect(world.channel.texts().filter((text) => text.includes('A is 1'))).toHaveLength(1);
});

test('a turn that was reading a result which is posted now goes on all the same, and only once', async () => {
  world.agent.once(/^research$/, 'A is 1');
  world.agent.once(completionTurn('research'), [call('work')]);
  world.agent.once(/Go on with what you were doing/, 'I went on');
  await delegate(world, 'research');
  world.configure({
    channels: { telegram: { token: 't', allowFrom: ['*'] } },
    commands: { ownerAllowFrom: ['telegram:ann'] },
    announce: { mode: { agentRuns: 'direct' } },
  });
  await cutOff(2);
  await world.channel.next('I went on');
  await delivers(world, 'research', 'delivered');
  await world.settled();
  expect(world.engine.stores.openTurns.all()).toEqual([]);
  await world.restart('kill');
  await world.settled();
  expect(turnsOf(world, ann(world))).toHaveLength(3);
});

test('a turn begun by something that was in memory only goes on all the same', async () => {
  world.agent.once(/^slow$/, [say('at it'), hang()]);
  world.agent.once(/^go$/, [start('slow'), call('sessions_yield', { timeoutSeconds: 60 })]);
  world.agent.once(/You asked to be woken/, [call('work')]);
  world.agent.once(/Go on with what you were doing/, 'I looked again');
  await world.say('go');
  await world.until(() => world.engine.layer.turns.holding(ann(world)), 'the chat to sleep');
  await world.until(() => !world.agent.active.has(ann(world)), 'its turn to end');
  await world.clock.advance(60_000);
  await cutOff(2);
  await world.channel.next('I looked again');
  expect((await notes(world, ann(world))).some((text) => resumed.test(text))).toBe(true);
  await world.settled();
});

test('such a turn that is given up is told where the agent last spoke', async () => {
  world.agent.once(/^slow$/, [say('at it'), hang()]);
  world.agent.always(/^slow$/, [hang()]);
  world.agent.once(/^go$/, [start('slow'), call('sessions_yield', { timeoutSeconds: 60 })]);
  world.agent.always(/You asked to be woken|Go on with what/, [call('work')]);
  await world.say('go');
  await world.until(() => world.engine.layer.turns.holding(ann(world)), 'the chat to sleep');
  await world.until(() => !world.agent.active.has(ann(world)), 'its turn to end');
  await world.clock.advance(60_000);
  for (const turn of [2, 3, 4]) await cutOff(turn);
  await world.channel.next(/^⚠️ restarts cut this off .* given up: what the agent was doing here\. /);
});

test('a turn that cannot even begin again is over with the answer that says so', async () => {
  let broken = false;
  await world.close();
  world = await openWorld({ tools: async () => (broken ? Promise.reject(new Error('no tools')) : [work]) });
  world.agent.once(/^deploy$/, [call('work')]);
  await world.say('deploy');
  await world.until(() => world.agent.active.has(ann(world)), 'it to work');
  await world.clock.flush();
  broken = true;
  await world.restart('kill');
  await world.channel.next(/failed inside/);
  await world.settled();
  broken = false;
  expect(world.engine.stores.openTurns.all()).toEqual([]);
  await world.ask('hello', 'ok');
  expect((await notes(world, ann(world))).some((text) => resumed.test(text))).toBe(false);
});

test('a turn whose answer was stored is not repeated, whatever becomes of sending it', async () => {
  world.channel.judge((attempt) => (attempt.text === 'done' ? { hang: 'not-applied' } : 'sent'));
  world.agent.once(/^deploy$/, 'done');
  await world.say('deploy');
  await world.until(() => inboxStory(world).join() === 'deploy: done (success)', 'its end');
  world.channel.judge(undefined);
  await world.restart('kill');
  await world.channel.next('done');
  await world.settled();
  expect(world.agent.turns).toHaveLength(1);
  expect(others()).toEqual(['done']);
});

test('a turn whose result was taken in while the start was still at work is not begun once more', async () => {
  world.agent.once(/^research$/, 'A is 1');
  world.agent.once(completionTurn('research'), [call('work')]);
  world.agent.once(completionTurn('research'), 'NO_REPLY');
  await delegate(world, 'research');
  await world.until(
    () => world.engine.stores.openTurns.of(ann(world))?.items[0]?.startsWith('announce:') === true,
    'it',
  );
  // Turns of sessions that are gone, one commit each: the start takes its time.
  await world.engine.stores.database.write((sql) => {
    for (let nth = 1; nth <= 40; nth += 1)
      sql.run(
        `INSERT INTO open_turns SELECT ?, turn, since, tries, generation, tree, items, at FROM open_turns WHERE session = ?`,
        `gone ${nth}`,
        ann(world),
      );
  });
  await cutOff(2);
  await delivers(world, 'research', 'silent');
  await world.settled();
  expect(turnsOf(world, ann(world)).filter((text) => text.includes('Go on with'))).toEqual([]);
});

test('what was taken in in time is answered, however old it is after a restart', async () => {
  const minute = 60_000;
  world.agent.once(/^deploy$/, [call('work'), say('never')]).once(/^deploy$/, 'shipped');
  await world.say('deploy', { sentAt: world.clock.now() - 59 * minute });
  await world.until(() => world.agent.active.has(ann(world)), 'it to work');
  await world.clock.advance(5 * minute);
  await cutOff(1);
  await world.channel.next('shipped');
  await world.settled();
  expect(inboxStory(world)).toEqual(['deploy: done (success)']);
  expect(others().filter((text) => !text.startsWith('⏳'))).toEqual(['shipped']);
});
