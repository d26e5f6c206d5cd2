import { expect, test } from 'vitest';
import type { Binding } from '../../src/core/binding.ts';
import type { InboundMessage } from '../../src/core/message.ts';
import { ok, type Result, refuse } from '../../src/core/result.ts';
import type { ChannelId, Route } from '../../src/core/route.ts';
import { sameRoute } from '../../src/core/route.ts';
import type { DmScope } from '../../src/core/session.ts';
import { type QuotedRun, routeMessage } from '../../src/inbound/router.ts';
import { aBinding, aRun } from '../fakes/builders.ts';
import { aSeed, sessionWorld } from '../sessions/session-world.ts';

interface Said {
  readonly channel?: ChannelId;
  readonly account?: string;
  readonly chat?: string;
  readonly thread?: string;
  readonly from?: string;
  readonly group?: boolean;
  readonly replyTo?: string;
}

function said(how: Said = {}): InboundMessage {
  const { channel = 'telegram', account = 'default', from = '42', chat = from, thread, group = false, replyTo } = how;
  const route: Route = { channel, account, chat, ...(thread === undefined ? {} : { thread }) };
  return {
    ...{ id: 'm1', route, sender: { id: from, name: 'Ann' }, chat: group ? 'group' : 'direct', text: 'hello' },
    ...{ mentionsBot: true, attachments: [], sentAt: 0 },
    ...(replyTo === undefined ? {} : { replyTo }),
  };
}

function router(dmScope: DmScope = 'per-channel-peer', bindings: readonly Binding[] = [], tags = false) {
  const { sessions } = sessionWorld();
  const quotable = new Map<string, QuotedRun>();
  const deps = {
    sessions,
    bindings: { at: async (route: Route) => bindings.find((each) => sameRoute(each.route, route)) },
    agentFor: () => 'main',
    dmScope: () => dmScope,
    quoted: (_route: Route, id: string) => quotable.get(id),
    home: (_route: Route, person: string) => person,
    tags: () => tags,
    numbered: async (_route: Route, number: number): Promise<Result<QuotedRun>> => {
      const run = quotable.get(`#${number}`);
      return run === undefined
        ? refuse('target_out_of_range', `No run has number ${number}.`, 'See /subagents list.')
        : ok(run);
    },
    closedTo: () => undefined,
    firstRoute: (route: Route) => (route.chat === 'moved' ? { ...route, chat: '-100' } : route),
  };
  const route = (how?: Said, owner = true, command = false) => routeMessage(deps, said(how), { owner, command });
  const keyOf = async (how?: Said) => (await route(how)).chatSession.key;
  return { sessions, route, keyOf, quotable };
}

test.each<[DmScope, string]>([
  ['main', 'agent:main:main'],
  ['per-channel-peer', 'agent:main:telegram:direct:42'],
  ['per-peer', 'agent:main:direct:42'],
  ['per-account-channel-peer', 'agent:main:telegram:work:direct:42'],
])('a direct chat with dmScope %s is session %s', async (scope, key) => {
  expect(await router(scope).keyOf({ account: 'work' })).toBe(key);
});

test.each<[string, Said, string]>([
  ['a telegram group', { group: true, chat: '-100' }, 'agent:main:telegram:group:-100'],
  ['a forum topic', { group: true, chat: '-100', thread: '7' }, 'agent:main:telegram:group:-100:topic:7'],
  ['a whatsapp group', { channel: 'whatsapp', group: true, chat: 'G@g.us' }, 'agent:main:whatsapp:group:g@g.us'],
  ['a guild channel', { channel: 'discord', group: true, chat: '9' }, 'agent:main:discord:channel:9'],
  ['a thread', { channel: 'discord', group: true, chat: '9', thread: '11' }, 'agent:main:discord:channel:9:thread:11'],
  ['a person with a colon', { channel: 'whatsapp', from: 'A:B%' }, 'agent:main:whatsapp:direct:a%3ab%25'],
])('%s has its own session', async (_name, how, key) => {
  expect(await router().keyOf(how)).toBe(key);
});

test('nobody shares a session by accident', async () => {
  const { keyOf } = router();
  const places: Said[] = [
    { from: '42' },
    { from: '43' },
    { from: '42', channel: 'discord' },
    { group: true, chat: '42' },
    { group: true, chat: '42', thread: '1' },
    { group: true, chat: '42', thread: '2' },
    { group: true, chat: '42:topic:1' },
  ];
  const keys = await Promise.all(places.map(keyOf));
  expect(new Set(keys).size).toBe(places.length);
});

