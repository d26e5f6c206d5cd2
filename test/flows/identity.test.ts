// One person under two ids: first known by the one, then by both. Nothing of theirs is lost, and nothing is there twice.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InboundMessage } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { ReceiveOptions } from '../fakes/channel.ts';
import { say, wait } from '../fakes/script.ts';
import { inboxStory } from './inbox-view.ts';
import { typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;

const pn = '491512345';
const lid = '77@lid';
const can = { buttons: false, menus: true, tags: true, lastingIds: true };

const config = (allowFrom: readonly string[] = [], owners: readonly string[] = ['whatsapp:1']) => ({
  channels: { whatsapp: { enabled: true, dmPolicy: 'allowlist', allowFrom, groups: { g: {} } } },
  commands: { ownerAllowFrom: owners },
});
const open = (raw: object): Promise<World> => openWorld({ config: raw, channel: { id: 'whatsapp', can } });

beforeEach(async () => {
  world = await open(config([pn, lid]));
});

afterEach(async () => {
  await world.close();
});

const chat = (id: string): Route => ({ channel: 'whatsapp', account: 'default', chat: id });
const by = (sender: Partial<InboundMessage['sender']> & { readonly id: string }, at: string): ReceiveOptions => ({
  route: chat(at),
  more: { sender: { name: 'Bo', ...sender } },
});
/** As they are seen: by LID alone, by number alone, and with both known. */
const byLid = by({ id: lid }, lid);
const byPn = by({ id: pn }, `${pn}@s.whatsapp.net`);
const byBoth = by({ id: pn, aka: [lid] }, `${pn}@s.whatsapp.net`);
const learnt = (): Promise<void> => world.channel.events.moved(chat(lid), chat(`${pn}@s.whatsapp.net`));

async function heard(text: string, how: ReceiveOptions) {
  const before = world.agent.turns.length;
  await world.say(text, how);
  await world.settled();
  return world.agent.turns.slice(before);
}
const memory = (): string => JSON.stringify(world.agent.turns.at(-1)?.prompt.history);

test('what was said under the LID goes on under the number, also after a restart and in a message that names only one', async () => {
  await heard('remember me', byLid);
  await learnt();
  const [turn] = await heard('hello', byBoth);
  expect(turn?.session).toBe('agent:main:whatsapp:direct:77@lid');
  expect(memory()).toContain('remember me');
  expect(world.channel.sent.at(-1)?.route).toEqual(chat(`${pn}@s.whatsapp.net`));
  await world.restart();
  for (const how of [byPn, byLid, byBoth])
    expect((await heard('again', how)).map((each) => each.session)).toEqual(['agent:main:whatsapp:direct:77@lid']);
});

test('who is known by number from the beginning has the session of the number', async () => {
  expect((await heard('hello', byBoth))[0]?.session).toBe(`agent:main:whatsapp:direct:${pn}`);
  expect((await heard('hello', byLid))[0]?.session).toBe(`agent:main:whatsapp:direct:${pn}`);
});

test.each(['+49 151 2345', '0049-151-2345', `${pn}@s.whatsapp.net`, `${pn}:12@s.whatsapp.net`, pn, lid, '77:3@LID'])(
  'a list that names %s means both ids of the person',
  async (entry) => {
    await world.close();
    world = await open(config([entry]));
    expect(await heard('hello', byBoth)).toHaveLength(1);
    expect(await heard('hello', byLid)).toHaveLength(1);
    expect(await heard('hello', by({ id: '4915123456' }, 'x'))).toEqual([]);
    expect(await heard('hello', by({ id: '78@lid' }, 'y'))).toEqual([]);
  },
);

test.each([`whatsapp:+49 151 2345`, `whatsapp:${pn}@s.whatsapp.net`, `whatsapp:${lid}`])(
  '%s owns under both ids',
  async (entry) => {
    await world.close();
    world = await open(config([], [entry]));
    expect(await typed(world, '/whoami', byBoth)).toContain('owner');
    expect(await typed(world, '/whoami', byLid)).toContain('owner');
  },
);

test('two sessions of one person become one: the one spoken to last goes on, and the runs of the other are its own', async () => {
  await typed(world, '/subagents spawn main count', byLid);
  await world.settled();
  const quoted = world.channel.sent.find(({ text }) => text.startsWith('[#1 count]'))?.id ?? '';
  await heard('by lid', byLid);
  await world.clock.advance(1_000);
  await heard('by number', byPn);
  await learnt();
  const [turn] = await heard('both', byBoth);
  expect(turn?.session).toBe(`agent:main:whatsapp:direct:${pn}`);
  expect(memory()).toContain('by number');
  expect(await world.engine.stores.sessions.get('agent:main:whatsapp:direct:77@lid')).toBeUndefined();
  expect(await typed(world, '/subagents list', byBoth)).toContain('count');
  const [answer] = await heard('why?', { ...byBoth, replyTo: quoted });
  expect(answer?.session).toBe(world.run('count').child);
});

test('what is at work or waits in the session that ends is answered in the chat of now, and then it ends', async () => {
  world.agent.once(/^slow$/, [wait(60_000), say('slow is done')]);
  world.agent.once(/^next$/, [say('next is done')]);
  const turn = (text: string): Promise<void> =>
    world.until(() => world.agent.turns.some((each) => each.text === text), `a turn about ${text}`);
  await world.say('slow', byLid);
  await turn('slow');
  await world.clock.advance(1_000);
  await world.say('by number', byPn);
  await turn('by number');
  await world.say('/queue followup', byLid);
  await world.channel.next(/followup/);
  await world.say('next', byLid);
  await learnt();
  await world.say('both', byBoth);
  await turn('both');
  const left = 'agent:main:whatsapp:direct:77@lid';
  expect(world.agent.turns.find(({ text }) => text === 'both')?.session).toBe(`agent:main:whatsapp:direct:${pn}`);
  expect(await world.engine.stores.sessions.get(left)).toBeDefined();
  await world.clock.advance(60_000);
  await world.settled();
  for (const text of ['slow is done', 'next is done'])
    expect(world.channel.sent.find((sent) => sent.text === text)?.route).toEqual(byBoth.route);
  await heard('more', byBoth);
  expect(await world.engine.stores.sessions.get(left)).toBeUndefined();
});

test('the same message under the other id of its chat is the same message', async () => {
  await heard('hello', { ...byLid, id: 'k1' });
  await learnt();
  expect(await heard('hello', { ...byBoth, id: 'k1' })).toEqual([]);
  expect(inboxStory(world)).toHaveLength(1);
});

test('an answer that waited, a bound conversation and an open menu follow the chat', async () => {
  await typed(world, '/subagents spawn main count', byLid);
  await world.settled();
  await typed(world, '/focus #1', byLid);
  world.agent.once(/^later$/, [wait(10_000), say('here it is')]);
  await world.say('later', byLid);
  await world.until(() => world.agent.turns.at(-1)?.text === 'later', 'the turn');
  await typed(world, '/subagents list', byLid);
  await learnt();
  await world.clock.advance(10_000);
  await world.settled();
  expect(world.channel.sent.at(-1)).toMatchObject({ route: byBoth.route, text: '[#1 count] here it is' });
  expect((await heard('hello', byBoth))[0]?.session).toBe(world.run('count').child);
  expect(await typed(world, '/unfocus', byBoth)).toContain('count');
});

test('who was let in under the LID stays let in, is not asked again, and can be put out by number', async () => {
  await world.close();
  world = await open({
    channels: { whatsapp: { enabled: true, dmPolicy: 'pairing' } },
    commands: { ownerAllowFrom: ['whatsapp:1'] },
  });
  await world.say('hi', byLid);
  const [, code = ''] = /code: (\w+)/.exec((await world.channel.next(/Your code/)).text) ?? [];
  const owner = by({ id: '1' }, '1@s.whatsapp.net');
  expect(await typed(world, `/pair approve ${code}`, owner)).toContain('Bo');
  await world.settled();
  expect(await heard('hello', byBoth)).toHaveLength(1);
  expect(await heard('hello', byLid)).toHaveLength(1);
  expect(await typed(world, '/pair revoke whatsapp:+491512345', owner)).toContain('Bo');
  expect(await heard('hello', byLid)).toEqual([]);
});

test('a number that passed to somebody else takes nothing of its former owner along', async () => {
  await heard('a secret', byLid);
  await heard('hello', byBoth);
  const newcomer = by({ id: pn, aka: ['88@lid'] }, `${pn}@s.whatsapp.net`);
  expect((await heard('hello', newcomer))[0]?.session).toBe(`agent:main:whatsapp:direct:${pn}`);
  expect(memory()).not.toContain('a secret');
  expect((await heard('hello', byLid))[0]?.session).toBe('agent:main:whatsapp:direct:77@lid');
});
