// Choices on a channel without buttons: lines with numbers, picked by a number alone, by a quote with one, or by a thumb.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ReceiveOptions } from '../fakes/channel.ts';
import { inboxStory } from './inbox-view.ts';
import { bo, cy, inGroup, openPeople, startsWork, typed } from './people.ts';
import type { World, WorldOptions } from './world.ts';

let world: World;

const menus = { buttons: false, menus: true } as const;
const open = (options: WorldOptions = {}): Promise<World> =>
  openPeople({ ...options, channel: { can: menus, ...options.channel } }, 'whatsapp');

beforeEach(async () => {
  world = await open();
});

afterEach(async () => {
  await world.close();
});

const minute = 60_000;
const last = () => world.channel.sent.at(-1);
const dan = { from: { id: 'dan', name: 'Dan' } };

/** Says something and gives what is answered by a command or a menu. */
const said = (text: string, how?: ReceiveOptions): Promise<string> => typed(world, text, how);

/** Says something that becomes a turn of the chat's agent. */
async function toAgent(text: string, how?: ReceiveOptions): Promise<void> {
  const turns = (): number => world.agent.turns.filter((turn) => turn.text === text).length;
  const before = turns();
  await world.say(text, how);
  await world.until(() => turns() === before + 1, `a turn about ${text}`);
}

async function listOf(...tasks: string[]): Promise<string> {
  for (const task of tasks) await startsWork(world, task);
  await said('/subagents list');
  return last()?.id ?? '';
}

/** A stranger asks, the owner gets the question. */
async function question(): Promise<string> {
  await world.close();
  world = await open({ config: paired });
  await said('/whoami');
  await world.say('let me in', dan);
  await world.channel.next(/^ℹ️ You are not allowed/);
  return (await world.channel.next(/^❓/)).id;
}
const paired = {
  channels: { whatsapp: { enabled: true, dmPolicy: 'pairing', groups: { g: {} } } },
  commands: { ownerAllowFrom: ['whatsapp:ann'] },
};

test('a list shows what can be done with it, numbered, and says how to choose; what would ask for a text is left out', async () => {
  await listOf('one', 'two');
  const lines = ['1 Kill #1', '2 Log #1', '3 Kill #2', '4 Log #2'];
  const how = 'Reply with a number, or quote this message with one.';
  expect(last()?.text).toMatch(new RegExp(`\\n\\n${lines.join('\\n')}\\n${how.replace('.', '[.]')}$`));
  expect(last()?.message).not.toHaveProperty('choices');
});

test.each(['3', '3.', '3)', ' 3 ', '3️⃣', '\u200e3'])(
  '%j alone picks that line of the menu that is open',
  async (typedNumber) => {
    const list = await listOf('one', 'two');
    expect(await said(typedNumber)).toContain('stopped 1');
    expect(world.run('two').state.status).toBe('stopped');
    expect(world.run('one').state.status).toBe('running');
    expect(last()?.message.replyTo).toBe(list);
  },
);

test('a number is a message like any other where no menu is open, where it is on no line, and ten minutes later', async () => {
  await toAgent('1');
  await listOf('one');
  await toAgent('7');
  await said('/subagents list');
  await world.clock.advance(10 * minute + 1);
  await toAgent('1');
  expect(inboxStory(world).filter((row) => row.includes(' kill '))).toEqual([]);
});

test('whoever goes on talking answers the agent with a number, and can still quote the list', async () => {
  const list = await listOf('one');
  await toAgent('which of them?');
  await toAgent('1');
  expect(await said('1', { replyTo: list })).toContain('stopped 1');
});

test('a quote works for a day, also after a restart, and is explained for a week', async () => {
  const list = await listOf('one');
  await world.restart();
  await world.clock.advance(23 * 60 * minute);
  expect(await said('2', { replyTo: list })).toContain('archived');
  await world.clock.advance(2 * 60 * minute);
  expect(await said('2', { replyTo: list })).toBe('ℹ️ That menu is out of date. Type the command for a fresh one.');
  expect(await said('9', { replyTo: list })).toBe('⚠️ There is no 9 in that menu, only 1, 2.');
});

test('a newer list takes the place of the one before; the older one can be quoted', async () => {
  const older = await listOf('one');
  await startsWork(world, 'two');
  await said('/subagents list');
  expect(await said('4')).toContain('two');
  expect(await said('1', { replyTo: older })).toContain('stopped 1');
  expect(world.run('one').state.status).toBe('stopped');
});

test('a question is answered by number, once; the message then shows how', async () => {
  const asked = await question();
  expect(world.channel.sent.find(({ id }) => id === asked)?.text).toMatch(
    /1 Approve\n2 Deny\n.*put 👍 or 👎 on it[.]$/,
  );
  expect(await said('1')).toContain('Dan');
  const text = (): string => world.channel.sent.find(({ id }) => id === asked)?.text ?? '';
  await world.clock.advance(2_000);
  await world.until(() => /\n\n✔️ Approve$/.test(text()) && !text().includes('2 Deny'), 'the message to change');
  expect(await said('2', { replyTo: asked })).toBe('ℹ️ That was decided already.');
  expect(world.engine.pairing.paired().has('whatsapp:dan')).toBe(true);
});

