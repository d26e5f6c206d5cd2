// What arrives, as the rest sees it: one shape for every kind of message, and a reason for what is left out.
import { proto, type WAMessage, type WAMessageKey } from '@whiskeysockets/baileys';
import { describe, expect, test } from 'vitest';
import { contentOf } from '../../../channels/whatsapp/content.ts';
import { readRef } from '../../../channels/whatsapp/file-ref.ts';
import { Identity } from '../../../channels/whatsapp/identity.ts';
import { type Inbound, namedIds, type Reader, readMessage } from '../../../channels/whatsapp/inbound.ts';
import type { InboundMessage } from '../../../src/core/message.ts';
import { me } from './fake-socket.ts';
import { IdentityMemoryFake } from './memories.ts';

const ada = '491511111111@s.whatsapp.net';
const adaLid = '111222333@lid';
const group = '120363000000000001@g.us';
const self = `${me.pn}@s.whatsapp.net`;

function reader(more: Partial<Reader> = {}): Reader {
  const identity = new Identity(new IdentityMemoryFake());
  identity.learn(adaLid, ada);
  identity.learn(`${me.lid}@lid`, self);
  const nothing = { backlog: false, ours: new Set<string>(), nameOf: () => undefined };
  return { account: 'default', me, identity, ...nothing, now: 5_000, ...more };
}

function said(message: proto.IMessage, key: WAMessageKey = {}, more: Partial<WAMessage> = {}): WAMessage {
  return {
    key: { remoteJid: ada, id: 'A1', ...key },
    message,
    messageTimestamp: 1_700_000_000,
    pushName: 'Ada',
    ...more,
  };
}

const read = (message: WAMessage, more: Partial<Reader> = {}): Inbound => readMessage(message, reader(more));

function taken(message: WAMessage, more: Partial<Reader> = {}): InboundMessage {
  const inbound = read(message, more);
  if (inbound.kind !== 'message' && inbound.kind !== 'edited') throw new Error(`it is ${JSON.stringify(inbound)}`);
  return inbound.message;
}

const reason = (message: WAMessage, more: Partial<Reader> = {}): string => {
  const inbound = read(message, more);
  return inbound.kind === 'ignored' ? inbound.reason : inbound.kind;
};

const text = (words: string, contextInfo: proto.IContextInfo = {}): proto.IMessage => ({
  extendedTextMessage: { text: words, contextInfo },
});

