// An agent asks whether it may do something, and people answer where they are: buttons, numbers, thumbs, commands.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Tool } from '../../src/core/tool.ts';
import type { FakeChannelOptions, Sent } from '../fakes/channel.ts';
import { call, type ScriptGenerator, say } from '../fakes/script.ts';
import { bo, cy, inGroup, openPeople, typed } from './people.ts';
import type { World, WorldOptions } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await open();
});

afterEach(() => world.close());

const minute = 60_000;
const whatsapp: FakeChannelOptions = { can: { buttons: false, menus: true, tags: true } };
const terminal: FakeChannelOptions = { can: { buttons: false, edits: false } };

async function open(
  channel: FakeChannelOptions = {},
  id: 'telegram' | 'whatsapp' = 'telegram',
  more: WorldOptions = {},
) {
  const opened = await openPeople({ ...more, channel, tools: [risky] }, id);
  opened.agent
    .always(/^try (?<what>.*)$/s, async function* ({ text }): ScriptGenerator {
      const what = text.replace(/^try /, '');
      const answer = yield call('risky', { what });
      yield say(`${what}: ${answer?.text}`);
    })
    .always(/^start (?<what>.*)$/, ({ text }) => [
      call('sessions_spawn', { task: text.replace(/^start/, 'try'), label: 'worker' }),
      say('started'),
    ]);
  return opened;
}

async function reopen(channel: FakeChannelOptions, id: 'telegram' | 'whatsapp' = 'telegram', more: WorldOptions = {}) {
  await world.close();
  world = await open(channel, id, more);
}

/** Stands for a coding agent: asks before it does what it is told. */
const risky: Tool = {
  ...{ name: 'risky', group: 'read', description: 'Does something.', example: { what: 'npm test' } },
  parameters: { kind: 'zod', schema: z.object({ what: z.string() }) },
  async run(input, { session, turn, signal, callId }) {
    const { what } = z.object({ what: z.string() }).parse(input);
    const request = {
      ...{ id: `${turn}:${callId}`, session: session.key, harness: 'claude', turn, title: what, kind: 'execute' },
      ...{ preview: `${what} (execute)`, hash: `${session.key} ${what}`, sessionOffered: true },
      ...{ cwd: '/srv/shop', askedAt: world.clock.now() },
    };
    return { text: await world.engine.approvals.ask(request, signal) };
  },
};

const question = (what = ''): Promise<Sent> =>
  world.channel.next((sent) => sent.key.startsWith('approval:') && sent.text.includes(what));
const codeOf = ({ text }: Pick<Sent, 'text'>): string => /\(code (\w+)\)/.exec(text)?.[1] ?? '';
/** The text of a message as it stands now. */
const now = ({ id }: Sent): string => world.channel.sent.find((sent) => sent.id === id)?.text ?? '';
const buttons = ({ id }: Sent): readonly string[] =>
  world.channel.sent.find((sent) => sent.id === id)?.message.choices?.map(({ label }) => label) ?? [];

/** Texts its messages are changed to from now on. */
function editsOf({ channel }: World): readonly string[] {
  const [texts, edit] = [[] as string[], channel.edit?.bind(channel)];
  channel.edit = async (route, messageId, message) => {
    texts.push(message.text);
    return (await edit?.(route, messageId, message)) ?? { status: 'refused', cause: 'no edits' };
  };
  return texts;
}

async function changes(sent: Sent, to: string): Promise<void> {
  await world.clock.advance(2_000);
  await world.until(() => now(sent).includes(to), `the question to say: ${to}`);
  expect(buttons(sent)).toEqual([]);
}

test('a button allows it; the question shows how, without its buttons, and the agent goes on', async () => {
  await world.say('try npm test');
  const asked = await question();
  expect(asked.text).toContain('❓ claude asks for permission');
  expect(buttons(asked)).toEqual(['Allow once', 'Allow for this session', 'Deny']);
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  expect(await world.channel.press('Allow once')).toEqual({ decided: true });
  expect((await reply).text).toBe('✅ allowed once: npm test (claude)');
  await world.channel.next('npm test: once');
  await changes(asked, '\n✅ allowed once by Ann');
});

