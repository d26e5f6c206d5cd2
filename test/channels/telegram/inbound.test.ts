import type { Message, Update } from 'grammy/types';
import { describe, expect, it } from 'vitest';
import { type Inbound, type Reader, readUpdate } from '../../../channels/telegram/inbound.ts';
import { isCommand } from '../../../commands/args.ts';
import { inboundSchema } from '../../../src/core/message.ts';

const me = { id: 99, username: 'yard_bot' };
const reader: Reader = { account: 'default', me, connectedAt: 1_000_000, now: 2_000_000 };
const ann = { id: 7, is_bot: false, first_name: 'Ann', last_name: 'Lee' };
const bot = { id: me.id, is_bot: true, first_name: 'Yard', username: me.username };
const direct = { id: 7, type: 'private', first_name: 'Ann' } as const;
const group = { id: -100, type: 'supergroup', title: 'Team' } as const;
const forum = { ...group, is_forum: true } as const;

/** A message as the platform sends it; a test names only what it is about. */
function sent(fields: Partial<Message> = {}): Update {
  return { update_id: 1, message: { message_id: 5, date: 1_500, chat: direct, from: ann, ...fields } as never };
}
const read = (update: Update): Inbound => readUpdate(update, reader);

function message(fields: Partial<Message>) {
  const inbound = read(sent(fields));
  if (inbound.kind !== 'message') throw new Error(`not a message: ${JSON.stringify(inbound)}`);
  expect(inboundSchema.parse(inbound.message)).toEqual(inbound.message);
  return inbound.message;
}

const mention = (text: string, word = '@yard_bot') =>
  ({ text, entities: [{ type: 'mention', offset: text.indexOf(word), length: word.length }] }) as const;

describe('a direct message', () => {
  it('becomes one of ours, with the person by id and the time by the platform', () => {
    expect(message({ text: 'hello' })).toEqual({
      id: '99:5',
      route: { channel: 'telegram', account: 'default', chat: '7' },
      sender: { id: '7', name: 'Ann Lee' },
      chat: 'direct',
      text: 'hello',
      mentionsBot: true,
      attachments: [],
      sentAt: 1_500_000,
    });
  });

  it('has another id with another bot, whose private chats count from the beginning again', () => {
    const other = readUpdate(sent({ text: 'hello' }), { ...reader, me: { id: 98, username: 'other_bot' } });
    expect(other.kind === 'message' && other.message.id).not.toBe(message({ text: 'hello' }).id);
  });

  it('that was sent before the connection is marked as having waited', () => {
    expect(message({ text: 'old', date: 999 }).backlog).toBe(true);
    expect(message({ text: 'the same second', date: 1_000 }).backlog).toBeUndefined();
  });

  it('in a topic of its own is answered there', () => {
    expect(message({ text: 'hi', is_topic_message: true, message_thread_id: 40 }).route.thread).toBe('40');
  });
});

describe('words of somebody else', () => {
  const eve = { id: 66, is_bot: false, first_name: 'Eve\n/stop' };
  const channel = { id: -1, type: 'channel', title: 'News' } as const;
  const said = { date: 1, type: 'user', sender_user: eve } as const;

  it.each([
    ['of a person', { forward_origin: said }, 'Forwarded from Eve /stop:\n'],
    [
      'of a hidden person',
      { forward_origin: { date: 1, type: 'hidden_user', sender_user_name: 'E' } },
      'Forwarded from E:\n',
    ],
    ['of a group', { forward_origin: { date: 1, type: 'chat', sender_chat: group } }, 'Forwarded from Team:\n'],
    [
      'of a channel',
      { forward_origin: { date: 1, type: 'channel', chat: channel, message_id: 2 } },
      'Forwarded from News:\n',
    ],
    [
      'by another bot',
      { via_bot: { id: 3, is_bot: true, first_name: 'I', username: 'inline_bot' } },
      'Written by @inline_bot:\n',
    ],
  ] as const)('that are passed on %s are said to be theirs, and are no command', (_whose, origin, words) => {
    const { text } = message({ text: '/start ABCDEFGH', ...(origin as Partial<Message>) });
    expect(text).toBe(`${words}/start ABCDEFGH`);
    expect(isCommand(text)).toBe(false);
    expect(message({ caption: '/stop', photo: [photo()], ...(origin as Partial<Message>) }).text).toBe(`${words}/stop`);
  });

  it('that are not there need no name beside the file', () => {
    expect(message({ photo: [photo()], forward_origin: said }).text).toBe('');
  });
});

