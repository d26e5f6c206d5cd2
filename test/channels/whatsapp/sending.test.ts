// Messages on their way out: the id, the wait for WhatsApp's word, and an honest receipt of everything that can happen.
import { Boom } from '@hapi/boom';
import { proto } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { messageIdOf } from '../../../channels/whatsapp/message-id.ts';
import { Sending } from '../../../channels/whatsapp/sending.ts';
import { Sent } from '../../../channels/whatsapp/sent.ts';
import type { Route } from '../../../src/core/route.ts';
import { type VirtualClock, virtualClock } from '../../fakes/clock.ts';
import { FakeSocket, parts } from './fake-socket.ts';
import { IdentityMemoryFake, type SentMemoryFake, sentMemory } from './memories.ts';

const ada = '491511111111@s.whatsapp.net';
const adaLid = '111222333@lid';
const group = '120363000000000001@g.us';
const minute = 60_000;

const to = (chat: string): Route => ({ channel: 'whatsapp', account: 'default', chat });

function rig(stored: SentMemoryFake = sentMemory(), clock: VirtualClock = virtualClock()) {
  const fake = new FakeSocket();
  const all = parts(clock, new IdentityMemoryFake(), stored);
  let connected = true;
  const disconnect = (): void => {
    connected = false;
  };
  const sending = new Sending({ ...all, socket: () => (connected ? fake.socket : undefined) });
  return { ...all, clock, fake, sending, stored, disconnect };
}

/** Waits in the test's own time. */
async function deliver({ sending, clock }: ReturnType<typeof rig>, chat = ada, key = 'k:0', more: object = {}) {
  return clock.runUntil(sending.deliver(to(chat), { text: '**hi**', ...more }, key), 5 * minute);
}

const textOf = (message: proto.IMessage | undefined): string | null | undefined => message?.extendedTextMessage?.text;

describe('the id of a message', () => {
  test('is made of its key, in the form the library uses', () => {
    expect(messageIdOf('final:1:0')).toMatch(/^3EB0[0-9A-F]{18}$/);
    expect(messageIdOf('final:1:0')).toBe(messageIdOf('final:1:0'));
    expect(messageIdOf('final:1:1')).not.toBe(messageIdOf('final:1:0'));
  });
});

