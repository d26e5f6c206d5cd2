// What people put into a chat, and what of it the bot hears. Called by people.ts and groups.ts.
import type { MessageEntity, User } from 'grammy/types';
import { type Files, type Media, mediaKinds, type SentFile } from './files.ts';
import type { Place } from './people.ts';
import { chatOf, isGroup, type Room, type RoomMessage, type Speaker, type Wire, type World } from './rooms.ts';
import { detect, speaksTo } from './text.ts';
import { wireMessage } from './wire.ts';

/** How something is said; the text of a message with a file is its caption. */
export type Saying = { readonly [kind in Media]?: SentFile } & {
  /** Default: the private chat with the bot. */
  readonly in?: Place;
  readonly topic?: { readonly id: number } | number;
  readonly replyTo?: number;
  /** The part of the answered message that is quoted. */
  readonly quote?: string;
  /** Names the bot in front. */
  readonly mention?: boolean;
  /** Instead of those found in the text. */
  readonly entities?: readonly MessageEntity[];
  /** Unix time in milliseconds; default: now. */
  readonly date?: number;
  /** Messages with the same one are one album. */
  readonly album?: string;
  /** In the name of the group, as its administrators can. */
  readonly anonymous?: boolean;
  /** In the name of a channel. */
  readonly as?: Place;
  /** Passed on: somebody else wrote it. */
  readonly forwardedFrom?: User;
  /** Something that is no text and no file. */
  readonly holds?: 'location' | 'contact' | 'poll' | 'dice';
};

/** Fixed accounts behind messages that no person signed (https://core.telegram.org/bots/api#message, `from`). */
const groupAnonymousBot: User = { id: 1087968824, is_bot: true, first_name: 'Group', username: 'GroupAnonymousBot' };
const channelBot: User = { id: 136817688, is_bot: true, first_name: 'Channel', username: 'Channel_Bot' };

interface Parts {
  readonly world: World;
  readonly files: Files;
}

/** Puts a message into the room and tells the bot if it may hear it. */
export function utter(
  { world, files }: Parts,
  room: Room,
  user: User,
  said: { readonly text: string; readonly how: Saying },
): RoomMessage {
  const { how } = said;
  const text = how.mention === true ? `@${world.bot.username} ${said.text}` : said.text;
  const topic = topicOf(room, how);
  const message: RoomMessage = {
    id: world.nextMessageId(room),
    from: speaker(world, room, user, how),
    at: how.date ?? world.clock.now(),
    ...{ text, source: text, topic, replyTo: how.replyTo, edits: 0, deleted: false },
    entities: how.entities ?? detect(text),
    more: {
      ...mediaOf(files, how),
      ...held(how.holds),
      ...(how.album === undefined ? {} : { media_group_id: how.album }),
      ...(how.forwardedFrom === undefined ? {} : forwarded(how.forwardedFrom, world.seconds())),
      ...(how.quote === undefined ? {} : { quote: { text: how.quote, position: 0, is_manual: true } }),
    },
  };
  room.messages.set(message.id, message);
  const human = world.people.get(user.id);
  if (human !== undefined && isGroup(room)) human.met = true;
  hear(world, room, message);
  return message;
}

function forwarded(author: User, date: number): Wire {
  return { forward_origin: { type: 'user', sender_user: author, date } };
}

/** Tells the bot of a message, unless privacy mode keeps it from the bot. */
export function hear(world: World, room: Room, message: RoomMessage, change: '' | 'edited_' = ''): void {
  if (!hears(world, room, message)) return;
  const kind = room.type === 'channel' ? 'channel_post' : 'message';
  world.tell(`${change}${kind}`, wireMessage(world, room, message));
}

function hears(world: World, room: Room, message: RoomMessage): boolean {
  if (room.type === 'private') return true;
  if (room.bot.status === 'administrator') return true;
  if (room.bot.status !== 'member' || room.type === 'channel') return false;
  const answered = room.messages.get(message.replyTo ?? 0)?.from.user.id === world.bot.id;
  return !world.privacy || isService(message) || answered || speaksTo(world.bot, message.text, message.entities);
}

const service =
  /^(forum_topic_|general_forum_topic_|new_chat_|left_chat_member|migrate_|pinned_message|group_chat_created|delete_chat_photo)/;
const isService = (message: RoomMessage): boolean => Object.keys(message.more).some((field) => service.test(field));

function speaker(world: World, room: Room, user: User, how: Saying): Speaker {
  if (how.anonymous === true) return { user: groupAnonymousBot, chat: chatOf(world, room) };
  if (room.type === 'channel') return { user: channelBot, chat: chatOf(world, room) };
  if (how.as === undefined) return { user };
  const channel = world.rooms.get(typeof how.as === 'number' ? how.as : how.as.id);
  if (channel === undefined) throw new Error('twin: nobody can speak as a channel that is not there');
  return { user: channelBot, chat: chatOf(world, channel) };
}

/** An answer is in the topic of what it answers. */
function topicOf(room: Room, how: Saying): RoomMessage['topic'] {
  const id = typeof how.topic === 'object' ? how.topic.id : how.topic;
  if (id === undefined) return room.messages.get(how.replyTo ?? 0)?.topic;
  const topic = room.topics.get(id);
  if (topic === undefined || topic.deleted) throw new Error(`twin: there is no topic ${id}`);
  return topic;
}

function mediaOf(files: Files, how: Saying): Wire {
  const kind = mediaKinds.find((one) => how[one] !== undefined);
  const file = kind === undefined ? undefined : how[kind];
  if (kind === undefined || file === undefined) return {};
  const { wire } = files.add(file, `${kind}s`);
  const named = {
    ...(file.name === undefined ? {} : { file_name: file.name }),
    ...(file.type === undefined ? {} : { mime_type: file.type }),
  };
  switch (kind) {
    case 'photo':
      return {
        photo: [
          { ...files.add({ data: 'thumb' }, 'photos').wire, width: 90, height: 60 },
          { ...wire, width: 900, height: 600 },
        ],
      };
    case 'sticker':
      return {
        sticker: {
          ...wire,
          type: 'regular',
          width: 512,
          height: 512,
          is_animated: false,
          is_video: false,
          emoji: '👍',
        },
      };
    case 'voice':
      return { voice: { ...wire, mime_type: 'audio/ogg', duration: 3, ...named } };
    case 'audio':
      return { audio: { ...wire, duration: 3, ...named } };
    case 'video_note':
      return { video_note: { ...wire, length: 240, duration: 3 } };
    case 'video':
      return { video: { ...wire, width: 640, height: 360, duration: 3, ...named } };
    case 'animation': {
      // An animation is a document as well, for clients that know no animations.
      const document = { ...wire, ...named };
      return { animation: { ...document, width: 320, height: 240, duration: 3 }, document };
    }
    case 'document':
      return { document: { ...wire, ...named } };
  }
}

function held(what: Saying['holds']): Wire {
  switch (what) {
    case undefined:
      return {};
    case 'location':
      return { location: { latitude: 52.5, longitude: 13.4 } };
    case 'contact':
      return { contact: { phone_number: '+4912345', first_name: 'Bea' } };
    case 'dice':
      return { dice: { emoji: '🎲', value: 4 } };
    case 'poll': {
      const options = ['Yes', 'No'].map((text, index) => ({ persistent_id: `${index}`, text, voter_count: 0 }));
      const flags = { is_closed: false, is_anonymous: true, type: 'regular', allows_multiple_answers: false };
      return { poll: { id: 'poll-1', question: 'Shall we?', options, total_voter_count: 0, ...flags } };
    }
  }
}
