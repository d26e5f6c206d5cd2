import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { captionText, type OutboundMessage } from '../../../src/core/message.ts';
import type { Route } from '../../../src/core/route.ts';
import { hears } from '../../fakes/channel-events.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/telegram/people.ts';
import { chat, openRig, type Rig } from './rig.ts';

let rig: Rig;
let ann: Person;
const clock = fastClock(100);
beforeEach(async () => {
  rig = await openRig({ clock }, { clock });
  ann = rig.twin.person(7, 'Ann');
  await rig.adapter.start(rig.events);
  await ann.says('/start');
  await until(() => rig.taken.length === 1, 'the first word');
});
afterEach(() => rig.close());

const send = (message: OutboundMessage | string, route: Route = chat(7)) =>
  rig.adapter.deliver(route, typeof message === 'string' ? { text: message } : message, 'key');
const shown = (): readonly string[] => rig.twin.shown(ann);

describe('a message', () => {
  it('arrives formatted, with what is no markup as it is', async () => {
    await send('**Done**: `a < b & <b>`, see [the page](https://example.org/x?a=1&b=2)');
    const [message] = rig.twin.messages(ann).filter((each) => each.mine);
    expect(message?.text).toBe('Done: a < b & <b>, see the page');
    expect(message?.entities.map(({ type }) => type)).toEqual(['bold', 'code', 'text_link']);
  });

  it('whose formatting Telegram cannot read arrives once, as plain text', async () => {
    rig.twin.fault('sendMessage', { status: 400, description: "Bad Request: can't parse entities: whatever" });
    expect(await send('**Done** anyway')).toMatchObject({ status: 'sent' });
    expect(shown()).toEqual(['**Done** anyway']);
  });

  it('quotes what it answers, and arrives also when that is gone', async () => {
    const asked = await ann.says('why?');
    await send({ text: 'because', replyTo: String(asked) });
    await send({ text: 'still', replyTo: '4711' });
    const mine = rig.twin.messages(ann).filter((each) => each.mine);
    expect(mine.map(({ text, replyTo }) => [text, replyTo])).toEqual([
      ['because', asked],
      ['still', undefined],
    ]);
  });

  it('of the longest size fits, however it is made up', async () => {
    for (const text of ['x'.repeat(4096), '😀'.repeat(2048), `\`\`\`js\n${'&'.repeat(4080)}\n\`\`\``])
      expect(await send(text)).toMatchObject({ status: 'sent' });
  });
});

describe('a message with a file', () => {
  const document = { name: 'result.md', text: '# All of it\n\nEvery wörd.' };

  it('arrives as the file, with its text formatted below it, its buttons and its quote', async () => {
    const asked = await ann.says('and?');
    const choices = [{ label: 'Log', id: 'id-log' }];
    const receipt = await send({
      text: '**Done**, the rest is in the file',
      document,
      choices,
      replyTo: String(asked),
    });
    const [message] = rig.twin.messages(ann).filter((each) => each.mine);
    expect(receipt).toEqual({ status: 'sent', messageIds: [String(message?.id)] });
    expect(message).toMatchObject({ text: 'Done, the rest is in the file', replyTo: asked, buttons: ['Log'] });
    expect(message?.entities.map(({ type }) => type)).toEqual(['bold']);
    expect(message?.file?.name).toBe('result.md');
    expect(Buffer.from(message?.file?.data ?? []).toString()).toBe(document.text);
  });

  it('goes once more without formatting when Telegram cannot read that', async () => {
    rig.twin.fault('sendDocument', { status: 400, description: "Bad Request: can't parse entities: whatever" });
    expect(await send({ text: '**Done** anyway', document })).toMatchObject({ status: 'sent' });
    expect(rig.twin.messages(ann).filter((each) => each.mine)).toMatchObject([
      { text: '**Done** anyway', file: { name: 'result.md' } },
    ]);
  });

  it('of the longest size that may stand beside a file fits, however it is made up', async () => {
    for (const text of [
      'x'.repeat(captionText),
      '😀'.repeat(captionText / 2),
      `| a |\n|---|\n${'| b |\n'.repeat(160)}`,
    ])
      expect(await send({ text, document })).toMatchObject({ status: 'sent' });
  });
});