test('several are open at the same time, and each has its own answer', async () => {
  await world.say('try one');
  const first = await question('one');
  await world.say('try two', { ...inGroup(world) });
  const second = await question('two');
  expect(second.route.chat).toBe('g');
  expect(await typed(world, `/deny ${codeOf(second)}`)).toBe('✅ denied: two (claude); the run goes on');
  expect(await typed(world, `/approve ${codeOf(first)} session`)).toBe('✅ allowed for this session: one (claude)');
  await world.channel.next('two: deny');
  await world.channel.next('one: session');
  await changes(second, '\n⚠️ denied by Ann');
  await changes(first, '\n✅ allowed for this session by Ann');
});

test.each([
  ['1', 'once', '✅ allowed once by Ann'],
  ['2', 'session', '✅ allowed for this session by Ann'],
  ['3', 'deny', '⚠️ denied by Ann'],
  ['👍', 'once', '✅ allowed once by Ann'],
  ['👎', 'deny', '⚠️ denied by Ann'],
])('where there are no buttons %s means %s', async (said, how, shown) => {
  await reopen(whatsapp, 'whatsapp');
  const edits = editsOf(world);
  await world.say('try npm test');
  const asked = await question();
  expect(asked.text).toMatch(/\n\n1 Allow once\n2 Allow for this session\n3 Deny\nReply with a number/);
  if (/\d/.test(said)) await world.say(said);
  else await world.channel.react(said, asked.id);
  await world.channel.next(`npm test: ${how}`);
  await changes(asked, shown);
  expect(edits.filter((text) => text.includes('✔️'))).toEqual([]);
  expect(now(asked)).not.toContain('1 Allow once');
});

test('where messages cannot be changed a word says that nobody answered', async () => {
  await reopen(terminal);
  await world.say('try npm test');
  const asked = await question();
  await world.clock.advance(5 * minute);
  await world.channel.next(`ℹ️ expired: nobody answered in time, so it was denied (${codeOf(asked)}: npm test)`);
  await world.channel.next('npm test: expired');
  expect(await typed(world, `/approve ${codeOf(asked)}`)).toContain('expired and was denied');
});

test('a press and a command at the same time are one decision', async () => {
  await world.say('try npm test');
  const asked = await question();
  const replies = [1, 2].map(() => world.channel.next((sent) => sent.key.startsWith('command:')));
  await Promise.all([world.channel.press('Allow once'), world.say(`/deny ${codeOf(asked)}`)]);
  const texts = (await Promise.all(replies)).map(({ text }) => text);
  expect(texts.filter((text) => text.startsWith('✅'))).toHaveLength(1);
  expect(texts.filter((text) => text.includes('was decided already'))).toHaveLength(1);
  await world.channel.next(/^npm test: (once|deny)$/);
});

test('a stop withdraws the question', async () => {
  await world.say('try npm test');
  const asked = await question();
  expect(await typed(world, '/stop')).toContain('stopped');
  await changes(asked, 'ℹ️ no longer needed');
  expect(await typed(world, `/approve ${codeOf(asked)}`)).toContain('is no longer needed');
});

