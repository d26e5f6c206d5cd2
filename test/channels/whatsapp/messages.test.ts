// What people on WhatsApp and the rest of the program see of each other, over the wire: the real library, encrypted both ways.
import { describe, expect, test } from 'vitest';
import { until } from '../../fakes/wait.ts';
import { openMessageRig, place } from './message-rig.ts';

const sentId = (receipt: Awaited<ReturnType<Awaited<ReturnType<typeof openMessageRig>>['deliver']>>): string => {
  if (receipt.status !== 'sent') throw new Error(`it is ${JSON.stringify(receipt)}`);
  return receipt.messageIds[0] ?? '';
};

describe('a direct chat', () => {
  test.each(['lid', 'pn'] as const)('addressed by %s is one chat with one person, and answers arrive', async (form) => {
    const rig = await openMessageRig({ addressing: form });
    const ann = rig.twin.person('Ann');
    await ann.says('hello');
    const heard = await rig.hears('hello');
    expect(heard).toMatchObject({ sender: { id: ann.human.pn, aka: [ann.jid('lid')], name: 'Ann' }, chat: 'direct' });
    expect(heard.route.chat).toBe(ann.jid('pn'));
    expect(heard.backlog).toBeUndefined();
    expect(await rig.deliver(heard.route.chat, '**hi** Ann')).toMatchObject({ status: 'sent' });
    expect((await rig.twin.next(ann, 'hi')).text).toBe('*hi* Ann');
    await ann.says('other way', { as: form === 'lid' ? 'pn' : 'lid' });
    expect((await rig.hears('other way')).route).toEqual(heard.route);
    expect(rig.events.moves).toEqual([]);
    expect(rig.twin.violations).toEqual([]);
  });

  test('shows quotes, changes and reactions both ways', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    const question = await ann.says('which one?');
    const { route, id } = await rig.hears('which one?');
    const ours = sentId(await rig.deliver(route.chat, { text: 'the frst', replyTo: id }));
    expect((await rig.twin.next(ann, 'the frst')).quoted).toMatchObject({ id: question.id, text: 'which one?' });
    expect(await rig.adapter().edit(route, ours, { text: 'the first' })).toEqual({
      status: 'sent',
      messageIds: [ours],
    });
    await until(() => rig.twin.shown(ann)[0]?.text === 'the first', 'the change');

    await ann.says('sure?', { quote: { id: ours } });
    expect(await rig.hears('sure?')).toMatchObject({ replyTo: ours, quote: { text: 'the first' } });
    await ann.reacts('👍', { id: ours });
    await until(() => rig.events.reactions.length === 1, 'the reaction');
    expect(rig.events.reactions).toMatchObject([{ messageId: ours, emoji: '👍', route }]);
    await ann.edits(question, 'which two?');
    await until(() => rig.events.edits.length === 1, 'the change');
    expect(rig.events.edits).toMatchObject([{ id, text: 'which two?' }]);
    expect(rig.twin.violations).toEqual([]);
  });

  test('whose messages disappear is answered with the same timer', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    await ann.says('for a day', { expiration: 86_400, wrap: 'ephemeral' });
    const { route } = await rig.hears('for a day');
    await rig.deliver(route.chat, 'gone tomorrow');
    expect((await rig.twin.next(ann, 'gone tomorrow')).expiration).toBe(86_400);
  });

  test('with oneself is the owner speaking, and our answers there are no commands', async () => {
    const rig = await openMessageRig();
    await rig.phone.says('/status');
    const heard = await rig.hears('/status');
    expect(heard).toMatchObject({ sender: { id: rig.phone.human.pn }, chat: 'direct' });
    expect(heard.route.chat).toBe(rig.phone.jid('pn'));
    await rig.deliver(heard.route.chat, '/echo');
    await rig.twin.next(rig.phone, '/echo');
    const ann = rig.twin.person('Ann');
    await rig.phone.says('to Ann', { to: ann });
    await rig.phone.says('by lid', { as: 'lid' });
    expect((await rig.hears('by lid')).route).toEqual(heard.route);
    expect(rig.taken.map(({ text }) => text)).toEqual(['/status', 'by lid']);
    expect(rig.twin.violations).toEqual([]);
  });
});