describe('buttons', () => {
  it('show their labels, two in a row, and come back with their id', async () => {
    const choices = ['A', 'B', 'C'].map((label) => ({ label, id: `id-${label}` }));
    await send({ text: 'choose', choices });
    const [message] = rig.twin.messages(ann).filter((each) => each.mine);
    expect(message?.markup?.inline_keyboard.map((row) => row.map(({ text }) => text))).toEqual([['A', 'B'], ['C']]);
    expect(await ann.presses('B')).toBe('');
    expect(rig.events.presses).toMatchObject([
      { choice: 'id-B', sender: { id: '7' }, messageId: String(message?.id), chat: 'direct' },
    ]);
  });

  it('forged or without a message are answered all the same', async () => {
    await send({ text: 'choose', choices: [{ label: 'A', id: 'a' }] });
    expect(await ann.presses({ data: 'forged' })).toBe('');
    expect(rig.events.presses.at(-1)?.choice).toBe('');
    expect(await ann.presses('A', { message: 'absent' })).toBe(
      'this button is out of date; type the command for a fresh one',
    );
  });

  it('that are decided go, with the answer shown to the presser alone', async () => {
    await rig.close();
    rig = await openRig({ clock }, { clock });
    ann = rig.twin.person(7, 'Ann');
    await rig.adapter.start(hears(async () => undefined, { text: 'Approved.', decided: true }));
    await ann.says('/start');
    await until(() => rig.twin.unconfirmed === 0, 'the first word');
    await send({ text: 'may they?', choices: [{ label: 'Yes', id: 'y' }] });
    const asked = String(rig.twin.messages(ann).at(-1)?.id);
    expect(await ann.presses('Yes')).toBe('Approved.');
    await send({ text: 'Bob may talk to me now', replyTo: asked });
    await until(() => rig.twin.messages(ann).every((each) => each.buttons.length === 0), 'the buttons to go');
    expect(shown()).toEqual(['may they?', 'Bob may talk to me now']);
  });
});

describe('an edit', () => {
  it('changes the message; the same text again is no failure', async () => {
    const receipt = await send('one');
    const id = receipt.status === 'sent' ? (receipt.messageIds[0] ?? '') : '';
    expect(await rig.adapter.edit(chat(7), id, { text: 'two' })).toMatchObject({ status: 'sent' });
    expect(await rig.adapter.edit(chat(7), id, { text: 'two' })).toMatchObject({ status: 'sent' });
    expect(shown()).toEqual(['two']);
  });

  it('of a message that is gone is refused, and one of unknown outcome may be repeated', async () => {
    expect(await rig.adapter.edit(chat(7), '4711', { text: 'x' })).toMatchObject({ status: 'refused' });
    rig.twin.fault('editMessageText', 'reset-after');
    expect(await rig.adapter.edit(chat(7), '4711', { text: 'x' })).toMatchObject({ status: 'retry' });
  });
});