describe('a message', () => {
  test('is sent once WhatsApp says that it has it', async () => {
    const all = rig();
    expect(await deliver(all)).toEqual({ status: 'sent', messageIds: [messageIdOf('k:0')] });
    expect(all.fake.relayed).toMatchObject([{ jid: ada, id: messageIdOf('k:0') }]);
    expect(textOf(all.fake.relayed[0]?.message)).toBe('*hi*');
    expect(all.fake.relayed[0]?.message.extendedTextMessage?.matchedText).toBeFalsy();
  });

  test('is stored before it is sent, and not sent when that fails', async () => {
    const all = rig();
    all.stored.fails = true;
    expect(await deliver(all)).toMatchObject({ status: 'retry' });
    expect(all.fake.relayed).toEqual([]);
    all.stored.fails = false;
    all.fake.answer = 'silence';
    await deliver(all);
    expect(all.stored.rows.get(messageIdOf('k:0'))).toMatchObject({ chat: ada, arrived: false });
  });

  test('goes to the form the person was last seen under, and vanishes when theirs do', async () => {
    const all = rig();
    all.identity.learn(adaLid, ada);
    all.identity.seen(adaLid, 604_800);
    await deliver(all);
    expect(all.fake.relayed[0]?.jid).toBe(adaLid);
    expect(all.fake.relayed[0]?.message.extendedTextMessage?.contextInfo?.expiration).toBe(604_800);
  });

  test('without an answer for 15 s may have arrived, and its repeat is the very same message', async () => {
    const all = rig();
    all.fake.answer = 'silence';
    const began = all.clock.now();
    expect(await deliver(all)).toMatchObject({ status: 'ambiguous' });
    expect(all.clock.now() - began).toBe(15_000);
    all.fake.answer = 'ack';
    expect(await deliver(all)).toMatchObject({ status: 'sent' });
    const [first, second] = all.fake.relayed;
    expect(second?.id).toBe(first?.id);
    expect(proto.Message.encode(second?.message ?? {}).finish()).toEqual(
      proto.Message.encode(first?.message ?? {}).finish(),
    );
  });

  test('that is sent again before it has arrived is sent once', async () => {
    const all = rig();
    const both = await Promise.all([deliver(all), deliver(all)]);
    expect(both).toEqual(Array(2).fill({ status: 'sent', messageIds: [messageIdOf('k:0')] }));
    expect(all.fake.relayed).toHaveLength(1);
  });

  test('that broke off with the connection may have arrived', async () => {
    const all = rig();
    all.fake.answer = 'close';
    expect(await deliver(all)).toMatchObject({ status: 'ambiguous' });
  });

  test('is the same after a restart, and not sent again once it has arrived', async () => {
    const stored = sentMemory();
    const before = rig(stored);
    before.fake.answer = 'silence';
    await deliver(before);
    const after = rig(stored);
    await deliver(after);
    expect(after.fake.relayed[0]?.id).toBe(before.fake.relayed[0]?.id);
    const later = rig(stored);
    expect(await deliver(later)).toEqual({ status: 'sent', messageIds: [messageIdOf('k:0')] });
    expect(later.fake.relayed).toEqual([]);
  });

  test.each([
    ['463', { status: 'refused', reason: expect.stringContaining('463') }],
    ['479', { status: 'refused', only: 'this' }],
    ['403', { status: 'refused', closed: true }],
    ['429', { status: 'retry', silence: 'account' }],
    ['503', { status: 'retry' }],
    ['406', { status: 'refused', only: 'this', reason: 'WhatsApp did not accept it (406)' }],
  ])('that the server answers with %s', async (error, expected) => {
    const all = rig();
    all.fake.answer = { error };
    expect(await deliver(all)).toMatchObject(expected);
    expect(all.stored.rows.get(messageIdOf('k:0'))?.arrived).toBe(false);
  });

  test('waits while there is no connection, and when the library says that it is closed', async () => {
    const all = rig();
    all.fake.relayError = new Boom('Connection Closed', { statusCode: 428 });
    expect(await deliver(all)).toMatchObject({ status: 'retry' });
    all.disconnect();
    expect(await deliver(all)).toMatchObject({ status: 'retry' });
  });

  test('that fails in a way nobody knows may have arrived', async () => {
    const all = rig();
    all.fake.relayError = new Error('write EPIPE');
    expect(await deliver(all)).toMatchObject({ status: 'ambiguous' });
  });

  test('to a group we are not in is refused, and so is the group', async () => {
    const all = rig();
    all.fake.relayError = new Boom('forbidden', { statusCode: 403 });
    expect(await deliver(all, group)).toMatchObject({
      status: 'refused',
      closed: true,
      reason: 'this number is not in the group',
    });
    expect(await deliver(all)).toMatchObject({ status: 'retry' });
  });

  test('with the key of one in another chat is another message', async () => {
    const all = rig();
    await deliver(all, group);
    const receipt = await deliver(all, ada);
    expect(all.fake.relayed.map(({ jid }) => jid)).toEqual([group, ada]);
    expect(receipt).not.toEqual({ status: 'sent', messageIds: [messageIdOf('k:0')] });
    expect(await deliver(all, ada)).toEqual(receipt);
    expect(all.fake.relayed).toHaveLength(2);
  });

  test('to what is no chat, or with nothing in it, is refused', async () => {
    const all = rig();
    expect(await deliver(all, 'status@broadcast')).toMatchObject({ status: 'refused' });
    expect(await deliver(all, ada, 'k:0', { text: ' ' })).toMatchObject({ status: 'refused', only: 'this' });
    expect(all.fake.relayed).toEqual([]);
  });
});

describe('a quote', () => {
  test('of what somebody wrote shows it, by either id', async () => {
    const all = rig();
    all.quotable.add({ key: { remoteJid: ada, id: 'Q1' }, message: { conversation: 'why?' } });
    for (const [index, replyTo] of ['Q1', `${ada}::Q1`].entries()) {
      await deliver(all, ada, `k:${index}`, { replyTo });
      const context = all.fake.relayed[index]?.message.extendedTextMessage?.contextInfo;
      expect(context).toMatchObject({ stanzaId: 'Q1', participant: ada, quotedMessage: { conversation: 'why?' } });
    }
  });

  test('of our own message shows it, also after a restart', async () => {
    const stored = sentMemory();
    await deliver(rig(stored), ada, 'menu:0', { text: 'Which?' });
    const after = rig(stored);
    await deliver(after, ada, 'k:0', { replyTo: messageIdOf('menu:0') });
    const context = after.fake.relayed[0]?.message.extendedTextMessage?.contextInfo;
    expect(context?.stanzaId).toBe(messageIdOf('menu:0'));
    expect(textOf(context?.quotedMessage ?? undefined)).toBe('Which?');
  });

  test('of what is not known, or was said elsewhere, is left out', async () => {
    const all = rig();
    all.quotable.add({ key: { remoteJid: group, id: 'Q2' }, message: { conversation: 'secret' } });
    await deliver(all, ada, 'k:0', { replyTo: 'Q2' });
    await deliver(all, ada, 'k:1', { replyTo: 'Q9' });
    for (const { message } of all.fake.relayed) expect(message.extendedTextMessage?.contextInfo?.stanzaId).toBeFalsy();
  });
});