describe('a group', () => {
  test('is heard with its members, by mention and by answer, and answered', async () => {
    const rig = await openMessageRig();
    const [ann, ben] = [rig.twin.person('Ann'), rig.twin.person('Ben')];
    const group = rig.twin.group({ members: [ann, ben] });
    await ann.says('hello all', { in: group });
    const idle = await rig.hears('hello all');
    expect(idle).toMatchObject({ chat: 'group', mentionsBot: false, sender: { id: ann.human.pn } });
    expect(idle.route.chat).toBe(group.jid);
    await ben.says('/subagents list', { in: group, mention: true });
    await until(() => rig.taken.length === 2, 'the mention');
    expect(rig.taken[1]).toMatchObject({ mentionsBot: true, text: '/subagents list', sender: { id: ben.human.pn } });
    const ours = sentId(await rig.deliver(group.jid, 'none'));
    await rig.twin.next(group, 'none');
    await ann.says('really?', { in: group, quote: { id: ours } });
    expect(await rig.hears('really?')).toMatchObject({ mentionsBot: true, replyTo: ours });
    expect(rig.twin.violations).toEqual([]);
  });
});

describe('what happened while we were away', () => {
  test('is taken in order, each once, and marked', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    await ann.says('before');
    await rig.hears('before');
    await rig.stop();
    for (const text of ['one', 'two', 'three']) await ann.says(text);
    await rig.start();
    await rig.hears('three');
    expect(rig.taken.map(({ text, backlog }) => [text, backlog])).toEqual([
      ['before', undefined],
      ...['one', 'two', 'three'].map((text) => [text, true]),
    ]);
  });

  test('by many strangers is marked, every message of theirs, and nothing is said to anybody', async () => {
    const rig = await openMessageRig();
    await rig.stop();
    const strangers = Array.from({ length: 20 }, (_, index) => rig.twin.person(`Stranger ${index}`));
    for (const round of [1, 2, 3, 4, 5])
      await Promise.all(strangers.map((stranger) => stranger.says(`${stranger.name}, ${round}`)));
    await rig.start();
    await until(() => rig.taken.length === 100, 'all messages');
    expect(rig.taken.every(({ backlog }) => backlog === true)).toBe(true);
    for (const stranger of strangers) {
      const own = rig.taken.filter(({ sender }) => sender.id === stranger.human.pn);
      expect(own.map(({ text }) => text)).toEqual([1, 2, 3, 4, 5].map((round) => `${stranger.name}, ${round}`));
      expect(rig.twin.shown(stranger)).toEqual([]);
    }
  });

  test('of an earlier message is known: quotes and reactions name it, and a phone can have it again', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    await ann.says('hello');
    const { route } = await rig.hears('hello');
    const ours = sentId(await rig.deliver(route.chat, 'Approve? 1 yes 2 no'));
    await rig.twin.next(ann, 'Approve?');
    await rig.stop();
    await rig.start();
    const before = rig.twin.shown(ann)[0]?.times ?? 0;
    ann.asksRetry({ id: ours });
    await until(() => (rig.twin.shown(ann)[0]?.times ?? 0) > before, 'the message again');
    await ann.reacts('👍', { id: ours });
    await until(() => rig.events.reactions.length === 1, 'the reaction');
    const mallory = rig.twin.person('Mallory', { known: true });
    mallory.asksRetry({ id: ours });
    await mallory.says('give me that');
    await rig.hears('give me that');
    expect(rig.twin.shown(mallory)).toEqual([]);
  });
});

describe('the same message twice', () => {
  test.each(['ciphertext', 'reencrypted'] as const)('(%s) has one id, and is handed in as the same', async (how) => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    const ref = await ann.says('/kill all');
    await rig.hears('/kill all');
    await ann.repeats(ref, how);
    await ann.says('after');
    await rig.hears('after');
    expect(rig.taken.filter(({ text }) => text === '/kill all')).toHaveLength(1);
  });
});

