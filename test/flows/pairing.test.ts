import { afterEach, beforeEach, expect, test } from 'vitest';
import { inboxStory } from './inbox-view.ts';
import { inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

const zed = { from: { id: 'zed', name: 'Zed' } };
let world: World;

beforeEach(async () => {
  world = await openPeople();
});

afterEach(async () => {
  await world.close();
});

async function heard(text: string, how?: Parameters<World['say']>[1]): Promise<void> {
  await world.say(text, how);
  await world.until(() => !world.engine.receiver.busy(), 'the message to be handled');
  await world.settled();
}

const textsFor = (person: string): string[] => world.channel.texts(world.channel.direct(person));
const code = (): string => /code: (\w{8})/.exec(textsFor('zed')[0] ?? '')?.[1] ?? '';

test('a stranger gets a code, the owner is asked in their chat, and one press lets them in for good', async () => {
  await heard('hi');
  await heard('hello?', zed);
  await heard('hello??', zed);
  expect(textsFor('zed')).toEqual([expect.stringContaining('telegram:zed')]);
  const question = world.channel.sent.find((sent) => sent.key.startsWith('question:'));
  expect(question).toMatchObject({ route: world.channel.direct('ann'), text: expect.stringContaining(code()) });
  expect(question?.message.choices?.map((choice) => choice.label)).toEqual(['Approve', 'Deny']);
  const answers = await Promise.all([
    world.channel.press('Approve', { id: 'p1' }),
    world.channel.press('Deny', { id: 'p2' }),
    world.channel.press('Approve', { id: 'p1' }),
  ]);
  expect(answers).toEqual([{ decided: true }, { text: 'already decided', decided: true }, { decided: true }]);
  await world.settled();
  expect(textsFor('zed').at(-1)).toMatch(/^✅ You may talk to me now/);
  await world.restart();
  await heard('hello!', zed);
  expect(textsFor('zed').at(-1)).toBe('ok');
  expect(inboxStory(world)).toEqual([
    'hi: done (success)',
    'hello?: dropped (sender_not_allowed)',
    'hello??: dropped (asked_before)',
    `/pair approve ${code()}: done (answered)`,
    'hello!: done (success)',
  ]);
});

test('a denial is told once, and only the owner may decide', async () => {
  await heard('hi');
  await heard('hello?', zed);
  const press = { route: world.channel.direct('ann'), chat: 'direct' } as const;
  expect(await world.channel.press('Approve', { ...press, ...zed })).toEqual({
    text: 'only the owner may use this',
    decided: false,
  });
  expect(await world.channel.press('Deny')).toEqual({ decided: true });
  await world.settled();
  expect(textsFor('zed').at(-1)).toBe('ℹ️ You were not let in.');
});

test('an owner named in the settings is asked in their direct chat before they have written', async () => {
  await heard('hello?', zed);
  expect(textsFor('ann')).toEqual([expect.stringContaining(code())]);
  expect(await world.channel.press('Approve')).toEqual({ decided: true });
  await world.settled();
  expect(textsFor('zed').at(-1)).toMatch(/^✅ You may talk to me now/);
});

test('without a chat of the owner the newcomer still gets the code, and the command line lets them in', async () => {
  await world.close();
  const elsewhere = { channels: { telegram: { token: 't' } }, commands: { ownerAllowFrom: ['discord:ann'] } };
  world = await openPeople({ config: elsewhere });
  await heard('hello?', zed);
  expect(world.channel.sent).toHaveLength(1);
  const approved = await world.engine.pairing.approve({ channel: 'telegram', code: code() }, { via: 'cli' });
  expect(approved.ok).toBe(true);
  await heard('hello!', zed);
  expect(textsFor('zed').at(-1)).toBe('ok');
});

test('a link made at the command line lets in whoever comes with it, once, and makes the first one the owner', async () => {
  await world.close();
  world = await openPeople({ config: { channels: { telegram: { token: 't' } }, commands: {} } });
  const token = await world.engine.pairing.link('telegram', 'default');
  await heard(`/start ${token}`, zed);
  expect(textsFor('zed')).toEqual([expect.stringContaining('you are my owner')]);
  await heard(`/start ${token}`, { from: { id: 'eve' } });
  expect(textsFor('eve')).toEqual([expect.stringContaining('not allowed to talk to me yet')]);
  // The owner's chat is known from the claim: the question about eve went there.
  expect(textsFor('zed').at(-1)).toContain('telegram:eve');
  await heard('/whoami', zed);
  expect(textsFor('zed').at(-1)).toContain('class: owner');
});

test('what strangers wrote while we were away leads to nothing, and pairing never opens groups', async () => {
  await heard('hi');
  for (let n = 0; n < 500; n += 1) {
    await world.say(`m${n}`, { from: { id: `s${n % 100}` }, more: { backlog: true } });
  }
  await heard('hello', { ...inGroup(world, zed), route: { channel: 'telegram', account: 'default', chat: 'h' } });
  expect(world.channel.texts()).toEqual(['ok']);
  expect(
    new Set(
      inboxStory(world)
        .slice(1)
        .map((row) => row.split(': ')[1]),
    ),
  ).toEqual(new Set(['dropped (backlog)', 'dropped (group_not_listed)']));
});

test('a burst of strangers is answered to a limit, and every drop says why', async () => {
  await heard('hi');
  await Promise.all(Array.from({ length: 30 }, (_, n) => world.say('let me in', { from: { id: `s${n % 10}` } })));
  await world.until(() => !world.engine.receiver.busy(), 'the burst');
  await world.settled();
  expect(world.channel.texts().filter((text) => text.includes('Your code'))).toHaveLength(3);
  const why = inboxStory(world)
    .slice(1)
    .map((row) => row.split(': ')[1]);
  expect(new Set(why)).toEqual(
    new Set(['dropped (sender_not_allowed)', 'dropped (asked_before)', 'dropped (too_many_pending)']),
  );
});

test('what no agent can read is said once, until something comes that can be read', async () => {
  const sticker = { more: { unsupported: 'a sticker' } };
  await heard('', sticker);
  await heard('', sticker);
  await heard('a word');
  await heard('', sticker);
  await heard('with words', sticker);
  const sentence = 'ℹ️ I cannot read a sticker. Text, pictures and files work.';
  expect(world.channel.texts()).toEqual([sentence, 'ok', sentence, 'ok']);
  expect(world.agent.turns.map((turn) => turn.text)).toEqual(['a word', 'with words']);
});

test('a command in the name of a group gets one sentence, and does nothing', async () => {
  const anonymous = { ...inGroup(world), more: { sender: { id: 'g', name: 'The group', anonymous: true } } };
  expect(await typed(world, '/stop', anonymous)).toBe(
    '⚠️ a command needs a person: write it as yourself, not in the name of the group.',
  );
  await heard('hello', anonymous);
  expect(inboxStory(world)).toEqual(['/stop: dropped (anonymous)', 'hello: dropped (anonymous)']);
});

test('bots that answer each other are stopped after twenty messages a minute', async () => {
  world.configure({
    channels: { telegram: { token: 't', groups: { g: { allowBots: true } } } },
    commands: { ownerAllowFrom: ['telegram:ann'] },
  });
  const bot = { ...inGroup(world), more: { sender: { id: 'b', name: 'B', bot: true } } };
  for (let n = 0; n < 25; n += 1) await heard(`beep ${n}`, bot);
  expect(world.agent.turns).toHaveLength(20);
  expect(inboxStory(world).at(-1)).toBe('beep 24: dropped (bots_paused)');
  await world.clock.advance(60_000);
  await heard('beep', bot);
  expect(world.agent.turns).toHaveLength(21);
});
