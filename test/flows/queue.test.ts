import { afterEach, beforeEach, expect, test } from 'vitest';
import { hang, say, wait } from '../fakes/script.ts';
import { answers, inboxRows, inboxStory, remembered } from './inbox-view.ts';
import { bo, cy, inGroup, openPeople, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

const second = 1_000;
let world: World;
let timers = 0;

/** Every turn works for ten seconds, then answers what it was asked last. */
function worksTenSeconds(): void {
  world.agent.always(/.*/, ({ text }) => [wait(10 * second), say(`done: ${text}`)]);
}

async function busyWith(text: string): Promise<void> {
  const before = world.agent.turns.length;
  await world.say(text);
  await world.until(() => world.agent.turns.length > before, 'the turn to start');
}

async function accepted(text: string, how?: Parameters<World['say']>[1]): Promise<void> {
  await world.say(text, how);
  await world.until(() => !world.engine.receiver.busy(), 'the message to have its place');
}

async function answered(count: number): Promise<string[]> {
  await world.until(
    () => answers(world).length >= count,
    `${count} answers, there are ${JSON.stringify(answers(world))}`,
  );
  return answers(world);
}

const asked = (): string[] => world.agent.turns.map((turn) => turn.text);

beforeEach(async () => {
  world = await openWorld();
  timers = world.clock.pending();
  worksTenSeconds();
});

afterEach(async () => {
  await world.settled();
  expect(inboxRows(world).filter((row) => row.state === 'accepted')).toEqual([]);
  expect(
    Object.values(remembered(world)).every((size) => size === 0),
    JSON.stringify(remembered(world)),
  ).toBe(true);
  expect(world.clock.pending()).toBe(timers);
  await world.close();
});

test('steer: a message for a busy agent goes into the running turn, and both are answered', async () => {
  await busyWith('one');
  await accepted('two');
  await world.clock.advance(10 * second);
  await world.clock.advance(10 * second);
  expect(await answered(2)).toEqual(['done: one', 'done: two']);
  expect(asked()).toEqual(['one']);
  await world.settled();
  expect(inboxStory(world)).toEqual(['one: done (success)', 'two: done (success)']);
});

test('messages that come before their turn has started are one prompt with all of them', async () => {
  world.configure({ agents: { defaults: { maxConcurrent: 1 } } });
  await world.say('elsewhere', { from: { id: 'bo' } });
  await world.until(() => asked().length === 1, 'the lane to be taken');
  await accepted('one');
  await accepted('two');
  await world.clock.advance(10 * second);
  await world.until(() => asked().length === 2, 'the joined turn');
  expect(asked()[1]).toBe('one\n\ntwo');
  await world.clock.advance(10 * second);
  await answered(2);
  await world.settled();
  expect(inboxStory(world)).toEqual(['elsewhere', 'one', 'two'].map((text) => `${text}: done (success)`));
});

test('followup: each message is a turn of its own, in order', async () => {
  expect(await typed(world, '/queue followup')).toContain('mode: followup');
  await busyWith('one');
  await accepted('two');
  await accepted('three');
  expect(await typed(world, '/queue')).toContain('waiting: 2 messages');
  for (let n = 1; n <= 3; n += 1) {
    await world.clock.advance(10 * second);
    await answered(n);
    if (n < 3) await world.until(() => world.agent.turns.length === n + 1, 'the next turn');
  }
  expect(answers(world)).toEqual(['done: one', 'done: two', 'done: three']);
  expect(asked()).toEqual(['one', 'two', 'three']);
});

test('collect: what comes while the agent works is one turn, once it has been quiet for the debounce time', async () => {
  await typed(world, '/queue collect debounce:15s');
  await busyWith('one');
  await accepted('two');
  await world.clock.advance(5 * second);
  await accepted('three');
  await world.clock.advance(5 * second);
  expect(await answered(1)).toEqual(['done: one']);
  await world.until(() => !world.agent.active.size, 'the turn to end');
  await world.clock.advance(10 * second - 1);
  expect(asked()).toEqual(['one']);
  await world.clock.advance(1);
  await world.until(() => asked().length === 2, 'the joined turn');
  expect(asked()).toEqual(['one', 'two\n\nthree']);
  await world.clock.advance(10 * second);
  await answered(2);
});

test('interrupt: the running turn is ended and the newest message runs', async () => {
  await typed(world, '/queue interrupt');
  await busyWith('one');
  await busyWith('two');
  await world.clock.advance(10 * second);
  expect(await answered(1)).toEqual(['done: two']);
  await world.settled();
  expect(inboxStory(world).slice(1)).toEqual(['one: done (stopped)', 'two: done (success)']);
});

test('the mode is kept per session, across a restart, until /queue default', async () => {
  await typed(world, '/queue followup cap:3 drop:old');
  await world.restart();
  expect(await typed(world, '/queue')).toContain('mode: followup');
  expect(await typed(world, '/queue default')).toContain('mode: steer');
  timers = world.clock.pending();
});

test('commands are answered at once whatever the mode is and however many turns are busy', async () => {
  await typed(world, '/queue followup');
  await busyWith('one');
  await accepted('two');
  expect(await typed(world, '/status')).toContain('main');
  expect(await typed(world, '/stop')).toBe('✅ stopped: 1 turn here, 1 waiting message. Nothing else was running.');
  await world.settled();
  expect(inboxStory(world).filter((row) => !row.startsWith('/'))).toEqual([
    'one: done (stopped)',
    'two: dropped (stopped by a person)',
  ]);
});

test.each([
  ['old', ['three', 'four'], 'two'],
  ['new', ['two', 'three'], 'four'],
] as const)('over the cap with drop:%s, what is left out is told and recorded', async (drop, kept, lost) => {
  await typed(world, `/queue followup cap:2 drop:${drop}`);
  await busyWith('one');
  for (const text of ['two', 'three', 'four']) await accepted(text);
  await world.clock.advance(second);
  await world.until(() => answers(world).length === 1, 'the sentence');
  expect(answers(world)[0]).toMatch(/^⚠️ 1 message not processed: too many are waiting here/);
  for (let n = 2; n <= 4; n += 1) {
    await world.clock.advance(10 * second);
    await answered(n);
    if (n < 4) await world.until(() => world.agent.turns.length === n, 'the next turn');
  }
  expect(asked()).toEqual(['one', ...kept]);
  expect(inboxStory(world)).toContain(`${lost}: dropped (queue_full)`);
});

test('a burst over the cap is told once, with how many', async () => {
  await typed(world, '/queue followup cap:1 drop:old');
  await busyWith('one');
  for (let n = 1; n <= 30; n += 1) await accepted(`m${n}`);
  await world.clock.advance(second);
  await world.until(() => answers(world).length === 1, 'the sentence');
  expect(answers(world)).toEqual([expect.stringMatching(/^⚠️ 29 messages not processed/)]);
  await world.clock.advance(9 * second);
  await world.until(() => asked().length === 2, 'the last one');
  await world.clock.advance(10 * second);
  await answered(3);
  expect(asked()).toEqual(['one', 'm30']);
});

test('over the cap with drop:summarize, the oldest are one short item of the next turn and typing ends', async () => {
  await typed(world, '/queue collect debounce:1s cap:2 drop:summarize');
  await busyWith('one');
  for (const text of ['two', 'three', 'four', 'five']) await accepted(text);
  await world.clock.advance(10 * second);
  await world.until(() => asked().length === 2, 'the joined turn');
  expect(asked()[1]).toContain('2 earlier messages, shortened:\n- Ann: two\n- Ann: three');
  expect(asked()[1]).toMatch(/Ann: four\n\nAnn: five$/);
  await world.clock.advance(10 * second);
  await answered(2);
  await world.settled();
  expect(world.channel.signs.at(-1)?.sign).toBe('idle');
  expect(inboxStory(world).slice(1)).toEqual(
    ['one', 'two', 'three', 'four', 'five'].map((text) => `${text}: done (success)`),
  );
});

test('a failed turn closes its messages and says so', async () => {
  world.agent.once(/bad/, [{ do: 'fail', code: 'model_error', message: 'the model server is down' }]);
  await world.say('bad');
  expect(await answered(1)).toEqual(['⚠️ the model server is down.']);
  await world.settled();
  expect(inboxStory(world)).toEqual(['bad: done (error)']);
});

test('messages of several people keep their names', async () => {
  await world.close();
  world = await openPeople();
  timers = world.clock.pending();
  worksTenSeconds();
  const group = (who: Parameters<World['say']>[1]) => inGroup(world, who);
  await typed(world, '/queue collect debounce:1s', group(undefined));
  await accepted('start', group(undefined));
  await world.until(() => asked().length === 1, 'the first turn');
  await accepted('I want tea', group(bo));
  await accepted('Bo: no, coffee\nCy: hm', group(cy));
  await world.clock.advance(10 * second);
  await world.until(() => asked().length === 2, 'the joined turn');
  expect(asked()[1]).toBe('Bo: I want tea\n\nCy: Bo: no, coffee\n  Cy: hm');
  await world.clock.advance(10 * second);
  await answered(2);
});

test('a channel has its own mode, which a session may override', async () => {
  await world.close();
  world = await openPeople({ config: { messages: { queue: { byChannel: { telegram: 'followup' } } } } });
  timers = world.clock.pending();
  worksTenSeconds();
  expect(await typed(world, '/queue')).toContain('mode: followup');
  await busyWith('one');
  await accepted('two');
  await world.clock.advance(10 * second);
  await world.until(() => asked().length === 2, 'a second turn');
  await world.clock.advance(10 * second);
  await answered(2);
  expect(await typed(world, '/queue steer')).toContain('mode: steer');
  await typed(world, '/subagents spawn main count');
  await world.until(() => asked().length === 3, 'the run');
  await world.clock.advance(10 * second);
  await world.settled();
  await typed(world, '/focus 1');
  expect(await typed(world, '/queue')).toContain('mode: followup');
});

test('a message after /stop is not caught by it, and one after /new belongs to the new session', async () => {
  world.agent.once(/^one$/, [hang()]);
  await busyWith('one');
  await Promise.all([world.say('/stop'), world.say('two')]);
  await world.until(() => asked().length === 2, 'the next turn');
  await world.clock.advance(10 * second);
  expect(await answered(1)).toEqual(['done: two']);
  await Promise.all([world.say('/new'), world.say('three')]);
  await world.until(() => asked().length === 3, 'a turn in the new session');
  expect(world.agent.turns[2]?.prompt.history).toHaveLength(1);
  await world.clock.advance(10 * second);
  await answered(2);
});
