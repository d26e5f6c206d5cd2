// Where a coding agent is spoken to: threads of its own, the thread one is in, by quoting, and what is followed from afar.
import { afterEach, expect, test } from 'vitest';
import { expectAccepted, spawn } from '../agent-calls.ts';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const owner = { id: '1', name: 'Ann' };
const group = { channel: 'telegram', account: 'default', chat: '-100' } as const;
const inForum = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  world = await openCoding({
    ...options,
    channel: { id: 'telegram', can: { threads: true } },
    config: {
      commands: { ownerAllowFrom: ['telegram:1'] },
      channels: { telegram: { token: 'x', groups: { '-100': {} } } },
    },
  });
  return world;
};
const say = (text: string, route: Parameters<CodingWorld['channel']['texts']>[0] = group, more = {}) =>
  world.channel.receive(text, { from: owner, route, chat: 'group', ...more });
afterEach(async () => {
  await world.close();
});

test('a thread of its own is opened once it is ready, and introduces it', async () => {
  await inForum();
  await say('/acp spawn --thread auto --label tests -- say done');
  const reply = await world.channel.next(/is ready/);
  const [thread] = world.channel.threads;
  expect(thread?.name).toBe('🤖 tests');
  expect(reply.text).toContain(`Messages in topic:${thread?.route.thread} go to it.`);
  await world.until(() => world.channel.texts(thread?.route).length === 2, 'intro and answer');
  const [intro, answer] = world.channel.texts(thread?.route);
  expect(intro).toMatch(
    /^tests is active here \(.*\)\. It works in .*work \(persistent, approve-reads\), not sandboxed\./,
  );
  expect(answer).toBe('done');
  await say('say more', thread?.route);
  await world.channel.next('more');
});

test('no thread is opened for one that cannot be started', async () => {
  await inForum({ twin: { init: 'login' } });
  await say('/acp spawn --thread auto');
  await world.channel.next(/ACP_BACKEND_UNAVAILABLE/);
  expect(world.channel.threads).toEqual([]);
});

test('inside a thread it takes that one', async () => {
  await inForum();
  const thread = { ...group, thread: '7' };
  await say('/acp spawn --thread auto', thread);
  await world.channel.next(/Messages here go to it/);
  await say('say hello', thread);
  await world.channel.next('hello');
  expect(world.channel.threads).toEqual([]);
});

test('quoting what an unbound one said talks to it', async () => {
  world = await openCoding();
  await world.say('/acp spawn --label tests -- say hello');
  const { id } = await world.channel.next(/✅ tests: completed/);
  await world.say('say again', { replyTo: id });
  await world.channel.next('again');
  expect(world.heard()).toEqual(['say hello', 'say again']);
});

test('/focus binds one that was started unbound', async () => {
  world = await openCoding();
  await world.ask('/acp spawn --label tests', /is ready/);
  expect(await world.ask('/focus tests', /active/)).toContain('tests (twin) is active here');
  expect(await world.ask('say hello')).toBe('hello');
});

test('an agent that starts one may have it followed where it was asked', async () => {
  world = await openCoding();
  world.agent.always(/done/, 'It is done.');
  expectAccepted(await spawn(world, { task: 'run npm test', runtime: 'acp', label: 'tests', streamTo: 'parent' }));
  await world.channel.next(/npm test/);
  await world.channel.next(/^\[tests\] ⏳ waiting for your permission/);
  await world.say('/deny');
  await world.settled();
});
