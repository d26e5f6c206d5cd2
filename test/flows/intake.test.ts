import { afterEach, beforeEach, expect, test } from 'vitest';
import { hang, say, wait } from '../fakes/script.ts';
import { answers, inboxRows, inboxStory, remembered } from './inbox-view.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

const minute = 60_000;
const stranger = { from: { id: 'zed', name: 'Zed' } };
let world: World;

const asked = (): string[] => world.agent.turns.map((turn) => turn.text);

async function heard(text: string, how?: Parameters<World['say']>[1]): Promise<void> {
  await world.say(text, how);
  await world.until(() => !world.engine.receiver.busy(), 'the message to be handled');
}

beforeEach(async () => {
  world = await openPeople();
});

afterEach(async () => {
  await world.settled();
  expect(inboxRows(world).filter((row) => row.state === 'accepted' || row.reason === null)).toEqual([]);
  expect(
    Object.values(remembered(world)).every((size) => size === 0),
    JSON.stringify(remembered(world)),
  ).toBe(true);
  await world.close();
});

test('a message a platform hands in again is not answered again, also across a restart', async () => {
  await heard('hello', { id: 'same' });
  await heard('hello', { id: 'same' });
  await world.settled();
  await world.restart();
  await heard('hello', { id: 'same' });
  await heard('hello', { id: 'same', ...bo });
  await world.settled();
  expect(asked()).toEqual(['hello', 'hello']);
  expect(inboxRows(world)).toHaveLength(2);
});

test('strangers get no answer to text, and a sentence to a native command; why is recorded', async () => {
  await world.close();
  world = await openPeople({
    config: { channels: { telegram: { token: 't', dmPolicy: 'allowlist', allowFrom: ['bo'], groups: { g: {} } } } },
  });
  await heard('hello', stranger);
  await heard('/status', stranger);
  await world.settled();
  expect(world.channel.sent).toEqual([]);
  expect(await typed(world, '/status', { ...stranger, native: true })).toBe('⚠️ you are not allowed to use this here.');
  expect(inboxStory(world)).toEqual([
    'hello: dropped (sender_not_allowed)',
    '/status: dropped (sender_not_allowed)',
    '/status: dropped (sender_not_allowed)',
  ]);
  expect(await world.engine.stores.sessions.get('agent:main:telegram:direct:zed')).toBeUndefined();
});

test('in a group text needs a mention and commands do not; groups that are not listed are not served', async () => {
  await heard('just talking', { ...inGroup(world, bo), mentionsBot: false });
  await heard('for you', inGroup(world, bo));
  expect(await typed(world, '/whoami', { ...inGroup(world, bo), mentionsBot: false })).toContain(
    'agent:main:telegram:group:g',
  );
  const elsewhere = {
    route: { channel: 'telegram', account: 'default', chat: 'h' },
    chat: 'group',
    mentionsBot: true,
  } as const;
  await heard('hello', elsewhere);
  await heard('/status', elsewhere);
  await world.settled();
  expect(asked()).toEqual(['for you']);
  expect(inboxStory(world)).toEqual([
    'just talking: dropped (not_mentioned)',
    'for you: done (success)',
    '/whoami: done (answered)',
    'hello: dropped (group_not_listed)',
    '/status: dropped (group_not_listed)',
  ]);
});

test('messages that waited too long are not acted on, which is told once until a fresh one comes', async () => {
  const old = { sentAt: world.clock.now() - 61 * minute };
  await heard('one', old);
  await heard('/stop', old);
  await heard('fresh');
  await world.settled();
  await heard('two', old);
  await world.settled();
  const told = 'ℹ️ I was away: a message here is 61 min old, so I did not act on it. Send it again if it still matters.';
  expect(world.channel.texts()).toEqual([told, 'ok', told]);
  expect(inboxStory(world)).toEqual([
    'one: dropped (too_old)',
    '/stop: dropped (too_old)',
    'fresh: done (success)',
    'two: dropped (too_old)',
  ]);
});

test('a stranger is not told about old messages either', async () => {
  await heard('old', { ...stranger, sentAt: world.clock.now() - 600 * minute });
  await world.settled();
  expect(world.channel.texts().filter((text) => text.includes('away'))).toEqual([]);
});

