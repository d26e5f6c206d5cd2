// A Telegram update in our own words, or the reason why it is nothing to us. Pure; used by adapter.ts.
import type {
  CallbackQuery,
  ChatMemberUpdated,
  Message,
  MessageEntity,
  MessageOrigin,
  Update,
  User,
} from 'grammy/types';
import type { InboundMessage, Press } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { contentOf, readable } from './content.ts';

export interface Reader {
  readonly account: string;
  readonly me: { readonly id: number; readonly username: string };
  /** Unix ms by Telegram's clock, whole seconds: what was sent before waited for us. */
  readonly connectedAt: number;
  /** Unix ms: presses carry no time of their own. */
  readonly now: number;
}

export type Inbound =
  | { readonly kind: 'message'; readonly message: InboundMessage; readonly forum: boolean }
  | { readonly kind: 'edited'; readonly message: InboundMessage }
  | { readonly kind: 'press'; readonly press: Press | undefined; readonly queryId: string }
  | { readonly kind: 'moved'; readonly from: Route; readonly to: Route }
  /** We were let into a chat or shut out of it: blocked, removed, added. */
  | { readonly kind: 'membership'; readonly route: Route; readonly open: boolean; readonly title: string }
  | { readonly kind: 'ignored'; readonly reason: string };

/** What is asked of Telegram; a list once given stays in force there, so it is always sent. */
export const wantedUpdates = ['message', 'edited_message', 'callback_query', 'my_chat_member'] as const;

/** Prefix of our button data, so that buttons of a later format can be told apart. */
export const choicePrefix = 'sw1:';

export function readUpdate(update: Update, reader: Reader): Inbound {
  if (update.message !== undefined) return readMessage(update.message, reader);
  if (update.edited_message !== undefined) {
    const read = readMessage(update.edited_message, reader);
    return read.kind === 'message' ? { kind: 'edited', message: read.message } : read;
  }
  if (update.callback_query !== undefined) return readPress(update.callback_query, reader);
  if (update.my_chat_member !== undefined) return readMembership(update.my_chat_member, reader);
  return { kind: 'ignored', reason: 'update_kind' };
}

function readMessage(message: Message, reader: Reader): Inbound {
  const { chat, from } = message;
  const moved = readMove(message, reader);
  if (moved !== undefined) return moved;
  // A channel speaks to its readers, also where its posts are copied into the discussion group.
  if (chat.type === 'channel' || message.is_automatic_forward === true || from === undefined)
    return { kind: 'ignored', reason: 'channel_post' };
  if (from.id === reader.me.id) return { kind: 'ignored', reason: 'own_message' };
  const content = contentOf(message);
  if (content === undefined) return { kind: 'ignored', reason: 'service_message' };
  const direct = chat.type === 'private';
  const replied = repliedTo(message);
  const sentAt = message.date * 1000;
  return {
    kind: 'message',
    forum: chat.is_forum === true,
    message: {
      // Ids of private chats count per bot: another bot of this account begins with the same ones again.
      id: `${reader.me.id}:${message.message_id}`,
      route: routeOf(message, reader),
      sender: senderOf(message, from),
      chat: direct ? 'direct' : 'group',
      text: inTheirName(message) + content.text,
      mentionsBot: direct || mentions(message, reader) || replied?.from?.id === reader.me.id,
      ...(replied === undefined ? {} : { replyTo: String(replied.message_id) }),
      ...quoteOf(message, replied),
      attachments: [],
      ...(content.files.length === 0 ? {} : { files: [...content.files] }),
      ...(message.media_group_id === undefined ? {} : { album: message.media_group_id }),
      ...(content.unsupported === undefined ? {} : { unsupported: content.unsupported }),
      ...(sentAt < reader.connectedAt ? { backlog: true } : {}),
      sentAt,
    },
  };
}

/** Both groups announce the move; either says everything. */
function readMove(message: Message, reader: Reader): Inbound | undefined {
  const { chat, migrate_to_chat_id: to, migrate_from_chat_id: from } = message;
  const pair = to !== undefined ? [chat.id, to] : from !== undefined ? [from, chat.id] : undefined;
  const [before, after] = pair ?? [];
  if (before === undefined || after === undefined) return undefined;
  return { kind: 'moved', from: chatRoute(before, reader), to: chatRoute(after, reader) };
}

export function chatRoute(chat: number | string, { account }: Pick<Reader, 'account'>): Route {
  return { channel: 'telegram', account, chat: String(chat) };
}

