import { expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { lastRoute, noUsage } from '../../src/core/session.ts';
import { distrusted } from '../../src/sessions/sessions.ts';
import { aUsage } from '../fakes/builders.ts';
import { aSeed, sessionWorld } from './session-world.ts';

const key = 'agent:main:telegram:direct:42';
const here: Route = { channel: 'telegram', account: 'default', chat: '42' };

test('a session is made once; depth, role and scope stay as they were at creation', async () => {
  const { sessions } = sessionWorld();
  const [first, again] = await Promise.all([
    sessions.open(key, aSeed()),
    sessions.open(key, aSeed({ depth: 3, role: 'orchestrator', ownerOnly: false })),
  ]);
  expect(again).toEqual(first);
  expect(await sessions.open(key, aSeed({ depth: 2 }))).toMatchObject({ depth: 0, role: 'main', ownerOnly: true });
});

test('a session is found by its key and by its id, also after a restart', async () => {
  const world = sessionWorld();
  const session = await world.sessions.open(key, aSeed());
  expect(await world.reopened().byId(session.id)).toEqual(session);
  for (const typed of ['nobody', '']) {
    expect(await world.sessions.byId(typed)).toBeUndefined();
    expect(await world.sessions.get(typed)).toBeUndefined();
  }
});

test('the last place is stored with its account and thread, and what is unchanged writes nothing', async () => {
  const { sessions } = sessionWorld();
  const session = await sessions.open(key, aSeed());
  const inThread = await sessions.rememberRoute(session, { ...here, account: 'work', thread: '7' }, 'telegram:42');
  expect(inThread).toMatchObject({
    ...{ lastChannel: 'telegram', lastTo: '42', lastAccountId: 'work', lastThread: '7', lastPerson: 'telegram:42' },
  });
  const moved = await sessions.rememberRoute(inThread ?? session, here);
  expect(moved).not.toHaveProperty('lastThread');
  expect(moved).not.toHaveProperty('lastPerson');
  expect(moved === undefined ? undefined : lastRoute(moved)).toEqual(here);
  expect(await sessions.rememberRoute(moved ?? session, here)).toBe(moved);
});

test('a session that has spoken to nobody has no last place', async () => {
  const { sessions } = sessionWorld();
  expect(lastRoute(await sessions.open(key, aSeed()))).toBeUndefined();
});

test('turns and their usage add up; a reset starts over with a new id and keeps the settings of the session', async () => {
  const { sessions, archived, clock } = sessionWorld();
  const before = await sessions.open(key, aSeed());
  await sessions.recordTurn(key, aUsage(100, 10, 1));
  await clock.advance(5);
  await sessions.recordTurn(key, aUsage(50, 5, 2));
  expect(await sessions.get(key)).toMatchObject({ turns: 2, usage: { input: 150, output: 15, costUsd: 3 } });
  await sessions.update(key, (session) => ({ ...session, queue: { mode: 'collect' } }));
  const after = await sessions.reset(key);
  expect(after).toMatchObject({ turns: 0, usage: noUsage, queue: { mode: 'collect' }, createdAt: clock.now() });
  expect(after?.id).not.toBe(before.id);
  expect(archived).toEqual([`reset ${before.id}`]);
  expect(await sessions.byId(before.id)).toBeUndefined();
  expect(await sessions.byId(after?.id ?? '')).toEqual(after);
});

test('an archived session is gone under its key and its id, and its transcript is kept', async () => {
  const { sessions, archived } = sessionWorld();
  const session = await sessions.open(key, aSeed());
  await sessions.archive(key);
  await sessions.archive(key);
  expect(archived).toEqual([`deleted ${session.id}`]);
  expect(await sessions.get(key)).toBeUndefined();
  expect(await sessions.byId(session.id)).toBeUndefined();
  expect(await sessions.recordTurn(key, noUsage)).toBeUndefined();
  expect(await sessions.reset(key)).toBeUndefined();
});

test('transcripts whose archiving was cut off are put away by the next start, and no other', async () => {
  const { sessions, archived, disk } = sessionWorld();
  const [ended, emptied] = [await sessions.open(key, aSeed()), await sessions.open('agent:main:main', aSeed())];
  disk.full = true;
  await expect(sessions.archive(key)).rejects.toThrow('no space left');
  await expect(sessions.reset(emptied.key)).rejects.toThrow('no space left');
  expect(await sessions.get(key)).toBeUndefined();
  expect(await sessions.byId(emptied.id)).toBeUndefined();
  const after = await sessions.get(emptied.key);
  disk.full = false;
  await sessions.finishArchiving();
  await sessions.finishArchiving();
  expect(archived).toEqual([`deleted ${ended.id}`, `reset ${emptied.id}`]);
  expect(await sessions.byId(after?.id ?? '')).toEqual(after);
});

test('changes at the same time lose nothing', async () => {
  const { sessions } = sessionWorld();
  await sessions.open(key, aSeed());
  await Promise.all(Array.from({ length: 50 }, () => sessions.recordTurn(key, aUsage(1, 1))));
  expect(await sessions.get(key)).toMatchObject({ turns: 50, usage: { input: 50, output: 50 } });
});

test('trust is lost for good', async () => {
  const { sessions } = sessionWorld();
  const session = await sessions.open(key, aSeed());
  const without = distrusted(session);
  expect(without.ownerOnly).toBe(false);
  expect(distrusted(without)).toBe(without);
});