test('a sub-agent asks where it was asked for; whoever started it may answer, others may not', async () => {
  await reopen(whatsapp, 'whatsapp');
  const group = inGroup(world);
  await world.say('start digging', { ...group, ...bo });
  const asked = await question('digging');
  expect(asked.route).toEqual(group.route);
  expect(asked.text).toMatch(/^\[#1 worker\] ❓ claude asks for permission/);
  expect(await typed(world, '/subagents list', { ...group, ...bo })).toContain(' awaiting approval');
  expect(await typed(world, '/approve', { ...group, ...cy })).toBe(
    `⚠️ Only Bo or the owner may answer ${codeOf(asked)}.`,
  );
  expect(await typed(world, '1', { ...group, ...cy, mentionsBot: false, replyTo: asked.id })).toBe(
    '⚠️ Only Bo or the owner may answer that.',
  );
  await world.say('1', { ...group, ...bo, mentionsBot: false, replyTo: asked.id });
  await world.until(() => world.run('worker').state.status === 'succeeded', 'the worker to go on');
  await changes(asked, '[#1 worker] claude asked for permission');
  expect(now(asked)).toContain('✅ allowed once by Bo');
  expect(await typed(world, '/subagents list', { ...group, ...bo })).not.toContain('awaiting approval');
});

test('/status says what waits for an answer, to those who may give it', async () => {
  await world.say('try npm test', inGroup(world, bo));
  const code = codeOf(await question());
  const line = `❓ claude asks: npm test (/approve ${code}, /deny ${code}, 5m left)`;
  expect(await typed(world, '/status')).toContain(line);
  const his = await typed(world, '/status', inGroup(world, bo));
  expect(his).toContain(line);
  expect(his).toContain('run: awaiting approval');
  expect(await typed(world, '/status', inGroup(world, cy))).not.toContain(line);
});

test('open codes are suggested to those who may answer', async () => {
  await world.say('try npm test', inGroup(world, bo));
  const code = codeOf(await question());
  const ask = { chat: 'group', command: 'approve', verb: '', param: 'code', text: '', limit: 9 } as const;
  const route = inGroup(world).route ?? world.channel.direct();
  const suggested = (id: string) => world.channel.events.suggest({ ...ask, route, sender: { id, name: id } });
  expect(await suggested('bo')).toEqual([{ value: code, label: `${code} claude: npm test` }]);
  expect(await suggested('ann')).toHaveLength(1);
  expect(await suggested('cy')).toEqual([]);
  expect(
    await world.channel.events.suggest({
      ...ask,
      route: world.channel.direct('eve'),
      chat: 'direct',
      sender: { id: 'eve', name: 'Eve' },
    }),
  ).toEqual([]);
});

test('open codes are suggested in a server that is listed by its own id', async () => {
  const listed = { token: 't', allowFrom: ['bo'], groups: { lab: {} } };
  await reopen({}, 'telegram', {
    config: { channels: { telegram: listed }, commands: { ownerAllowFrom: ['telegram:ann'] } },
  });
  const there = { ...inGroup(world, bo), space: 'lab' };
  await world.say('try npm test', there);
  const code = codeOf(await question());
  const ask = { chat: 'group', command: 'approve', verb: '', param: 'code', text: '', limit: 9 } as const;
  const place = { route: there.route ?? world.channel.direct(), sender: bo.from };
  const suggested = async (space: string) =>
    (await world.channel.events.suggest({ ...ask, ...place, space })).map(({ value }) => value);
  expect(await suggested('lab')).toEqual([code]);
  expect(await suggested('elsewhere')).toEqual([]);
});

test('after a crash the old question is expired, and it is asked again once the work goes on', async () => {
  await world.say('try npm test');
  const before = await question();
  await world.restart('kill');
  const again = await question('asks again after the restart');
  await changes(before, 'ℹ️ expired: Switchyard was restarted');
  expect(await typed(world, `/approve ${codeOf(before)}`)).toContain(`It is asked again as ${codeOf(again)}.`);
  await world.channel.press('Allow once', { messageId: again.id });
  await world.channel.next('npm test: once');
});

test('a question that waits to be sent and is answered meanwhile is sent as answered', async () => {
  world.channel.judge(({ key }) => (key.startsWith('approval:') ? { retry: minute } : undefined));
  await world.say('try npm test', inGroup(world));
  await world.until(() => world.channel.attempts.some(({ key }) => key.startsWith('approval:')), 'the attempt');
  const [open] = world.engine.approvals.openFor({ id: 'telegram:ann', class: 'owner' });
  expect(await typed(world, `/approve ${open?.code}`)).toContain('✅ allowed once');
  world.channel.judge(undefined);
  await world.clock.advance(minute);
  const shown = await question();
  expect(shown.text).toContain('✅ allowed once by Ann');
  expect(buttons(shown)).toEqual([]);
  await world.channel.next('npm test: once');
});

test('a question that is answered while it is on its way shows it when it arrives', async () => {
  await reopen({ can: { idempotentSend: false } });
  let arrive = (): void => undefined;
  const deliver = world.channel.deliver.bind(world.channel);
  const held = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  world.channel.deliver = async (route, message, key) => {
    if (key.startsWith('approval:')) await held;
    return deliver(route, message, key);
  };
  await world.say('try npm test', inGroup(world));
  await world.until(() => world.engine.approvals.openFor({ id: '', class: 'owner' }).length === 1, 'the question');
  const [open] = world.engine.approvals.openFor({ id: '', class: 'owner' });
  expect(await typed(world, `/deny ${open?.code}`)).toContain('✅ denied');
  arrive();
  await changes(await question(), '⚠️ denied by Ann');
});

test('where the question cannot be shown it is denied at once', async () => {
  world.channel.judge(({ key }) => (key.startsWith('approval:') ? { refused: 'no', only: 'this' } : undefined));
  await world.say('try npm test');
  await world.channel.next('npm test: nobody');
});
