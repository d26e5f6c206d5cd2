import { afterEach, beforeEach, expect, test } from 'vitest';
import { hang, say, wait } from '../fakes/script.ts';
import { answers, inboxRows, inboxStory } from './inbox-view.ts';
import { typed } from './people.ts';
import { openWorld, type World } from './world.ts';

const second = 1_000;
const me = 'agent:main:console:direct:ann';
let world: World;

const asked = (): string[] => world.agent.turns.map((turn) => turn.text);
const session = () => world.engine.stores.sessions.get(me);

async function works(text: string, how?: Parameters<World['say']>[1]): Promise<void> {
  const before = asked().length;
  await world.say(text, how);
  await world.until(() => asked().length > before, 'the turn to start');
}

async function draining(): Promise<void> {
  void world.engine.drain();
  await world.until(() => world.engine.layer.scheduler.stats().draining, 'the drain');
}

beforeEach(async () => {
  world = await openWorld({ config: { gateway: { drainSeconds: 20 }, agents: { defaults: { maxConcurrent: 1 } } } });
  world.agent.always(/.*/, ({ text }) => [wait(10 * second), say(`done: ${text}`)]);
});

afterEach(async () => {
  await world.settled();
  expect(inboxRows(world).filter((row) => row.state === 'accepted')).toEqual([]);
  await world.close();
});

test('while it drains, commands that start work are refused with a sentence and others are answered', async () => {
  await works('one');
  await draining();
  const refused = '⚠️ Switchyard is restarting and takes no new work. Resend in a moment.';
  expect(await typed(world, '/subagents spawn main count')).toContain(
    'Switchyard is restarting and takes no new work.',
  );
  expect(await typed(world, '/steer hello')).toBe(refused);
  expect(await typed(world, '/subagents')).toContain('Active:');
  expect(await typed(world, '/status')).toContain('restarting: no new work is taken');
  await world.restart();
});

test('running turns finish within the grace and are answered; the next start has nothing to do', async () => {
  await works('one');
  await draining();
  await world.clock.advance(10 * second);
  await world.until(() => answers(world).length === 1, 'the answer');
  await world.restart();
  await world.settled();
  expect(answers(world)).toEqual(['done: one']);
  expect((await session())?.abortedLastRun).toBeUndefined();
});

test('messages that wait, and those that come while it drains, are answered after the restart in their order', async () => {
  await works('one', { from: { id: 'bo' } });
  await world.say('two');
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await draining();
  await world.say('three');
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await world.restart();
  await world.until(() => asked().length === 2, 'the messages after the restart');
  expect(JSON.stringify(world.agent.turns[1]?.prompt.history)).not.toContain('A restart cut');
  await world.clock.advance(10 * second);
  await world.clock.advance(10 * second);
  await world.settled();
  expect(asked().slice(1).join('\n\n')).toContain('two');
  expect(answers(world)[0]).toBe('done: one');
  expect(inboxStory(world)).toEqual(['one', 'two', 'three'].map((text) => `${text}: done (success)`));
});

test('a stop while it drains is meant for what waits, too: the next start does not answer it', async () => {
  await works('one', { from: { id: 'bo' } });
  await world.say('two');
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await draining();
  await world.say('three');
  expect(await typed(world, '/stop')).toBe('✅ stopped: 2 waiting messages. Nothing else was running.');
  await world.restart();
  await world.settled();
  expect(asked()).toEqual(['one']);
  expect(inboxStory(world)).toContain('three: dropped (stopped by a person)');
});

test('a message for a turn that finishes within the grace waits for the next start all the same', async () => {
  await works('one');
  await draining();
  await world.say('two');
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await world.clock.advance(10 * second);
  await world.restart();
  await world.until(() => asked().length === 2, 'the message after the restart');
  expect(asked()).toEqual(['one', 'two']);
  await world.clock.advance(10 * second);
  await world.settled();
  expect(answers(world)).toEqual(['done: one', 'done: two']);
});