/** Words of others that were passed on are said to be theirs, and so are never a command of whoever passed them on. */
function inTheirName({ text, caption, forward_origin: origin, via_bot: bot }: Message): string {
  if ((text ?? caption ?? '') === '') return '';
  if (origin !== undefined) return `Forwarded from ${authorOf(origin).replace(/\s+/g, ' ')}:\n`;
  return bot === undefined ? '' : `Written by @${bot.username ?? bot.id}:\n`;
}

function authorOf(origin: MessageOrigin): string {
  switch (origin.type) {
    case 'user':
      return nameOf(origin.sender_user);
    case 'hidden_user':
      return origin.sender_user_name;
    case 'chat':
      return ('title' in origin.sender_chat ? origin.sender_chat.title : undefined) ?? 'somebody';
    case 'channel':
      return ('title' in origin.chat ? origin.chat.title : undefined) ?? 'a channel';
  }
}

interface Placed {
  readonly chat: { readonly id: number };
  readonly is_topic_message?: boolean;
  readonly message_thread_id?: number;
}

/** A reply chain in General carries a thread id that is no topic: only `is_topic_message` tells them apart. */
function routeOf(message: Placed, reader: Reader): Route {
  const route = chatRoute(message.chat.id, reader);
  const topic = message.is_topic_message === true ? message.message_thread_id : undefined;
  return topic === undefined ? route : { ...route, thread: String(topic) };
}

/** Admins may write as their group, people as a channel of theirs: Telegram then shows a made-up user in `from`. */
function senderOf(message: Message, from: User): InboundMessage['sender'] {
  const { sender_chat: spokenFor } = message;
  if (spokenFor !== undefined) {
    const name = 'title' in spokenFor ? (spokenFor.title ?? 'anonymous') : 'anonymous';
    return { id: String(spokenFor.id), name, anonymous: true };
  }
  return { id: String(from.id), name: nameOf(from), ...(from.is_bot ? { bot: true } : {}) };
}

function nameOf(user: User): string {
  const name = [user.first_name, user.last_name].filter((part) => part !== undefined && part !== '').join(' ');
  return name === '' ? (user.username ?? String(user.id)) : name;
}

/** Plain messages in a topic reply to the service message that opened it: no reply in anybody's eyes. */
function repliedTo(message: Message): Message | undefined {
  const replied = message.reply_to_message;
  if (replied === undefined || replied.forum_topic_created !== undefined) return undefined;
  const opensTopic = message.is_topic_message === true && replied.message_id === message.message_thread_id;
  return opensTopic ? undefined : replied;
}

function quoteOf(message: Message, replied: Message | undefined): Pick<InboundMessage, 'quote'> {
  const text = message.quote?.text ?? (replied === undefined ? '' : readable(replied));
  if (text.trim() === '') return {};
  const from = replied?.from === undefined ? (replied?.sender_chat?.title ?? 'somebody') : nameOf(replied.from);
  return { quote: { text, from } };
}

function mentions(message: Message, { me }: Reader): boolean {
  const text = message.text ?? message.caption ?? '';
  const entities = message.entities ?? message.caption_entities ?? [];
  const ours = `@${me.username}`.toLowerCase();
  return entities.some((entity) => mentionsUs(entity, text, { id: me.id, ours }));
}

function mentionsUs(
  entity: MessageEntity,
  text: string,
  { id, ours }: { readonly id: number; readonly ours: string },
): boolean {
  const words = text.slice(entity.offset, entity.offset + entity.length).toLowerCase();
  switch (entity.type) {
    case 'mention':
      return words === ours;
    case 'text_mention':
      return entity.user.id === id;
    case 'bot_command':
      return words.endsWith(ours);
    default:
      return false;
  }
}

/** Without its message a press says nothing about the chat it was made in; it is still answered, so that it stops spinning. */
function readPress(query: CallbackQuery, reader: Reader): Inbound {
  const { message, from, data = '' } = query;
  if (message === undefined) return { kind: 'press', press: undefined, queryId: query.id };
  const press: Press = {
    id: query.id,
    route: routeOf(message, reader),
    sender: { id: String(from.id), name: nameOf(from), ...(from.is_bot ? { bot: true } : {}) },
    chat: message.chat.type === 'private' ? 'direct' : 'group',
    choice: data.startsWith(choicePrefix) ? data.slice(choicePrefix.length) : '',
    messageId: String(message.message_id),
    at: reader.now,
  };
  return { kind: 'press', press, queryId: query.id };
}

function readMembership(change: ChatMemberUpdated, reader: Reader): Inbound {
  const { chat, new_chat_member: member } = change;
  if (chat.type === 'channel') return { kind: 'ignored', reason: 'channel_post' };
  const out = member.status === 'left' || member.status === 'kicked';
  const title = chat.type === 'private' ? nameOf(change.from) : chat.title;
  return { kind: 'membership', route: chatRoute(chat.id, reader), open: !out, title };
}