describe('a message of ours', () => {
  test('refused with 463 is refused, and with 479, and neither was shown', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    await ann.says('hello');
    const { route } = await rig.hears('hello');
    for (const code of [463, 479]) {
      rig.twin.disconnects.nack(code);
      expect(await rig.deliver(route.chat, `no ${code}`)).toMatchObject({
        status: 'refused',
        reason: expect.stringContaining(`${code}`),
      });
    }
    expect(await rig.deliver(route.chat, 'yes')).toMatchObject({ status: 'sent' });
    await rig.twin.next(ann, 'yes');
    expect(rig.twin.shown(ann).map(({ text }) => text)).toEqual(['yes']);
  });

  test('whose confirmation broke off with the connection shows once when it is sent again', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    await ann.says('hello');
    const { route } = await rig.hears('hello');
    rig.twin.disconnects.swallowAcks(1);
    const first = rig.deliver(route.chat, 'the result', 'final:1:0');
    await rig.twin.next(ann, 'the result');
    rig.twin.disconnects.drop();
    expect(await first).toMatchObject({ status: 'ambiguous' });
    await until(() => rig.adapter().health().state === 'connected', 'the connection again');
    expect(await rig.deliver(route.chat, 'the result', 'final:1:0')).toMatchObject({ status: 'sent' });
    expect(rig.twin.shown(ann)).toHaveLength(1);
    expect(rig.twin.violations).toEqual([]);
  });

  test('that goes as a file arrives with it, and files of people can be read', async () => {
    const rig = await openMessageRig();
    rig.twin.media.trust();
    const ann = rig.twin.person('Ann');
    await ann.sendsFile({ data: Buffer.from('pixels'), mime: 'image/png', caption: 'look' });
    const { route, files = [] } = await rig.hears('look');
    const [file] = files;
    if (file === undefined) throw new Error('no file');
    const fetched = await rig.adapter().fetch(file, 1_000);
    expect(fetched.kind === 'file' ? Buffer.from(fetched.data).toString() : fetched).toBe('pixels');
    const document = { name: 'result.md', text: '# all of it' };
    expect(await rig.deliver(route.chat, { text: 'the beginning', document })).toMatchObject({ status: 'sent' });
    const { content } = await rig.twin.next(ann, 'the beginning');
    expect(rig.twin.media.fileIn(content)).toMatchObject({ name: 'result.md', data: Buffer.from('# all of it') });
  });

  test('is on its way while typing shows, and typing ends', async () => {
    const rig = await openMessageRig();
    const ann = rig.twin.person('Ann');
    await ann.says('hello');
    const { route } = await rig.hears('hello');
    rig.adapter().signal(route, 'typing');
    await until(() => rig.twin.typing(ann), 'typing');
    rig.adapter().signal(place(route.chat), 'idle');
    await until(() => !rig.twin.typing(ann), 'the end of typing');
  });
});

describe('the message that asked', () => {
  test('has a sign while it is worked on, another one when it is done, or none', async () => {
    const rig = await openMessageRig();
    const [ann, ben] = [rig.twin.person('Ann'), rig.twin.person('Ben')];
    const group = rig.twin.group({ members: [ann, ben] });
    await ann.says('do it');
    await ben.says('this too', { in: group });
    for (const [text, where] of [
      ['do it', ann],
      ['this too', group],
    ] as const) {
      const { route, id } = await rig.hears(text);
      for (const [sign, emoji] of [
        ['working', '⏳'],
        ['done', '✅'],
        ['idle', ''],
      ] as const) {
        rig.adapter().signal(route, sign, id);
        const shown = () =>
          rig.twin
            .messages(where)[0]
            ?.reactions.map((each) => each.emoji)
            .join('') ?? '';
        await until(() => shown() === emoji, `${sign} on "${text}"`);
      }
    }
    expect(rig.twin.typing(ann)).toBe(false);
    expect(rig.twin.violations).toEqual([]);
  });
});

test('nothing people write is in the log', async () => {
  const rig = await openMessageRig();
  const ann = rig.twin.person('Ann');
  await ann.says('my secret');
  const { route } = await rig.hears('my secret');
  await rig.deliver(route.chat, 'your secret');
  await rig.twin.next(ann, 'your secret');
  expect(JSON.stringify(rig.log.lines)).not.toContain('secret');
});
