import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PressAnswer } from '../../src/core/message.ts';
import type { PressOptions } from '../fakes/channel.ts';
import { inboxStory } from './inbox-view.ts';
import { bo, cy, inGroup, openPeople, startsWork, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await openPeople({ channel: { botName: 'yard_bot' } });
});

afterEach(async () => {
  await world.close();
});

const outOfDate: PressAnswer = {
  text: 'this button is out of date; type the command for a fresh one',
  decided: false,
};
const labels = (): readonly string[] => world.channel.sent.at(-1)?.message.choices?.map((choice) => choice.label) ?? [];

/** Presses a button and gives what the chat says then. */
async function pressed(label: string, how?: PressOptions): Promise<string> {
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  expect(await world.channel.press(label, how)).toEqual({ decided: false });
  return (await reply).text;
}

test('the list offers to kill and to read the first four runs that are at work, by id and not by number', async () => {
  for (const task of ['one', 'two', 'three', 'four', 'five']) await startsWork(world, task);
  await typed(world, '/subagents list');
  expect(labels()).toEqual([1, 2, 3, 4].flatMap((n) => [`Kill #${n}`, `Log #${n}`]));
  await typed(world, '/subagents kill 1');
  await typed(world, '/subagents list');
  // The older list is still in the chat; its number 3 is number 2 of the newer one.
  const third = world.channel.sent.findLast((sent) => sent.message.choices?.some(({ label }) => label === 'Kill #4'));
  expect(third).toBeDefined();
  expect(await pressed('Log #2')).toContain('three');
  expect(await pressed('Kill #2')).toContain('stopped 1');
  expect(world.run('three').state.status).toBe('stopped');
  expect(world.run('two').state.status).toBe('running');
});

test('what a button leads to quotes the message with the button, in its place', async () => {
  await startsWork(world, 'dig', inGroup(world));
  await typed(world, '/subagents list', inGroup(world));
  const list = world.channel.sent.at(-1);
  await pressed('Log #1', { ...inGroup(world), from: { id: 'ann' } });
  expect(world.channel.sent.at(-1)).toMatchObject({ route: list?.route, message: { replyTo: list?.id } });
});

test('in a group the buttons are for whoever asked, and for the owner', async () => {
  await startsWork(world, 'dig', inGroup(world, bo));
  await typed(world, '/subagents list', inGroup(world, bo));
  expect(await world.channel.press('Kill #1', inGroup(world, cy))).toEqual({
    text: 'only Bo or the owner may use this',
    decided: false,
  });
  expect(await pressed('Log #1', inGroup(world, bo))).toContain('dig');
  expect(await pressed('Kill #1', inGroup(world))).toContain('stopped 1');
});

test('an id that was made up, carried to another chat, or is a day old does nothing', async () => {
  await startsWork(world, 'dig');
  await typed(world, '/subagents list');
  const press = { id: 'p1', route: world.channel.direct(), chat: 'direct', at: world.clock.now() } as const;
  const sender = { id: 'ann', name: 'Ann' };
  const forged = "x' OR 1=1 --";
  expect(await world.channel.events.pressed({ ...press, sender, choice: forged })).toEqual(outOfDate);
  expect(await world.channel.press('Kill #1', inGroup(world))).toEqual(outOfDate);
  await world.restart();
  await world.clock.advance(24 * 60 * 60_000);
  expect(await world.channel.press('Kill #1')).toEqual(outOfDate);
  expect(inboxStory(world).filter((row) => row.startsWith('/subagents kill'))).toEqual([]);
});

test('a press the platform repeats is the same press, also after a restart', async () => {
  await startsWork(world, 'dig');
  await typed(world, '/subagents list');
  const again = { id: 'p1' };
  await pressed('Log #1', again);
  await world.channel.press('Log #1', again);
  await world.restart();
  await world.channel.press('Log #1', again);
  await world.until(() => !world.engine.receiver.busy(), 'the presses');
  expect(inboxStory(world).filter((row) => row.includes(' log '))).toHaveLength(1);
});

test('whoever lost access since the buttons were shown is told so', async () => {
  await startsWork(world, 'dig', bo);
  await typed(world, '/subagents list', bo);
  world.configure({ channels: { telegram: { token: 't', dmPolicy: 'allowlist', allowFrom: ['cy'] } } });
  expect(await pressed('Kill #1', bo)).toBe('⚠️ you are not allowed to use this here.');
  expect(world.run('dig').state.status).toBe('running');
});

test('a channel without buttons gets the text alone', async () => {
  await world.close();
  world = await openPeople({ channel: { can: { buttons: false } } });
  await startsWork(world, 'dig');
  expect(await typed(world, '/subagents list')).toContain('1. dig');
  expect(world.channel.sent.at(-1)?.message).not.toHaveProperty('choices');
  expect(world.engine.stores.database.read.all('SELECT id FROM choices')).toEqual([]);
});

test('a press that cannot be stored says so, and can be repeated', async () => {
  await startsWork(world, 'dig');
  await typed(world, '/subagents list');
  const { database } = world.engine.stores;
  const write = database.write.bind(database);
  database.write = () => Promise.reject(new Error('disk full'));
  expect(await world.channel.press('Log #1', { id: 'p1' })).toMatchObject({ text: expect.stringContaining('again') });
  database.write = write;
  expect(await pressed('Log #1', { id: 'p1' })).toContain('dig');
});

test('a command that names this bot is run, one for another bot is dropped', async () => {
  expect(await typed(world, '/whoami@Yard_Bot', inGroup(world))).toContain('telegram:ann');
  await world.say('/whoami@other_bot', inGroup(world));
  await world.until(() => !world.engine.receiver.busy(), 'the command');
  expect(inboxStory(world)).toEqual(['/whoami@Yard_Bot: done (answered)', '/whoami@other_bot: dropped (other_bot)']);
});