describe('addresses behind words', () => {
  const link = (offset: number, length: number, url: string) => ({ type: 'text_link', offset, length, url }) as const;
  const text = '😀 compare this offer with that one';
  const entities = [link(11, 10, 'https://a.example/1'), link(27, 8, 'https://b.example/?x=(2)')];
  const told = '😀 compare this offer (https://a.example/1) with that one (https://b.example/?x=(2))';

  it('are told behind them, in a text, in a caption and in what is answered', () => {
    expect(message({ text, entities }).text).toBe(told);
    expect(message({ caption: text, caption_entities: entities, photo: [photo()] }).text).toBe(told);
    expect(message({ text: 'why?', reply_to_message: replied({ text, entities, from: ann }) }).quote?.text).toBe(told);
  });

  it('are not told twice where the words are the address', () => {
    const url = 'https://a.example';
    expect(message({ text: `see ${url}`, entities: [link(4, url.length, `${url}/`)] }).text).toBe(`see ${url}`);
    expect(message({ text: `see ${url}`, entities: [{ type: 'url', offset: 4, length: 17 }] }).text).toBe(`see ${url}`);
  });

  it('move no mention', () => {
    const called = { ...mention('see this, @yard_bot') };
    const both = [link(0, 3, 'https://a.example/1'), ...called.entities];
    expect(message({ chat: group, text: called.text, entities: both })).toMatchObject({
      text: 'see (https://a.example/1) this, @yard_bot',
      mentionsBot: true,
    });
  });
});