test('five hundred messages of a hundred strangers that waited offline lead to nothing', async () => {
  await world.close();
  world = await openPeople({
    config: { channels: { telegram: { token: 't', dmPolicy: 'allowlist', allowFrom: ['bo'] } } },
  });
  for (let n = 0; n < 500; n += 1) await world.say(`m${n}`, { from: { id: `s${n % 100}` } });
  await world.until(() => !world.engine.receiver.busy(), 'all of them to be handled');
  expect(world.channel.attempts).toEqual([]);
  expect(world.agent.turns).toEqual([]);
});

test('commands answer at once while every slot is wedged', async () => {
  world.agent.always(/.*/, [hang({ deaf: true })]);
  for (const id of ['ann', 'bo', 'cy']) await world.say('work', { from: { id } });
  await world.say('work', inGroup(world));
  await world.until(() => asked().length === 4, 'every slot to be taken');
  await heard('one more', inGroup(world, {}, '5'));
  expect(await typed(world, '/status')).toContain('main 4/4 (+1)');
  const stopped = world.channel.next('⚠️');
  await world.say('/stop');
  expect(await typed(world, '/help', bo)).toContain('/stop');
  await world.until(
    () => world.engine.layer.turns.active('agent:main:telegram:direct:ann')?.cause === 'user',
    'the stop',
  );
  await world.clock.advance(1_000);
  expect((await stopped).text).toContain('1 s');
  for (const turn of world.engine.layer.turns.allActive()) world.engine.layer.turns.abort(turn.session, 'user');
  await world.clock.advance(10_000);
  await world.until(() => asked().length === 5, 'the waiting one');
  world.engine.layer.turns.abort('agent:main:telegram:group:g:topic:5', 'user');
  await world.clock.advance(10_000);
});

test('two messages, and a message and the /stop after it, keep their order', async () => {
  world.agent.always(/.*/, [hang()]);
  const stop = world.channel.next('stopped');
  await Promise.all([world.say('work'), world.say('/stop')]);
  expect((await stop).text).toMatch(/^✅ stopped: 1 (turn here|waiting message)\./);
  world.agent.always(/.*/, ({ text }) => [wait(1000), say(`done: ${text}`)]);
  await typed(world, '/queue followup');
  await Promise.all(['a', 'b', 'c', 'd'].map((text) => world.say(text)));
  await world.until(() => !world.engine.receiver.busy(), 'their places');
  for (let n = 1; n <= 4; n += 1) {
    await world.clock.advance(1000);
    await world.until(() => answers(world).length === n, 'its answer');
  }
  expect(answers(world)).toEqual(['a', 'b', 'c', 'd'].map((text) => `done: ${text}`));
});

test('a long text that the platform cut into parts is one message, also where only its beginning mentions the bot', async () => {
  const long = 'x'.repeat(4_096);
  await heard(long, inGroup(world, bo));
  await heard('the end', { ...inGroup(world, bo), mentionsBot: false });
  await world.settled();
  expect(asked()).toEqual([`${long}the end`]);
  expect(inboxStory(world).map((row) => row.slice(-30))).toEqual([
    expect.stringContaining('done (success)'),
    'the end: done (joined to 1)',
  ]);
  await heard(long);
  expect(asked()).toHaveLength(1);
  await heard('/whoami');
  await world.settled();
  expect(asked()).toHaveLength(2);
});

test('a part of a long text is answered after a restart', async () => {
  await heard('y'.repeat(4_096));
  await world.restart();
  await world.clock.advance(1_500);
  await world.settled();
  expect(asked()).toEqual(['y'.repeat(4_096)]);
});

test('a conversation bound to a session that is gone says so and reaches nobody else, until it is unbound', async () => {
  await typed(world, '/subagents spawn main count');
  await world.settled();
  expect(await typed(world, '/focus 1')).toContain('count');
  await world.engine.stores.sessions.archive(world.run('count').child);
  const before = asked().length;
  expect(await world.ask('are you there?', 'session_gone')).toMatch(/^⚠️ .*count.*\/unfocus/);
  expect(await typed(world, '/steer hello')).toMatch(/^⚠️ .*count.*\/unfocus/);
  expect(asked()).toHaveLength(before);
  expect(inboxStory(world)).toContain('are you there?: dropped (session_gone)');
  expect(await typed(world, '/unfocus')).toContain('answers again');
  await heard('are you there?');
  await world.settled();
  expect(asked()).toHaveLength(before + 1);
});

