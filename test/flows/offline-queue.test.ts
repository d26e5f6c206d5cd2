// What waited on the platform while we were away, on a channel that is somebody's own number.
import { afterEach, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { call, say, wait } from '../fakes/script.ts';
import { inboxStory } from './inbox-view.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  await world.close();
});

const minute = 60_000;
const can = { buttons: false, menus: true, tags: true, lastingIds: true };
const open = (dmPolicy: string): Promise<World> =>
  openWorld({
    config: {
      channels: { whatsapp: { enabled: true, dmPolicy, allowFrom: ['1'], groups: { g: {} } } },
      commands: { ownerAllowFrom: ['whatsapp:1'] },
    },
    channel: { id: 'whatsapp', can },
  });
const chat = (id: string): Route => ({ channel: 'whatsapp', account: 'default', chat: id });
const old = { more: { backlog: true } };

test.each(['pairing', 'allowlist'])(
  'with %s five hundred messages of a hundred strangers that waited are answered by nothing at all',
  async (policy) => {
    world = await open(policy);
    const texts = ['hello', '/start', '/pair list', '1', '#1 hello', '/stop', '👍'];
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => {
        const id = `49151${n % 100}`;
        const how = { from: { id }, route: chat(id), sentAt: world.clock.now() - n * 1_000, ...old };
        return world.say(texts[n % texts.length] ?? '', how);
      }),
    );
    await world.settled();
    expect(world.channel.attempts).toEqual([]);
    expect(world.agent.turns).toEqual([]);
    expect(inboxStory(world).filter((row) => !row.includes(': dropped ('))).toEqual([]);
    // Nor does any of it hinder the one who may.
    await world.say('hello', { from: { id: '1' }, route: chat('1') });
    await world.settled();
    expect(world.channel.texts()).toEqual(['ok']);
  },
);

test('commands that waited run once each and in order; whoever sent one too long ago is told once', async () => {
  world = await open('allowlist');
  const me = { from: { id: '1' }, route: chat('1') };
  const ago = (minutes: number) => ({ ...me, ...old, sentAt: world.clock.now() - minutes * minute });
  await world.say('/stop', { ...ago(120), id: 'a' });
  await world.say('do it', { ...ago(90), id: 'b' });
  for (let again = 0; again < 2; again += 1) {
    await world.say('/whoami', { ...ago(3), id: 'c' });
    await world.say('/queue', { ...ago(2), id: 'd' });
    await world.say('/agents', { ...ago(1), id: 'e' });
  }
  await world.settled();
  expect(world.agent.turns).toEqual([]);
  expect(inboxStory(world)).toEqual([
    '/stop: dropped (too_old)',
    'do it: dropped (too_old)',
    '/whoami: done (answered)',
    '/queue: done (answered)',
    '/agents: done (answered)',
  ]);
  expect(world.channel.texts().map((text) => text.includes('I was away'))).toEqual([true, false, false, false]);
});

test('a channel without buttons shows long work in one message that changes', async () => {
  world = await open('allowlist');
  world.agent.once(/^long$/, [call('read', { path: 'a' }), wait(150_000), say('done')]);
  await world.say('long', { from: { id: '1' }, route: chat('1') });
  await world.until(() => world.agent.turns.length === 1, 'the turn');
  await world.clock.advance(61_000);
  const note = await world.channel.next(() => true);
  const before = note.text;
  await world.clock.advance(60_000);
  await world.until(() => note.text !== before, 'the note to change');
  await world.clock.advance(60_000);
  await world.settled();
  expect(world.channel.sent).toHaveLength(2);
  expect(world.channel.texts().at(-1)).toBe('done');
});