describe('the receipt of a send', () => {
  it.each([
    ['refused for a pause', { status: 429, retryAfter: 3 }, 'retry', 0],
    ['that broke before it arrived', 'reset-before', 'ambiguous', 0],
    ['that broke after it arrived', 'reset-after', 'ambiguous', 1],
    ['answered with a page', 'html', 'ambiguous', 0],
    ['cut in the answer', 'cut', 'ambiguous', 1],
    ['never answered', 'hang', 'ambiguous', 0],
    ['of a failing server', { status: 500 }, 'ambiguous', 0],
  ] as const)('%s is honest', async (_what, fault, status, arrived) => {
    rig.twin.fault('sendMessage', fault);
    expect(await send('once')).toMatchObject({ status });
    expect(shown()).toHaveLength(arrived);
  });

  it('names the pause to the chat, and to the whole bot once a second chat is told to pause', async () => {
    const bob = rig.twin.person(8, 'Bob');
    await bob.says('hi');
    rig.twin.fault('sendMessage', { status: 429, retryAfter: 5 }, 2);
    const first = await send('x');
    expect(first).toMatchObject({ status: 'retry', silence: 'chat' });
    expect(first.status === 'retry' && first.afterMs).toBeGreaterThanOrEqual(5_000);
    expect(await send('x', chat(8))).toMatchObject({ status: 'retry', silence: 'account' });
  });

  it('is surely not sent while nobody listens', async () => {
    await rig.twin.down();
    await until(() => rig.adapter.health().state === 'disconnected', 'the outage to be noticed');
    expect(await send('x')).toMatchObject({ status: 'retry' });
  });

  it('is surely not sent while polls get no answer: on a dead line nobody could tell whether it left', async () => {
    rig.twin.fault('getUpdates', 'hang', Infinity);
    await ann.says('ends the poll that is held now');
    await until(() => rig.adapter.health().state === 'disconnected', 'the silence to be noticed');
    rig.twin.fault('sendMessage', 'reset-after');
    expect(await send('x')).toMatchObject({ status: 'retry' });
    expect(rig.twin.calls.some(({ method }) => method === 'sendMessage')).toBe(false);
    rig.twin.heal();
    await until(() => rig.adapter.health().state === 'connected', 'the line to be back');
    expect(await send('x')).toMatchObject({ status: 'sent' });
  });

  it('says that the chat is closed where the person blocked the bot, and that it is open again', async () => {
    await ann.blocks();
    expect(await send('x')).toMatchObject({
      status: 'refused',
      closed: true,
      reason: 'the person has blocked the bot',
    });
    await ann.unblocks();
    await until(() => rig.events.opens.length === 1, 'the news');
    expect(rig.events.opens).toEqual([chat(7)]);
  });

  it('takes no files for an hour where Telegram refused one, and texts as before', async () => {
    rig.twin.group(-1005, { title: 'Team', members: [ann] });
    rig.twin.fault('sendDocument', {
      status: 400,
      description: 'Bad Request: not enough rights to send documents to the chat',
    });
    const team = chat(-1005);
    expect(rig.adapter.takesFiles(team)).toBe(true);
    const file = { text: 'below', document: { name: 'result.md', text: 'all of it' } };
    expect(await rig.adapter.deliver(team, file, 'k')).toMatchObject({ status: 'retry', afterMs: 0 });
    expect([rig.adapter.takesFiles(team), rig.adapter.takesFiles(chat(7))]).toEqual([false, true]);
    expect(await send('x', team)).toMatchObject({ status: 'sent' });
  });

  it('says that the group is closed where the bot may not write, and that it is open again once it was promoted', async () => {
    const team = rig.twin.group(-1005, { title: 'Team', members: [ann] });
    rig.twin.fault('sendMessage', {
      status: 400,
      description: 'Bad Request: not enough rights to send text messages to the chat',
    });
    expect(await send('x', chat(-1005))).toMatchObject({
      status: 'refused',
      closed: true,
      reason: 'the bot has no right to write here',
    });
    team.promotesBot({ can_manage_chat: true });
    await until(() => rig.events.opens.length === 1, 'the news');
    expect(rig.events.opens).toEqual([chat(-1005)]);
  });

  it('says so where the bot was removed from the group, or was never there', async () => {
    const team = rig.twin.group(-1005, { title: 'Team', members: [ann] });
    team.removesBot();
    expect(await send('x', chat(-1005))).toMatchObject({ status: 'refused', closed: true });
    expect(await send('x', chat(-1006))).toMatchObject({ status: 'refused', closed: true });
    expect(await send('x', { channel: 'telegram', account: 'default', chat: 'nobody' })).toMatchObject({
      status: 'refused',
    });
  });
});

describe('a forum', () => {
  const rights = { can_manage_topics: true };

  it('has its answers in the topic, and those of General without a topic', async () => {
    const forum = rig.twin.group(-1005, { title: 'Forum', members: [ann], forum: true, botRights: rights });
    const route = await rig.adapter.openThread(chat(-1005), '🤖 docs');
    await send('in docs', route);
    await send('in general', chat(-1005));
    const mine = rig.twin.messages(forum).filter((each) => each.mine && each.text !== '');
    expect(mine.map(({ text, thread }) => [text, thread])).toEqual([
      ['in docs', Number(route.thread)],
      ['in general', undefined],
    ]);
  });

  it('is known as one after a message there, and only its General can get topics', async () => {
    rig.twin.group(-1005, { members: [ann], forum: true, botRights: rights });
    rig.twin.group(-1006, { members: [ann] });
    expect(rig.adapter.opensThreads(chat(-1005))).toBe(false);
    await ann.says('/stop', { in: -1005 });
    await ann.says('/stop', { in: -1006 });
    await until(() => rig.taken.length === 3, 'the messages');
    expect([chat(-1005), chat(-1005, 4), chat(-1006), chat(7)].map((route) => rig.adapter.opensThreads(route))).toEqual(
      [...[true, false, false, false]],
    );
  });

  it('says which right is missing, and opens nothing twice when the answer is lost', async () => {
    rig.twin.group(-1005, { members: [ann], forum: true, botRights: 'member' });
    await expect(rig.adapter.openThread(chat(-1005), 'x')).rejects.toThrow(/no right to open topics here/);
    rig.twin.fault('createForumTopic', 'reset-after');
    await expect(rig.adapter.openThread(chat(-1005), 'x')).rejects.toThrow(/did not answer in time/);
    expect(rig.twin.calls.filter(({ method }) => method === 'createForumTopic')).toHaveLength(2);
  });

  it('refuses what is for a topic that is closed or deleted, the chat staying open', async () => {
    const forum = rig.twin.group(-1005, { members: [ann], forum: true, botRights: rights });
    const route = await rig.adapter.openThread(chat(-1005), 'x');
    forum.deletesTopic(Number(route.thread));
    const receipt = await send('x', route);
    expect(receipt).toMatchObject({ status: 'refused', reason: 'the topic is closed or gone' });
    expect(receipt).not.toHaveProperty('closed');
  });
});