describe('a text', () => {
  test('in a direct chat is one message, by number and by LID', () => {
    const expected = {
      id: `${ada}::A1`,
      route: { channel: 'whatsapp', account: 'default', chat: ada },
      sender: { id: '491511111111', aka: [adaLid], name: 'Ada' },
      ...{ chat: 'direct', text: 'hello', mentionsBot: true, attachments: [], sentAt: 1_700_000_000_000 },
    };
    expect(taken(said({ conversation: 'hello' }))).toEqual(expected);
    expect(taken(said({ conversation: 'hello' }, { remoteJid: adaLid }))).toEqual(expected);
  });

  test('of somebody known by LID alone is theirs', () => {
    const message = taken(said({ conversation: 'hi' }, { remoteJid: '555@lid' }, { pushName: null }));
    expect(message).toMatchObject({ id: '555@lid::A1', sender: { id: '555@lid', name: '555@lid' } });
    expect(message.sender.aka).toBeUndefined();
  });

  test('in a group names its author, and is for us with a mention or as an answer to us', () => {
    const key = { remoteJid: group, participant: adaLid };
    const idle = taken(said({ conversation: 'hello all' }, key));
    expect(idle).toMatchObject({ id: `${group}:${ada}:A1`, chat: 'group', mentionsBot: false });
    expect(idle.route.chat).toBe(group);
    for (const jid of [self, `${me.lid}@lid`, `${me.pn}:7@s.whatsapp.net`])
      expect(taken(said(text('@1 hey', { mentionedJid: [jid] }), key)).mentionsBot).toBe(true);
    expect(taken(said(text('yes', { stanzaId: 'B', participant: `${me.lid}@lid` }), key)).mentionsBot).toBe(true);
    expect(taken(said(text('yes', { stanzaId: 'B' }), key), { ours: new Set(['B']) }).mentionsBot).toBe(true);
    expect(taken(said(text('yes', { stanzaId: 'B', participant: ada }), key)).mentionsBot).toBe(false);
  });

  test('that begins with our mention begins behind it', () => {
    const key = { remoteJid: group, participant: ada };
    const mentioned = (words: string) => taken(said(text(words, { mentionedJid: [`${me.lid}@lid`] }), key)).text;
    expect(mentioned(`@${me.lid} /subagents list`)).toBe('/subagents list');
    expect(mentioned(`@${me.pn}, @${me.lid} hi @${me.lid}`)).toBe(`hi @${me.lid}`);
    expect(mentioned('@4912 hi')).toBe('@4912 hi');
  });

  test('is found in every wrapper', () => {
    const inner = { conversation: 'in here' };
    const wrapped = [
      'ephemeralMessage',
      'viewOnceMessage',
      'viewOnceMessageV2',
      'documentWithCaptionMessage',
      'editedMessage',
    ];
    for (const wrapper of wrapped) expect(taken(said({ [wrapper]: { message: inner } })).text).toBe('in here');
    expect(taken(said({ ephemeralMessage: { message: { viewOnceMessage: { message: inner } } } })).text).toBe(
      'in here',
    );
  });

  test('picked from a list or a button of a business is a text', () => {
    expect(taken(said({ listResponseMessage: { title: 'Two' } })).text).toBe('Two');
    expect(taken(said({ buttonsResponseMessage: { selectedDisplayText: 'Yes' } })).text).toBe('Yes');
    expect(taken(said({ templateButtonReplyMessage: { selectedDisplayText: 'No' } })).text).toBe('No');
  });

  test('that was passed on is said to be so, and is no command', () => {
    expect(taken(said(text('/kill all', { isForwarded: true }))).text).toBe('Forwarded:\n/kill all');
  });

  test('that quotes says what and whom', () => {
    const quoting = (participant: string) =>
      taken(said(text('what is that?', { stanzaId: 'Q', participant, quotedMessage: { conversation: 'the thing' } })));
    expect(quoting(ada)).toMatchObject({ replyTo: 'Q', quote: { text: 'the thing', from: '+491511111111' } });
    expect(quoting(self).quote?.from).toBe('Desk');
    expect(quoting('').quote?.from).toBe('somebody');
  });

  test('tells how long messages stay in the chat', () => {
    expect(read(said(text('hi', { expiration: 604_800 })))).toMatchObject({ expiration: 604_800 });
    expect(read(said({ conversation: 'hi' }))).toMatchObject({ expiration: 0 });
    const timer = {
      protocolMessage: { type: proto.Message.ProtocolMessage.Type.EPHEMERAL_SETTING, ephemeralExpiration: 90 },
    };
    expect(read(said(timer))).toEqual({ kind: 'timer', expiration: 90 });
  });

  test('has the time it was sent, as a number of any size, else now', () => {
    const at = (seconds: WAMessage['messageTimestamp']) =>
      taken(said({ conversation: 'x' }, {}, { messageTimestamp: seconds ?? null })).sentAt;
    const decoded = proto.WebMessageInfo.decode(
      proto.WebMessageInfo.encode({ key: {}, messageTimestamp: 1_700_000_001 }).finish(),
    );
    expect(at(decoded.messageTimestamp)).toBe(1_700_000_001_000);
    expect(at(null)).toBe(5_000);
    expect(at(0)).toBe(5_000);
  });

  test('that waited is marked', () => {
    expect(taken(said({ conversation: 'x' }), { backlog: true }).backlog).toBe(true);
    expect(taken(said({ conversation: 'x' })).backlog).toBeUndefined();
  });
});