describe('a file', () => {
  const document = { name: 'result.md', text: '# all of it' };

  test('goes with its caption', async () => {
    const all = rig();
    expect(await deliver(all, ada, 'k:0', { document })).toMatchObject({ status: 'sent' });
    const sent = all.fake.relayed[0]?.message;
    const file = sent?.documentMessage ?? sent?.documentWithCaptionMessage?.message?.documentMessage;
    expect(file).toMatchObject({ fileName: 'result.md', caption: '*hi*', mimetype: 'text/markdown' });
  });

  test('that cannot be uploaded waits, and texts go in parts for ten minutes', async () => {
    const all = rig();
    all.fake.uploadError = new Boom('Media upload failed on all hosts', { statusCode: 500 });
    expect(all.sending.takesFiles()).toBe(true);
    expect(await deliver(all, ada, 'k:0', { document })).toMatchObject({ status: 'retry' });
    expect(all.sending.takesFiles()).toBe(false);
    await all.clock.advance(10 * minute);
    expect(all.sending.takesFiles()).toBe(true);
  });
});

describe('a change', () => {
  const edit = ({ sending, clock }: ReturnType<typeof rig>, id: string, text: string) =>
    clock.runUntil(sending.edit(to(ada), id, { text }), 5 * minute);

  test('names the message it is for, and has an id of its own each time', async () => {
    const all = rig();
    await deliver(all);
    const id = messageIdOf('k:0');
    expect(await edit(all, id, 'one')).toEqual({ status: 'sent', messageIds: [id] });
    await all.clock.advance(3_000);
    await edit(all, id, 'one');
    const [, first, second] = all.fake.relayed;
    expect(first?.attributes).toEqual({ edit: '1' });
    expect(first?.message.protocolMessage).toMatchObject({
      type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
      key: { id, remoteJid: ada, fromMe: true },
      editedMessage: { extendedTextMessage: { text: 'one' } },
    });
    expect(new Set([id, first?.id, second?.id]).size).toBe(3);
  });

  test('that gets no answer is repeated', async () => {
    const all = rig();
    await deliver(all);
    all.fake.answer = 'silence';
    expect(await edit(all, messageIdOf('k:0'), 'x')).toMatchObject({ status: 'retry' });
  });

  test('after 15 minutes, or of what is not known, is none: a new message takes its place', async () => {
    const all = rig();
    await deliver(all);
    await all.clock.advance(15 * minute);
    for (const id of [messageIdOf('k:0'), 'unknown'])
      expect(await edit(all, id, 'x')).toMatchObject({ status: 'refused', only: 'this' });
    expect(all.fake.relayed).toHaveLength(1);
  });
});

describe('what a phone asks for again', () => {
  test('is what was sent, also after a restart, by number and by LID', async () => {
    const stored = sentMemory();
    await deliver(rig(stored));
    const all = rig(stored);
    all.identity.learn(adaLid, ada);
    for (const remoteJid of [ada, adaLid])
      expect(textOf(await all.sending.again({ id: messageIdOf('k:0'), remoteJid }))).toBe('*hi*');
  });

  test('is nothing in another chat: anybody can ask for any id', async () => {
    const all = rig();
    await deliver(all);
    expect(await all.sending.again({ id: messageIdOf('k:0'), remoteJid: '499@s.whatsapp.net' })).toBeUndefined();
    expect(await all.sending.again({ id: 'unknown', remoteJid: ada })).toBeUndefined();
  });

  test('is nothing when it cannot be read', async () => {
    const clock = virtualClock();
    const broken = new Sent({ get: () => Promise.reject(new Error('locked')), set: async () => undefined }, clock);
    const { fake, ...all } = rig();
    const sending = new Sending({ ...all, sent: broken, socket: () => fake.socket });
    expect(await sending.again({ id: 'A', remoteJid: ada })).toBeUndefined();
    expect(all.log.lines.at(-1)?.fields.code).toBe('whatsapp_again');
  });
});
