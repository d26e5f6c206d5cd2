// Messages into the inbox: at once, in order, until they are stored, each once; and what the library says beside them.
import { proto, type WAMessage, type WAMessageKey } from '@whiskeysockets/baileys';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Intake } from '../../../channels/whatsapp/intake.ts';
import { Sending } from '../../../channels/whatsapp/sending.ts';
import { type VirtualClock, virtualClock } from '../../fakes/clock.ts';
import { FakeSocket, me, parts } from './fake-socket.ts';
import { IdentityMemoryFake } from './memories.ts';

const ada = '491511111111@s.whatsapp.net';
const adaLid = '111222333@lid';
const group = '120363000000000001@g.us';
const self = `${me.pn}@s.whatsapp.net`;

function rig(memory = new IdentityMemoryFake(), clock: VirtualClock = virtualClock()) {
  const fake = new FakeSocket();
  const all = parts(clock, memory);
  const intake = new Intake(all);
  intake.attach(fake.socket);
  fake.ev.emit('connection.update', { connection: 'open' });
  const sending = new Sending({ ...all, socket: () => fake.socket });
  const texts = () => all.taken.map(({ text }) => text);
  return { ...all, clock, fake, intake, sending, texts };
}

function said(text: string, key: WAMessageKey = {}, at = virtualClock().now()): WAMessage {
  const message = { conversation: text };
  return { key: { remoteJid: ada, id: `id-${text}`, ...key }, message, messageTimestamp: at / 1000, pushName: 'Ada' };
}

describe('messages', () => {
  test('that come while connected, and those that waited, are all taken, in the order of each chat', async () => {
    const { fake, clock, texts, taken } = rig();
    fake.says([said('a'), said('b')], 'append');
    fake.says([said('c')]);
    await clock.flush();
    expect(texts()).toEqual(['a', 'b', 'c']);
    expect(taken.map(({ backlog }) => backlog)).toEqual([true, true, undefined]);
  });

  test('from before the connection waited, whatever the library calls them', async () => {
    const { fake, clock, taken } = rig();
    fake.says([said('old', {}, clock.now() - 2_000), said('new', {}, clock.now())]);
    await clock.flush();
    expect(taken.map(({ backlog }) => backlog)).toEqual([true, undefined]);
  });

  test('that cannot be stored are tried until they are, and only their own chat waits', async () => {
    const { fake, clock, texts, taken, heard, log } = rig();
    let full = true;
    Object.assign(heard, {
      message: async (message: (typeof taken)[number]) => {
        if (full && message.route.chat === ada) throw new Error('disk full');
        taken.push(message);
      },
    });
    fake.says([said('a'), said('b')]);
    fake.says([said('elsewhere', { remoteJid: '499@s.whatsapp.net' })]);
    await clock.advance(10_000);
    expect(texts()).toEqual(['elsewhere']);
    full = false;
    await clock.advance(5_000);
    expect(texts()).toEqual(['elsewhere', 'a', 'b']);
    expect(log.lines.some(({ fields }) => fields.code === 'whatsapp_intake')).toBe(true);
  });

  test('that still cannot be stored five seconds after the stop are lost, and that is said', async () => {
    const { fake, clock, heard, intake, log } = rig();
    Object.assign(heard, { message: () => Promise.reject(new Error('disk full')) });
    fake.says([said('a')]);
    await clock.flush();
    await clock.runUntil(intake.stop(), 10_000);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { code: 'whatsapp_late' } });
  });

  test('on their way are stored before the stop is over', async () => {
    const { fake, clock, intake, texts } = rig();
    fake.says([said('a'), said('b')]);
    await clock.runUntil(intake.stop(), 10_000);
    expect(texts()).toEqual(['a', 'b']);
  });

  test('nobody can read, and what is no message, keep nobody waiting', async () => {
    const { fake, clock, texts, log } = rig();
    const undecrypted = { key: { remoteJid: ada, id: 'S' }, messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT };
    const broken = said('x');
    Object.defineProperty(broken, 'message', {
      get: () => {
        throw new Error('bad message');
      },
    });
    expect(() => fake.says([undecrypted, { key: {} }, broken, said('after')])).not.toThrow();
    await clock.flush();
    expect(texts()).toEqual(['after']);
    const codes = log.lines.map(({ fields }) => fields.code);
    expect(codes).toEqual(expect.arrayContaining(['notice', 'no_id', 'whatsapp_unreadable']));
  });

  test('that could not be decrypted are taken when they come again', async () => {
    const { fake, clock, texts } = rig();
    const { message: _words, ...undecrypted } = said('again');
    fake.says([{ ...undecrypted, messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT }]);
    fake.says([said('again')]);
    await clock.flush();
    expect(texts()).toEqual(['again']);
  });

  test('are logged by their ids alone', async () => {
    const { fake, clock, log } = rig();
    fake.says([said('secret words', { fromMe: true, id: 'I9' })]);
    await clock.flush();
    expect(JSON.stringify(log.lines)).not.toContain('secret');
    expect(log.lines.at(-1)?.fields).toEqual({ message: 'I9', chat: ada, code: 'own_message' });
  });
});