describe('what the owner types on the phone', () => {
  const own = (chat: string): WAMessage => said({ conversation: '/status' }, { remoteJid: chat, fromMe: true });

  test('counts in the chat with themselves, by number and by LID', () => {
    for (const chat of [self, `${me.lid}@lid`])
      expect(taken(own(chat))).toMatchObject({
        id: `${self}::A1`,
        sender: { id: me.pn, aka: [`${me.lid}@lid`] },
        chat: 'direct',
      });
  });

  test('is nothing to us anywhere else, and our own messages are nothing either', () => {
    expect(reason(own(ada))).toBe('own_message');
    expect(reason(said({ conversation: 'x' }, { remoteJid: group, participant: self, fromMe: true }))).toBe(
      'own_message',
    );
    expect(reason(own(self), { ours: new Set(['A1']) })).toBe('own_echo');
  });
});

describe('a change of a message', () => {
  const edit = (key: WAMessageKey = {}): WAMessage =>
    said(
      {
        protocolMessage: {
          type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT,
          key: { id: 'A1', remoteJid: ada, fromMe: false },
          editedMessage: { conversation: 'better' },
        },
      },
      { id: 'E9', ...key },
    );

  test('has the id of the message it is for, and the new text', () => {
    expect(read(edit())).toMatchObject({ kind: 'edited', message: { id: `${ada}::A1`, text: 'better' } });
    const wrapped = { ...edit(), message: { editedMessage: { message: edit().message } } } as WAMessage;
    expect(read(wrapped)).toMatchObject({ kind: 'edited', message: { id: `${ada}::A1`, text: 'better' } });
  });

  test('in a group is for a message of its author alone', () => {
    const inbound = read(edit({ remoteJid: group, participant: '777@lid' }));
    expect(inbound).toMatchObject({ kind: 'edited', message: { id: `${group}:777@lid:A1` } });
  });
});

describe('a reaction', () => {
  const on = (id: string, emoji: string): WAMessage =>
    said({ reactionMessage: { key: { id, fromMe: true }, text: emoji } }, { id: 'R1' });

  test('on a message of ours is told', () => {
    expect(read(on('B', '👍'), { ours: new Set(['B']) })).toEqual({
      kind: 'reaction',
      reaction: {
        id: `${ada}::R1`,
        route: { channel: 'whatsapp', account: 'default', chat: ada },
        sender: { id: '491511111111', aka: [adaLid], name: 'Ada' },
        ...{ chat: 'direct', messageId: 'B', emoji: '👍', at: 1_700_000_000_000 },
      },
    });
  });

  test('on another message, or taken away, is nothing', () => {
    expect(reason(on('B', '👍'))).toBe('reaction_elsewhere');
    expect(reason(on('B', ''), { ours: new Set(['B']) })).toBe('reaction_taken_away');
  });
});

describe('what is left out', () => {
  test.each<[string, WAMessage]>([
    ['no_id', said({ conversation: 'x' }, { id: '' })],
    ['no_chat', said({ conversation: 'x' }, { remoteJid: 'status@broadcast', participant: ada })],
    ['no_chat', said({ conversation: 'x' }, { remoteJid: '1@newsletter' })],
    ['no_content', { key: { remoteJid: ada, id: 'A1' } }],
    ['notice', { key: { remoteJid: ada, id: 'A1' }, messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT }],
    [
      'notice',
      said({ senderKeyDistributionMessage: {} }, {}, { messageStubType: proto.WebMessageInfo.StubType.CIPHERTEXT }),
    ],
    ['no_sender', said({ conversation: 'x' }, { remoteJid: group })],
    ['protocol', said({ protocolMessage: { type: proto.Message.ProtocolMessage.Type.REVOKE } })],
    ['protocol', said({ protocolMessage: { type: proto.Message.ProtocolMessage.Type.APP_STATE_SYNC_KEY_SHARE } })],
    [
      'empty_edit',
      said({ protocolMessage: { type: proto.Message.ProtocolMessage.Type.MESSAGE_EDIT, key: { id: 'A' } } }),
    ],
    ['message_kind', said({ pollUpdateMessage: {} })],
    ['message_kind', said({ senderKeyDistributionMessage: { groupId: group } })],
    ['message_kind', said({ conversation: '' })],
    [
      'finer_copy',
      said({
        associatedChildMessage: { message: { imageMessage: {} } },
        messageContextInfo: { messageAssociation: { associationType: 10 } },
      }),
    ],
  ])('%s', (expected, message) => {
    expect(reason(message)).toBe(expected);
  });
});