describe('a group message', () => {
  it.each([
    ['a mention', mention('@yard_bot hello'), true],
    ['a mention in other letters', mention('hi @Yard_Bot', '@Yard_Bot'), true],
    ['a mention of somebody else', mention('hi @yard_bots', '@yard_bots'), false],
    ['the name without being a mention', { text: 'look at x@yard_bot' }, false],
    [
      'a mention in a caption',
      { caption: '@yard_bot see', caption_entities: mention('@yard_bot see').entities, photo: [photo()] },
      true,
    ],
    [
      'a command for this bot',
      { text: '/stop@yard_bot', entities: [{ type: 'bot_command', offset: 0, length: 14 }] },
      true,
    ],
    [
      'a command for another one',
      { text: '/stop@other_bot', entities: [{ type: 'bot_command', offset: 0, length: 15 }] },
      false,
    ],
    [
      'a name that is linked',
      { text: 'hey Yard', entities: [{ type: 'text_mention', offset: 4, length: 4, user: bot }] },
      true,
    ],
    ['a reply to the bot', { text: 'yes', reply_to_message: replied({ from: bot }) }, true],
    ['a reply to somebody', { text: 'yes', reply_to_message: replied({ from: ann }) }, false],
  ] as const)('knows %s', (_what, fields, expected) => {
    expect(message({ chat: group, ...(fields as Partial<Message>) }).mentionsBot).toBe(expected);
  });

  it('in a topic has the topic as its thread; in General a reply chain is no topic', () => {
    const inTopic = message({ chat: forum, text: 'x', is_topic_message: true, message_thread_id: 12 });
    expect(inTopic.route).toEqual({ channel: 'telegram', account: 'default', chat: '-100', thread: '12' });
    const inGeneral = message({
      chat: forum,
      text: 'x',
      message_thread_id: 12,
      reply_to_message: replied({ from: ann }),
    });
    expect(inGeneral.route.thread).toBeUndefined();
  });

  it('in a topic the bot opened is no reply to the bot', () => {
    const opened = replied({ message_id: 12, from: bot, forum_topic_created: { name: 'x', icon_color: 7322096 } });
    const plain = message({
      ...{ chat: forum, text: 'hello', is_topic_message: true, message_thread_id: 12 },
      reply_to_message: opened,
    });
    expect(plain).toMatchObject({ mentionsBot: false });
    expect(plain.replyTo).toBeUndefined();
    expect(plain.quote).toBeUndefined();
  });

  it('written in the name of the group is nobody’s', () => {
    const anonymous = { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' };
    expect(message({ chat: group, from: anonymous, sender_chat: group, text: '/stop' }).sender).toEqual({
      ...{ id: '-100', name: 'Team', anonymous: true },
    });
  });

  it('of another bot says so', () => {
    const other = { id: 8, is_bot: true, first_name: 'Other' };
    expect(message({ chat: group, from: other, text: 'beep' }).sender).toEqual({ id: '8', name: 'Other', bot: true });
  });
});

describe('a reply', () => {
  it('carries what it quotes, and who said it', () => {
    const reply = message({
      text: 'why?',
      reply_to_message: replied({ message_id: 3, from: bot, text: 'It failed.' }),
    });
    expect(reply).toMatchObject({ replyTo: '3', quote: { text: 'It failed.', from: 'Yard' } });
  });

  it('to a part of a message quotes that part', () => {
    const reply = message({
      text: 'why?',
      reply_to_message: replied({ from: ann, text: 'a long story' }),
      quote: { text: 'long', position: 2 },
    });
    expect(reply.quote).toEqual({ text: 'long', from: 'Ann Lee' });
  });
});

describe('files', () => {
  it('are named with kind, type and size, to be fetched later; a caption is the text', () => {
    const document = {
      file_id: 'D',
      file_unique_id: 'd',
      file_name: 'offers.pdf',
      mime_type: 'application/pdf',
      file_size: 9,
    };
    expect(message({ document, caption: 'compare these' })).toMatchObject({
      text: 'compare these',
      files: [{ kind: 'file', ref: 'D', name: 'offers.pdf', mediaType: 'application/pdf', bytes: 9 }],
    });
  });

  it('of a photo are its largest size', () => {
    const sizes = [photo({ file_id: 'small', width: 90 }), photo({ file_id: 'large', width: 1280, file_size: 70 })];
    expect(message({ photo: sizes }).files).toEqual([
      { kind: 'image', ref: 'large', name: 'photo-5.jpg', mediaType: 'image/jpeg', bytes: 70 },
    ]);
  });

  it('of a voice note and of an album are taken too', () => {
    const voice = { file_id: 'V', file_unique_id: 'v', duration: 3 };
    expect(message({ voice }).files).toEqual([
      { kind: 'audio', ref: 'V', name: 'voice-5.ogg', mediaType: 'audio/ogg' },
    ]);
    expect(message({ photo: [photo()], media_group_id: 'A1' }).album).toBe('A1');
  });

  it.each([
    ['a sticker', { sticker: {} }],
    ['a place', { venue: {}, location: {} }],
    ['a location', { location: {} }],
    ['a poll', { poll: {} }],
  ])('are not what %s is', (what, fields) => {
    expect(message(fields as Partial<Message>)).toMatchObject({ text: '', unsupported: what });
  });
});

describe('what is nothing to us', () => {
  it.each([
    ['a service message', sent({ chat: group, new_chat_title: 'New' }), 'service_message'],
    [
      'the opening of a topic',
      sent({ chat: forum, forum_topic_created: { name: 'x', icon_color: 7322096 } }),
      'service_message',
    ],
    [
      'a channel post copied into its group',
      sent({ chat: group, text: 'news', is_automatic_forward: true }),
      'channel_post',
    ],
    ['our own message', sent({ from: bot, text: 'me' }), 'own_message'],
    ['an update of another kind', { update_id: 1 } as Update, 'update_kind'],
  ])('%s', (_what, update, reason) => {
    expect(read(update)).toEqual({ kind: 'ignored', reason });
  });
});

describe('other updates', () => {
  it('an edit is the same message with another text', () => {
    const { message: edited } = sent({ text: 'better', edit_date: 1_600 });
    if (edited === undefined) throw new Error('no message');
    const inbound = read({ update_id: 2, edited_message: { ...edited, edit_date: 1_600 } as never });
    expect(inbound).toMatchObject({ kind: 'edited', message: { id: '99:5', text: 'better' } });
  });

  it('a press names the choice, the place and the presser', () => {
    const query = {
      id: 'q',
      from: ann,
      chat_instance: 'c',
      data: 'sw1:ABC',
      message: sent({ chat: forum, is_topic_message: true, message_thread_id: 4 }).message,
    };
    expect(read({ update_id: 3, callback_query: query } as Update)).toEqual({
      kind: 'press',
      queryId: 'q',
      press: {
        ...{
          id: 'q',
          sender: { id: '7', name: 'Ann Lee' },
          chat: 'group',
          choice: 'ABC',
          messageId: '5',
          at: 2_000_000,
        },
        route: { channel: 'telegram', account: 'default', chat: '-100', thread: '4' },
      },
    });
  });

  it('a press of somebody else’s button data chooses nothing, and one without its message only wants an answer', () => {
    const query = { id: 'q', from: ann, chat_instance: 'c', data: 'x', message: sent().message };
    expect(read({ update_id: 3, callback_query: query } as Update)).toMatchObject({ press: { choice: '' } });
    expect(read({ update_id: 3, callback_query: { ...query, message: undefined } } as never)).toEqual({
      ...{ kind: 'press', press: undefined, queryId: 'q' },
    });
  });

  it('a group that became a supergroup moved, whichever side says it', () => {
    const old = { id: -5, type: 'group', title: 'Team' } as const;
    const moved = {
      kind: 'moved',
      from: { channel: 'telegram', account: 'default', chat: '-5' },
      to: { channel: 'telegram', account: 'default', chat: '-100' },
    };
    expect(read(sent({ chat: old, migrate_to_chat_id: -100 }))).toEqual(moved);
    expect(read(sent({ chat: group, migrate_from_chat_id: -5 }))).toEqual(moved);
  });

  it.each([
    ['kicked', false],
    ['left', false],
    ['member', true],
    ['administrator', true],
  ])('a membership of %s means open: %s', (status, open) => {
    const change = { chat: direct, from: ann, date: 1, old_chat_member: {}, new_chat_member: { status, user: bot } };
    expect(read({ update_id: 4, my_chat_member: change } as never)).toMatchObject({
      kind: 'membership',
      open,
      title: 'Ann Lee',
    });
  });
});

function photo(fields: object = {}) {
  return { file_id: 'P', file_unique_id: 'p', width: 10, height: 10, ...fields };
}

function replied(fields: Partial<Message>): never {
  return { message_id: 3, date: 1, chat: group, text: 'before', ...fields } as never;
}
