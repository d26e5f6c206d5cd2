// A coding agent that wants to do something asks in the chat, waits for a person, and shows what it is doing meanwhile.
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const bound = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  world = await openCoding(options);
  await world.ask('/acp spawn --bind here', /is ready/);
  return world;
};
afterEach(async () => {
  await world.close();
});

test('what it asks for is done once a person allows it', async () => {
  await bound();
  await world.say('run npm test');
  const { text } = await world.channel.next(/npm test/);
  expect(text).toMatch(/run a command/);
  expect(await world.ask('/acp status')).toMatch(/^state: awaiting approval$/m);
  await world.say('/approve');
  await world.channel.next('ran npm test');
});

test('what a person denies is not done, and the session goes on', async () => {
  await bound();
  await world.say('run rm -rf dist');
  await world.channel.next(/rm -rf dist/);
  await world.say('/deny');
  await world.channel.next('was not allowed: run a command');
  expect(await world.ask('say fine', 'fine')).toBe('fine');
});

test('what was not answered in time is denied, which is said with the setting', async () => {
  await bound({ acp: { permissionTimeoutSeconds: 0.3 } });
  await world.say('run npm test');
  await world.channel.next(/^ℹ️ .*acp\.permissionTimeoutSeconds/);
});

test('a turn that waits for a person leaves its place to others', async () => {
  await bound({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
  await world.say('run npm test');
  await world.channel.next(/npm test/);
  await world.say('/acp spawn --label other -- say done');
  await world.channel.next(/✅ other: completed successfully\ndone/);
  await world.say('/approve');
  await world.channel.next('ran npm test');
});

test('all is allowed, or nothing, where that is set', async () => {
  await bound({ acp: { permissionMode: 'approve-all' } });
  expect(await world.ask('run npm test')).toBe('ran npm test');
  await world.ask('/acp permissions deny-all', /✅/);
  await world.say('run npm test');
  await world.channel.next(/Denied by the permissions deny-all/);
});

test('progress is one message that changes while it works, and ends with the turn', async () => {
  await bound({ twin: { steering: 'on' } });
  await world.say('plan slowly');
  await world.channel.next('planned');
  await world.say('run npm test');
  await world.channel.next(/⏳ waiting for your permission/);
  await world.say('/approve');
  await world.channel.next('ran npm test');
  await world.until(() => world.said().some((text) => /^ℹ️ worked for .* · 1 step$/.test(text)), 'the end of it');
  expect(world.said().filter((text) => text.startsWith('⏳'))).toEqual([]);
  expect(existsSync(world.cwd)).toBe(true);
});

test('nothing is shown while it works where that is set', async () => {
  await bound();
  await world.ask('/acp set progress off', /✅/);
  await world.say('run npm test');
  await world.channel.next(/npm test/);
  await world.say('/approve');
  await world.channel.next('ran npm test');
  expect(world.said().filter((text) => /^⏳|worked for/.test(text))).toEqual([]);
});