describe('files and kinds nobody can read', () => {
  const media = {
    directPath: '/v/t62/abc',
    mediaKey: Buffer.alloc(32, 7),
    fileEncSha256: Buffer.alloc(32, 1),
    fileLength: 1234,
  };

  test.each<[proto.IMessage, object]>([
    [
      { imageMessage: { ...media, caption: 'look', mimetype: 'image/png' } },
      { kind: 'image', name: 'photo-A1.jpg', mediaType: 'image/png' },
    ],
    [
      { audioMessage: { ...media, ptt: true, mimetype: 'audio/ogg; codecs=opus' } },
      { kind: 'audio', name: 'voice-A1.ogg', mediaType: 'audio/ogg' },
    ],
    [{ videoMessage: { ...media, mimetype: 'video/mp4' } }, { kind: 'video', name: 'video-A1.mp4' }],
    [{ ptvMessage: media }, { kind: 'video', mediaType: 'video/mp4' }],
    [
      { documentMessage: { ...media, fileName: 'a.pdf', mimetype: 'application/pdf' } },
      { kind: 'file', name: 'a.pdf' },
    ],
    [
      { documentWithCaptionMessage: { message: { documentMessage: { ...media, mimetype: 'image/png' } } } },
      { kind: 'image', name: 'file-A1' },
    ],
  ])('%j', (message, expected) => {
    const [file] = taken(said(message)).files ?? [];
    expect(file).toMatchObject({ ...expected, bytes: 1234 });
    expect(readRef(file?.ref ?? '')).toMatchObject({ path: '/v/t62/abc', key: media.mediaKey.toString('base64') });
  });

  test('a caption is the text', () => {
    expect(taken(said({ imageMessage: { ...media, caption: 'look' } })).text).toBe('look');
  });

  test('a path that leads to another server is none', () => {
    for (const directPath of ['.evil.example/x', '//evil.example/x', '/\\evil', '@evil.example', ''])
      expect(readRef(taken(said({ imageMessage: { ...media, directPath } })).files?.[0]?.ref ?? '')).toBeUndefined();
  });

  test('pictures of one album share its id', () => {
    const messageContextInfo = { messageAssociation: { associationType: 1, parentMessageKey: { id: 'P' } } };
    expect(taken(said({ imageMessage: media, messageContextInfo })).album).toBe('P');
  });

  test.each<[proto.IMessage, string]>([
    [{ stickerMessage: {} }, 'a sticker'],
    [{ locationMessage: {} }, 'a location'],
    [{ liveLocationMessage: {} }, 'a live location'],
    [{ contactMessage: {} }, 'a contact'],
    [{ pollCreationMessageV3: { name: 'x' } }, 'a poll'],
    [{ groupInviteMessage: {} }, 'an invitation to a group'],
  ])('%j is said in words', (message, words) => {
    expect(taken(said(message))).toMatchObject({ text: '', unsupported: words });
  });
});

test('what comes from the wire has every field, set or not', () => {
  const decoded = proto.Message.decode(proto.Message.encode({ extendedTextMessage: { text: 'hi' } }).finish());
  expect(contentOf(decoded, 'A')?.text).toBe('hi');
  expect(taken(said(decoded)).text).toBe('hi');
});

test('the ids a message names are its own where we wrote it, what it quotes, and what it is put on', () => {
  expect(namedIds(said(text('x', { stanzaId: 'Q' })))).toEqual(['Q']);
  expect(namedIds(said({ conversation: 'x' }, { fromMe: true }))).toEqual(['A1']);
  expect(namedIds(said({ reactionMessage: { key: { id: 'B' }, text: '👍' } }))).toEqual(['B']);
});