test('the place is stored with the session, and others in a shared session do not move it', async () => {
  const { route, sessions } = router('main');
  await route({ from: 'ann' });
  await route({ from: 'bo' }, false);
  expect(await sessions.get('agent:main:main')).toMatchObject({ lastTo: 'ann', lastPerson: 'telegram:ann' });
  await route({ from: 'ann-d', channel: 'discord' });
  expect(await sessions.get('agent:main:main')).toMatchObject({ lastChannel: 'discord', lastTo: 'ann-d' });
});

test('somebody who was first in a shared session keeps their place until the owner speaks', async () => {
  const { route, sessions } = router('main');
  await route({ from: 'bo' }, false);
  await route({ from: 'cy' }, false);
  expect(await sessions.get('agent:main:main')).toMatchObject({ lastTo: 'bo' });
  await route({ from: 'ann' });
  await route({ from: 'bo' }, false);
  expect(await sessions.get('agent:main:main')).toMatchObject({ lastTo: 'ann' });
});

test('one message of somebody else takes the owner trust from a shared session for good', async () => {
  const { route } = router('main');
  expect((await route()).chatSession.ownerOnly).toBe(true);
  expect((await route({ from: 'bo' }, false)).chatSession.ownerOnly).toBe(false);
  expect((await route()).chatSession.ownerOnly).toBe(false);
});

test('a group is never the owner alone', async () => {
  expect((await router().route({ group: true, chat: 'g' })).chatSession.ownerOnly).toBe(false);
});

test('a bound conversation goes to its session, which is no longer the owner alone once somebody else speaks there', async () => {
  const { sessions, route } = router('per-channel-peer', [aBinding({ route: said({ group: true, chat: 'g' }).route })]);
  const child = aBinding().session;
  await sessions.open(child, aSeed({ kind: 'subagent', depth: 1, role: 'leaf' }));
  const mine = await route({ group: true, chat: 'g' });
  expect(mine).toMatchObject({ kind: 'session', why: 'bound', session: { key: child, ownerOnly: true } });
  const theirs = await route({ group: true, chat: 'g', from: 'bo' }, false);
  expect(theirs).toMatchObject({ kind: 'session', session: { key: child, ownerOnly: false } });
});

test('a conversation bound to a session that is gone belongs to nobody else', async () => {
  const { route } = router('per-channel-peer', [aBinding({ route: said().route, label: 'words' })]);
  expect(await route()).toMatchObject({ kind: 'dead', label: 'words', refusal: { code: 'session_gone' } });
});

test('a message that quotes a run goes to that run, a command that quotes it does not, and a binding is stronger', async () => {
  const { child } = aRun();
  const quoted = { session: child, scope: 'agent:main:telegram:group:g', label: 'words' };
  const { sessions, route, quotable } = router();
  quotable.set('m9', quoted);
  await sessions.open(child, aSeed({ kind: 'subagent', depth: 1, role: 'leaf' }));
  const quoting = { group: true, chat: 'g', replyTo: 'm9' };
  expect(await route(quoting, false)).toMatchObject({ why: 'quoted', session: { key: child, ownerOnly: false } });
  expect(await route(quoting, false, true)).toMatchObject({ why: 'own', session: { key: quoted.scope } });
  expect(await route({ ...quoting, replyTo: 'm8' })).toMatchObject({ why: 'own' });
  const bound = router('per-channel-peer', [aBinding({ route: said(quoting).route, session: 'agent:main:other' })]);
  bound.quotable.set('m9', quoted);
  expect(await bound.route(quoting)).toMatchObject({ why: 'bound' });
});

test('only the owner reaches a run of another chat by quoting it', async () => {
  const { child } = aRun();
  const { sessions, route, quotable } = router();
  quotable.set('m9', { session: child, scope: 'agent:main:telegram:group:elsewhere', label: 'words' });
  await sessions.open(child, aSeed({ kind: 'subagent', depth: 1, role: 'leaf' }));
  expect(await route({ group: true, chat: 'g', replyTo: 'm9' }, false)).toMatchObject({ why: 'own' });
  expect(await route({ group: true, chat: 'g', replyTo: 'm9' })).toMatchObject({ why: 'quoted' });
});

test('a run that is archived answers nobody, and nobody answers in its place', async () => {
  const { route, quotable } = router();
  quotable.set('m9', { session: aRun().child, scope: 'agent:main:telegram:direct:42', label: 'words' });
  const refusal = { code: 'quoted_gone', message: expect.stringMatching(/^words is archived/) };
  expect(await route({ replyTo: 'm9' })).toMatchObject({ kind: 'dead', refusal });
});

test('a chat that was moved keeps the session it had', async () => {
  const { keyOf } = router();
  expect(await keyOf({ group: true, chat: 'moved', thread: '7' })).toBe('agent:main:telegram:group:-100:topic:7');
});