describe('who is who', () => {
  const byLid = (text: string, more: WAMessageKey = {}) => said(text, { remoteJid: adaLid, ...more });

  test('is never told by others of the account itself: whoever had its number would be its owner', async () => {
    const { fake, clock, taken, identity } = rig();
    const own = { pn: `${me.pn}@s.whatsapp.net`, lid: `${me.lid}@lid` };
    fake.ev.emit('lid-mapping.update', { lid: adaLid, pn: own.pn });
    expect(identity.person(adaLid)).toEqual({ id: adaLid });
    fake.ev.emit('lid-mapping.update', { lid: own.lid, pn: ada });
    expect(identity.person(own.lid)?.id).not.toBe('491511111111');
    fake.says([byLid('a', { remoteJidAlt: own.pn })]);
    await clock.flush();
    expect(taken[0]?.sender).toMatchObject({ id: adaLid });
    expect(identity.person(own.lid)?.id).toBe(me.pn);
    expect(identity.person(own.pn)).toEqual({ id: me.pn, aka: [own.lid] });
  });

  test('is told by the message, and then number and LID are one chat', async () => {
    const { fake, clock, taken, heard } = rig();
    fake.says([byLid('a', { remoteJidAlt: ada }), said('b'), byLid('c')]);
    await clock.flush();
    expect(new Set(taken.map(({ route }) => route.chat))).toEqual(new Set([ada]));
    expect(new Set(taken.map(({ sender }) => sender.id))).toEqual(new Set(['491511111111']));
    expect(heard.moves).toEqual([]);
  });

  test('is asked of the library where the message does not tell', async () => {
    const { fake, clock, taken } = rig();
    fake.numbers.set(adaLid, '491511111111:0@s.whatsapp.net');
    fake.says([byLid('a')]);
    await clock.flush();
    expect(taken[0]?.sender).toMatchObject({ id: '491511111111', aka: [adaLid] });
  });

  test('learnt later moves the chat, once, before the message that told it', async () => {
    const memory = new IdentityMemoryFake();
    const all = rig(memory);
    const order: string[] = [];
    const { heard, taken } = all;
    Object.assign(heard, {
      message: async (message: (typeof taken)[number]) => void order.push(`${message.text} in ${message.route.chat}`),
      moved: async (from: { chat: string }, to: { chat: string }) => {
        await all.clock.sleep(50);
        order.push(`${from.chat} to ${to.chat}`);
      },
    });
    all.fake.says([byLid('a')]);
    await all.clock.flush();
    all.fake.says([byLid('b', { remoteJidAlt: ada }), said('c')]);
    await all.clock.advance(100);
    all.fake.ev.emit('lid-mapping.update', { lid: adaLid, pn: ada });
    await all.clock.advance(100);
    expect(order).toEqual([`a in ${adaLid}`, `${adaLid} to ${ada}`, `b in ${ada}`, `c in ${ada}`]);

    const after = rig(memory);
    after.fake.says([byLid('d', { remoteJidAlt: ada })]);
    await after.clock.flush();
    expect(after.heard.moves).toEqual([]);
    expect(after.taken[0]?.route.chat).toBe(ada);
  });

  test('is told by contacts and mappings as well', async () => {
    const { fake, identity } = rig();
    fake.ev.emit('contacts.upsert', [{ id: adaLid, phoneNumber: ada }]);
    fake.ev.emit('lid-mapping.update', { lid: '5@lid', pn: '49555@s.whatsapp.net' });
    fake.ev.emit('messaging-history.set', {
      ...{ chats: [], contacts: [], messages: [said('from history')] },
      lidPnMappings: [{ lid: '6@lid', pn: '49666@s.whatsapp.net' }],
    });
    expect(identity.person(adaLid)?.id).toBe('491511111111');
    expect(identity.person('5@lid')?.id).toBe('49555');
    expect(identity.person('6@lid')?.id).toBe('49666');
  });

  test('is not learnt from what we write ourselves: the other form may be our own', async () => {
    const { fake, clock, identity } = rig();
    fake.says([said('x', { remoteJid: adaLid, remoteJidAlt: self, fromMe: true })]);
    await clock.flush();
    expect(identity.person(adaLid)).toEqual({ id: adaLid });
  });

  test('old messages of the history are no messages', async () => {
    const { fake, clock, texts } = rig();
    fake.ev.emit('messaging-history.set', { chats: [], contacts: [], messages: [said('from history')] });
    await clock.flush();
    expect(texts()).toEqual([]);
  });

  test('one message by LID and again by number is one', async () => {
    const { fake, clock, texts } = rig();
    fake.says([byLid('a')]);
    await clock.flush();
    fake.says([said('a', { remoteJidAlt: adaLid })]);
    await clock.flush();
    expect(texts()).toEqual(['a']);
  });

  test('whatever forms the messages of one person take, they are one chat from the first pair on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('lid', 'pn', 'pair'), { minLength: 1, maxLength: 20 }),
        async (forms) => {
          const { fake, clock, taken, heard } = rig();
          for (const [index, form] of forms.entries()) {
            const id = `m${index}`;
            if (form === 'lid') fake.says([byLid('x', { id })]);
            if (form === 'pn') fake.says([said('x', { id })]);
            if (form === 'pair') fake.says([byLid('x', { id, remoteJidAlt: ada })]);
            await clock.flush();
          }
          const pair = forms.indexOf('pair');
          const moves = pair > 0 && forms.slice(0, pair).includes('lid') ? 1 : 0;
          expect(heard.moves).toHaveLength(moves);
          expect(taken).toHaveLength(forms.length);
          if (pair !== -1) for (const { route } of taken.slice(pair)) expect(route.chat).toBe(ada);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('beside messages', () => {
  test('changes and reactions are told as such', async () => {
    const { fake, clock, heard, sending, identity } = rig();
    identity.seen(ada, undefined);
    const receipt = await clock.runUntil(
      sending.deliver({ channel: 'whatsapp', account: 'default', chat: ada }, { text: 'Sure?' }, 'k'),
      1_000,
    );
    const ours = receipt?.status === 'sent' ? (receipt.messageIds[0] ?? '') : '';
    const edit = {
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      key: { id: 'id-a' },
      editedMessage: { conversation: 'b' },
    };
    fake.says([
      said('a'),
      { ...said('e'), message: { protocolMessage: edit } },
      { ...said('r'), message: { reactionMessage: { key: { id: ours, fromMe: true }, text: '👍' } } },
      { ...said('q'), message: { reactionMessage: { key: { id: 'id-a' }, text: '👍' } } },
    ]);
    await clock.flush();
    expect(heard.edits).toMatchObject([{ id: 'id-a', text: 'b' }]);
    expect(heard.reactions).toMatchObject([{ messageId: ours, emoji: '👍' }]);
  });

  test('the timer of a chat holds for what we write there', async () => {
    const { fake, clock, identity } = rig();
    const timer = { type: proto.Message.ProtocolMessage.Type.EPHEMERAL_SETTING, ephemeralExpiration: 86_400 };
    fake.says([{ ...said('t'), message: { protocolMessage: timer } }]);
    await clock.flush();
    expect(identity.mark(ada)).toEqual({ address: ada, expiration: 86_400 });
  });

  test('our own words never come back as a command', async () => {
    const { fake, clock, texts, sending } = rig();
    const route = { channel: 'whatsapp', account: 'default', chat: self } as const;
    const receipt = await clock.runUntil(sending.deliver(route, { text: '/status' }, 'k'), 1_000);
    const id = receipt?.status === 'sent' ? (receipt.messageIds[0] ?? '') : '';
    fake.says([said('/status', { remoteJid: self, fromMe: true, id })]);
    fake.says([said('/help', { remoteJid: self, fromMe: true })]);
    await clock.flush();
    expect(texts()).toEqual(['/help']);
  });
});

describe('changes while we were away', () => {
  const changed = (by: string): WAMessage => ({
    ...said('e', { remoteJid: group, participant: by }),
    message: {
      protocolMessage: {
        type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
        key: { id: 'id-hello', remoteJid: group, participant: ada },
        editedMessage: { conversation: '/kill all' },
      },
    },
  });
  const author = { remoteJid: group, participant: ada };

  /** The library puts a change into the message it is for when both come at once. */
  const absorbed = (): WAMessage => ({
    ...said('hello', author),
    message: { editedMessage: { message: { conversation: '/kill all' } } },
  });

  test('by the author count', async () => {
    const { fake, clock, texts } = rig();
    fake.says([absorbed(), changed(ada)], 'append');
    await clock.flush();
    expect(texts()).toEqual(['/kill all']);
  });

  test('by somebody else put no words into the mouth of the author', async () => {
    const { fake, clock, texts, log } = rig();
    fake.says([absorbed(), changed('499@s.whatsapp.net')], 'append');
    fake.says([absorbed()], 'append');
    await clock.flush();
    expect(texts()).toEqual([]);
    expect(log.lines.some(({ fields }) => fields.code === 'whatsapp_put_words')).toBe(true);
  });

  test('are put together by the library itself', async () => {
    const { fake, clock, texts } = rig();
    fake.ev.buffer();
    fake.says([said('hello', author)], 'append');
    fake.says([changed('499@s.whatsapp.net')], 'append');
    const update = { message: { editedMessage: { message: { conversation: '/kill all' } } } };
    fake.ev.emit('messages.update', [
      { key: { remoteJid: group, id: 'id-hello', participant: '499@s.whatsapp.net', fromMe: false }, update },
    ]);
    fake.ev.flush();
    await clock.flush();
    expect(texts()).not.toContain('/kill all');
  });
});