test('the most specific binding chooses the agent, and agents do not share sessions', async () => {
  await world.close();
  world = await openPeople({
    config: {
      agents: { list: [{ id: 'main' }, { id: 'work' }, { id: 'group' }, { id: 'vip' }] },
      bindings: [
        { agentId: 'work', match: { channel: 'telegram' } },
        { agentId: 'group', match: { channel: 'telegram', chat: 'g' } },
        { agentId: 'vip', match: { channel: 'telegram', sender: 'bo' } },
      ],
    },
  });
  for (const [how, key] of [
    [{}, 'agent:work:telegram:direct:ann'],
    [bo, 'agent:vip:telegram:direct:bo'],
    [inGroup(world), 'agent:group:telegram:group:g'],
  ] as const) {
    await heard('hello', how);
    await world.settled();
    expect(world.agent.turns.at(-1)?.session).toBe(key);
    expect(world.agent.turns.at(-1)?.prompt.history).toHaveLength(1);
  }
});

test('nothing of one conversation is in the prompt of another', async () => {
  const people = [{}, bo, inGroup(world), inGroup(world, {}, '7')];
  for (const [n, how] of people.entries()) await heard(`secret ${n}`, how);
  await world.settled();
  for (const [n, how] of people.entries()) await heard(`again ${n}`, how);
  await world.settled();
  for (const turn of world.agent.turns) {
    const said = turn.prompt.history.map((entry) => JSON.stringify(entry)).join();
    const own = /(secret|again) (\d)/.exec(turn.text)?.[2];
    expect(said.match(/(?:secret|again) \d/g)?.every((word) => word.endsWith(` ${own}`))).toBe(true);
  }
});

test('a step that fails answers a sentence, and the next message is handled', async () => {
  const { bindings } = world.engine.delivery;
  const at = bindings.at.bind(bindings);
  bindings.at = async () => {
    bindings.at = at;
    throw new Error('the disk is full');
  };
  await Promise.all([world.say('first'), world.say('second')]);
  await world.settled();
  expect(world.channel.texts()).toEqual([
    '⚠️ this message could not be handled; the log says why. Please send it again.',
    'ok',
  ]);
  expect(inboxStory(world)).toEqual(['first: dropped (intake_failed)', 'second: done (success)']);
});

test('messages of a shared session do not move the place of the owner', async () => {
  await world.close();
  world = await openPeople({ config: { session: { dmScope: 'main' } } });
  await heard('hello');
  await heard('hello', bo);
  await world.settled();
  expect(await world.engine.stores.sessions.get('agent:main:main')).toMatchObject({
    ...{ lastChannel: 'telegram', lastTo: 'ann', lastAccountId: 'default', ownerOnly: false },
  });
  expect(world.channel.texts(world.channel.direct('bo'))).toEqual(['ok']);
});

test('a command of more than one message is put together before it runs', async () => {
  const task = Array.from({ length: 1_300 }, (_, index) => `w${index}`).join(' ');
  const line = `/subagents spawn main ${task}`;
  const cut = line.lastIndexOf(' ', 4_090);
  await openTelegram();
  const started = world.channel.next(/started/);
  await world.say(line.slice(0, cut));
  await world.say(line.slice(cut + 1));
  await started;
  await world.settled();
  expect(world.runs().map((run) => run.task.split(/\s/))).toEqual([task.split(' ')]);
  expect(world.agent.turns).toHaveLength(1);
});

test('the rest of a long text is no command because it begins with a path, but a command ends the text', async () => {
  await openTelegram();
  const names = Array.from({ length: 200 }, (_, index) => `/usr/lib/file-number-${index}`).join('\n');
  const cut = names.lastIndexOf('\n', 4_080);
  // A short path has the shape of a command, but is the name of none.
  const list = `${names.slice(0, cut)}\n/tmp${names.slice(cut)}`;
  await world.say(list.slice(0, cut).replace('/usr', 'look at /usr'));
  await world.say(list.slice(cut + 1));
  await world.settled();
  expect(world.channel.texts()).toEqual(['ok']);
  expect(world.agent.turns.map((turn) => turn.text)).toEqual([list.replace('/usr', 'look at /usr')]);
  const whoami = world.channel.next(/^You:/);
  await world.say('x'.repeat(4_000));
  await world.say('/whoami');
  await whoami;
  await world.settled();
  expect(world.agent.turns.at(-1)?.text).toBe('x'.repeat(4_000));
});

/** The console never cuts a text. */
async function openTelegram(): Promise<void> {
  world = await openPeople();
}
