import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutboundMessage } from '../../../src/core/message.ts';
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
    expect(await ann.presses('A', { message: 'absent' })).toBe('This button is out of date.');
  });

  it('that are decided go, with the answer shown to the presser alone', async () => {
    await rig.close();
    rig = await openRig({ clock }, { clock });
    ann = rig.twin.person(7, 'Ann');
    await rig.adapter.start(hears(async () => undefined, { text: 'Approved.', decided: true }));
    await ann.says('/start');
    await until(() => rig.twin.unconfirmed === 0, 'the first word');
    await send({ text: 'may they?', choices: [{ label: 'Yes', id: 'y' }] });
    expect(await ann.presses('Yes')).toBe('Approved.');
    await until(() => rig.twin.messages(ann).every((each) => each.buttons.length === 0), 'the buttons to go');
    expect(shown()).toEqual(['may they?']);
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
    rig.twin.fault('getFile', 'reset-before');
    expect(await rig.adapter.fetch(file, 1_000)).toMatchObject({
      kind: 'failed',
      reason: 'Telegram did not hand it out',
    });
  });
});

describe('the command menu', () => {
  const commands = [
    { name: 'help', summary: 'What can be typed here.', access: 'anyone' },
    { name: 'pair', summary: 'Who may talk.', access: 'owner' },
    { name: 'max-age', summary: 'Not a name for Telegram.', access: 'anyone' },
  ] as const;

  it('is longer for the owner, leaves out what Telegram cannot name, and is set only when it differs', async () => {
    await rig.adapter.stop();
    for (let start = 0; start < 2; start += 1) {
      const adapter = rig.another({ commands, owners: () => ['7'] });
      await adapter.start(rig.events);
      await until(() => rig.twin.menu(ann).length === 2, 'the menu');
      await adapter.stop();
    }
    expect(rig.twin.menu(ann).map(({ command }) => command)).toEqual(['help', 'pair']);
    expect(rig.twin.menu(rig.twin.person(8, 'Bob')).map(({ command }) => command)).toEqual(['help']);
    expect(rig.twin.calls.filter(({ method }) => method === 'setMyCommands')).toHaveLength(2);
  });

  it('follows when somebody becomes the owner', async () => {
    await rig.adapter.stop();
    let owners: readonly string[] = [];
    const adapter = rig.another({ commands, owners: () => owners });
    await adapter.start(rig.events);
    await until(() => rig.twin.menu(ann).length === 1, 'the menu for everybody');
    owners = ['7'];
    adapter.refresh();
    await until(() => rig.twin.menu(ann).length === 2, 'the menu of the owner');
  });
});