test('a turn that outlasts the grace counts as interrupted, and its message is answered after the restart', async () => {
  world.agent.once(/one/, [hang()]);
  await works('one');
  await draining();
  await world.clock.advance(20 * second);
  await world.restart();
  expect(await session()).toMatchObject({ abortedLastRun: true });
  await world.until(() => asked().length === 2, 'its turn again');
  expect(world.agent.turns[1]?.prompt.history.map((entry) => 'text' in entry && entry.text)).toEqual([
    'one',
    expect.stringMatching(/^\[A restart cut the work above off\./),
    'one',
  ]);
  await world.clock.advance(10 * second);
  await world.settled();
  expect(answers(world)).toEqual([expect.stringContaining('done:')]);
  expect((await session())?.abortedLastRun ?? false).toBe(false);
});

test('a command that waits for an agent does not hold the drain up, and says that the message is kept', async () => {
  world.agent.once(/count/, 'three').once(/how many/, [hang()]);
  await typed(world, '/subagents spawn main count');
  await world.settled();
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await works('/subagents send 1 how many?');
  await draining();
  await world.clock.advance(20 * second);
  expect((await reply).text).toBe('⚠️ Switchyard is restarting. The message is kept and answered after the restart.');
  await world.restart();
  await world.until(() => asked().length === 3, 'its turn again');
  await world.clock.advance(10 * second);
  await world.settled();
  expect(answers(world).filter((text) => text.includes('done: how many?'))).toHaveLength(1);
});

test('what a channel hands in while it stops is stored, and the next start acts on it', async () => {
  const acted: number[] = [];
  await world.engine.drain(async () => {
    await world.say('/queue followup');
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    acted.push(inboxRows(world).filter(({ state }) => state !== 'accepted').length);
  });
  expect(acted).toEqual([0]);
  const reply = world.channel.next(/followup/);
  await world.restart();
  await reply;
  await world.settled();
  expect(inboxStory(world)).toEqual(['/queue followup: done (answered)']);
});

test('a channel that cannot be stopped does not keep the store from closing', async () => {
  const { database } = world.engine.stores;
  await expect(world.engine.drain(() => Promise.reject(new Error('stuck')))).rejects.toThrow('stuck');
  await expect(database.write(() => undefined)).rejects.toThrow('closed');
  await world.restart('kill');
});

test('a drain leaves no timer behind', async () => {
  const before = world.clock.pending();
  await typed(world, '/queue collect debounce:1h');
  await works('one');
  await world.say('two');
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await world.restart();
  await typed(world, '/queue default');
  await world.until(() => asked().length === 2, 'the message after the restart');
  await world.clock.advance(10 * second);
  await world.settled();
  expect(world.clock.pending()).toBe(before);
});

test('a crash loses nothing: what was accepted is answered by the next start, once', async () => {
  await works('one');
  await world.say('two', { from: { id: 'bo' } });
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await world.restart('kill');
  await world.until(() => asked().length >= 2, 'the first');
  await world.clock.advance(10 * second);
  await world.until(() => asked().length >= 3, 'the second');
  await world.clock.advance(10 * second);
  await world.settled();
  expect(answers(world)).toHaveLength(2);
  expect(inboxStory(world)).toEqual(['one: done (success)', 'two: done (success)']);
});

test('notes and messages left open come back in the order they were accepted', async () => {
  world.agent.once(/one/, [hang()]);
  await works('one');
  await world.say('/steer two');
  await world.until(() => world.engine.layer.turns.waiting(me).length === 1, 'the note');
  await world.restart('kill');
  await world.until(() => asked().length === 2, 'the turn after the restart');
  await world.clock.advance(10 * second);
  await world.clock.advance(10 * second);
  await world.settled();
  expect(answers(world)).toEqual(['done: one', 'done: two']);
});