test.each([
  ['👍🏽', true],
  ['👎', false],
])('%s on a question answers it, once', async (emoji, admitted) => {
  const asked = await question();
  await world.channel.react(emoji, asked, dan);
  await world.channel.react('❤️', asked);
  expect(inboxStory(world).filter((row) => row.startsWith('/pair'))).toEqual([]);
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.channel.react(emoji, asked);
  expect((await reply).text).toContain('Dan');
  await world.channel.react('👍', asked);
  await world.settled();
  expect(inboxStory(world).filter((row) => row.startsWith('/pair'))).toHaveLength(1);
  expect(world.engine.pairing.paired().has('whatsapp:dan')).toBe(admitted);
});

test('a thumb that comes a day late is told so once', async () => {
  const asked = await question();
  await world.clock.advance(25 * 60 * minute);
  await world.channel.react('👍', asked, { id: 'r1' });
  await world.channel.react('👍', asked, { id: 'r1' });
  await world.settled();
  expect(world.channel.texts().filter((text) => text.includes('out of date'))).toHaveLength(1);
});

test('a thumb on a list does nothing', async () => {
  const list = await listOf('one');
  await world.channel.react('👍', list);
  expect(world.run('one').state.status).toBe('running');
});

test('where a list and a question are open a number alone is not enough', async () => {
  const asked = await question();
  await listOf('one');
  expect(await said('1')).toBe(
    '⚠️ 2 menus are open here, and 1 could be of either. Quote the message you mean and send 1 again.',
  );
  expect(await said('1', { replyTo: asked })).toContain('Dan');
  expect(await said('1')).toContain('stopped 1');
});

test('in a group a menu is for whoever asked and for the owner, also without a mention; strangers get no answer', async () => {
  const group = inGroup(world);
  const quiet = { ...group, mentionsBot: false };
  await startsWork(world, 'dig', { ...group, ...bo });
  await said('/subagents list', { ...group, ...bo });
  const list = last()?.id ?? '';
  expect(await said('2', { ...quiet, ...cy, replyTo: list })).toBe('⚠️ Only Bo or the owner may answer that.');
  await world.say('2', { ...quiet, ...cy });
  expect(await said('2', { ...quiet, ...bo })).toContain('dig');
  expect(inboxStory(world)).toContain('2: dropped (not_mentioned)');
  expect(await said('1', { ...quiet, replyTo: list })).toContain('stopped 1');
});

test('a stranger who quotes a menu is a stranger', async () => {
  const list = await listOf('one');
  const before = world.channel.attempts.length;
  await world.say('1', { ...dan, route: world.channel.direct(), replyTo: list });
  await world.until(() => !world.engine.receiver.busy(), 'the message');
  expect(world.channel.attempts).toHaveLength(before);
  expect(world.run('one').state.status).toBe('running');
});

test('a number the platform repeats is the same number, also after a restart and once it would mean something else', async () => {
  await listOf('one', 'two');
  await said('1', { id: 'n1' });
  await said('/subagents list');
  await world.restart();
  await world.say('1', { id: 'n1' });
  await world.until(() => !world.engine.receiver.busy(), 'the message');
  expect(inboxStory(world).filter((row) => row.includes(' kill '))).toHaveLength(1);
});

test('a number that was written before the menu was there, or too long ago, picks nothing', async () => {
  await listOf('one');
  await toAgent('1', { sentAt: world.clock.now() - 20_000, more: { backlog: true } });
  await said('1', { sentAt: world.clock.now() - 61 * minute });
  expect(last()?.text).toContain('I was away');
  expect(world.run('one').state.status).toBe('running');
});

test('a list that keeps itself up to date keeps its numbers, and what joins it goes on counting', async () => {
  const list = await listOf('one', 'two');
  await startsWork(world, 'three');
  await world.clock.advance(5_000);
  const text = (): string => world.channel.sent.find(({ id }) => id === list)?.text ?? '';
  await world.until(() => text().includes('6 Log #3'), 'the list to change');
  await said('1', { replyTo: list });
  await world.clock.advance(5_000);
  await world.until(() => !text().includes('1 Kill #1'), 'the list to change');
  expect(text()).toContain('3 Kill #2\n4 Log #2\n5 Kill #3\n6 Log #3\nReply with a number');
  expect(await said('5', { replyTo: list })).toContain('stopped 1');
  expect(world.run('three').state.status).toBe('stopped');
});

test('a menu that waited to be sent is open from when it was shown', async () => {
  await startsWork(world, 'one');
  world.channel.script({ retry: 15 * minute });
  await world.say('/subagents list');
  await world.until(() => world.channel.attempts.at(-1)?.text.includes('1 Kill #1') === true, 'the attempt');
  await world.until(() => world.engine.delivery.outbox.stats().pending === 1, 'the list to wait');
  await world.clock.advance(15 * minute);
  await world.channel.next(/1 Kill #1/);
  await world.clock.advance(minute);
  expect(await said('2')).toContain('one');
});