it('a direct chat is known from the id of its person, and from nothing else', () => {
  expect(rig.adapter.direct('7')).toEqual(chat(7));
  for (const other of ['-100', 'ann', '@ann', '']) expect(rig.adapter.direct(other)).toBeUndefined();
});

describe('a group that becomes a supergroup', () => {
  it('is told, by its own message and by a send to the old id, which is then to be repeated', async () => {
    const team = rig.twin.group(-5, { title: 'Team', members: [ann], type: 'group' });
    team.upgrades(-1005);
    expect(await send('x', chat(-5))).toMatchObject({ status: 'retry', afterMs: 0 });
    await until(() => rig.events.moves.length >= 2, 'the news');
    for (const move of rig.events.moves) expect(move).toEqual({ from: chat(-5), to: chat(-1005) });
  });
});

describe('typing', () => {
  it('is shown until the answer, and its failures are nobody’s business', async () => {
    const { adapter, twin } = rig;
    const actions = (): number => twin.calls.filter(({ method }) => method === 'sendChatAction').length;
    twin.fault('sendChatAction', { status: 500 });
    adapter.signal(chat(7), 'typing');
    await until(() => actions() >= 3, 'typing to go on');
    adapter.signal(chat(7), 'idle');
    const before = actions();
    const end = clock.now() + 20_000;
    await until(() => clock.now() > end, 'time to pass');
    expect(actions()).toBeLessThanOrEqual(before + 1);
  });
});

describe('a file', () => {
  it('is fetched by its id, up to the limit', async () => {
    const data = new TextEncoder().encode('three offers');
    await ann.says('compare', { document: { name: 'offers.txt', data } });
    await until(() => rig.taken.length === 2, 'the message');
    const [file] = rig.taken[1]?.files ?? [];
    if (file === undefined) throw new Error('no file');
    const fetched = await rig.adapter.fetch(file, 1_000);
    expect(fetched.kind === 'file' && new TextDecoder().decode(fetched.data)).toBe('three offers');
    expect(await rig.adapter.fetch(file, 5)).toEqual({ kind: 'too-large' });
    const { bytes: _unknown, ...unnamed } = file;
    expect(await rig.adapter.fetch(unnamed, 5)).toEqual({ kind: 'too-large' });
  });

  it('is asked for once more when the answer is lost, and no further', async () => {
    const asks = (): number => rig.twin.calls.filter(({ method }) => method === 'getFile').length;
    await ann.says('compare', { document: { name: 'offers.txt', data: 'x' } });
    await until(() => rig.taken.length === 2, 'the message');
    const [file] = rig.taken[1]?.files ?? [];
    if (file === undefined) throw new Error('no file');
    rig.twin.fault('getFile', 'reset-after');
    expect(await rig.adapter.fetch(file, 1_000)).toMatchObject({ kind: 'file' });
    expect(asks()).toBe(2);
    rig.twin.fault('getFile', 'reset-before', 2);
    const failed = { kind: 'failed', reason: 'Telegram did not hand it out' };
    expect(await rig.adapter.fetch(file, 1_000)).toMatchObject(failed);
    expect(asks()).toBe(4);
    rig.twin.fault('getFile', { status: 400, description: 'Bad Request: file is temporarily unavailable' });
    expect(await rig.adapter.fetch(file, 1_000)).toMatchObject({ kind: 'failed' });
    expect(asks()).toBe(5);
  });
});
