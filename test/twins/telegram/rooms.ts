// Who is there: the bot, people, and the rooms they meet in (a private chat, a group, a channel) with their topics and
// messages. State and plain questions about it; what may be sent where is decided in reach.ts.
import type { Chat, InlineKeyboardMarkup, MessageEntity, User } from 'grammy/types';
import type { Clock } from '../../../src/infra/clock.ts';

/** An object on the wire. */
export type Wire = Readonly<Record<string, unknown>>;

export interface Topic {
  /** The id of the service message that opened it. */
  readonly id: number;
  name: string;
  closed: boolean;
  deleted: boolean;
}

/** Who speaks: a user, or a user in the name of a chat. */
export interface Speaker {
  readonly user: User;
  readonly chat?: Chat;
}

export interface RoomMessage {
  readonly id: number;
  readonly from: Speaker;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** What people see, after entity parsing; of a file its caption. */
  text: string;
  /** As it was sent, with tags. */
  source: string;
  entities: readonly MessageEntity[];
  /** The topic it is in. */
  readonly topic?: Topic | undefined;
  readonly replyTo?: number | undefined;
  markup?: InlineKeyboardMarkup | undefined;
  edits: number;
  deleted: boolean;
  /** What the bot reacted with. */
  reaction?: string | undefined;
  /** A file the bot sent. */
  readonly file?: { readonly name: string; readonly data: Uint8Array } | undefined;
  /** Media, service and album fields as they are on the wire. */
  readonly more: Wire;
}

export type BotStatus = 'member' | 'administrator' | 'left' | 'kicked';
export type MemberStatus = 'creator' | 'administrator' | 'member' | 'left';

export interface Room {
  readonly id: number;
  readonly type: Chat['type'];
  title: string;
  readonly username?: string | undefined;
  readonly forum: boolean;
  readonly members: Map<number, MemberStatus>;
  bot: { readonly status: BotStatus; readonly rights: ReadonlySet<string> };
  readonly topics: Map<number, Topic>;
  generalClosed: boolean;
  readonly messages: Map<number, RoomMessage>;
  /** The supergroup it became. */
  movedTo?: number | undefined;
}

export interface Human {
  readonly user: User;
  /** Spoke to the bot in private at least once. */
  started: boolean;
  /** The bot has met them somewhere. */
  met: boolean;
  blocked: boolean;
  gone: boolean;
}

export class World {
  readonly clock: Clock;
  readonly bot: User;
  readonly rooms = new Map<number, Room>();
  readonly people = new Map<number, Human>();
  /** Called with each update the bot may get; set by twin.ts. */
  tell: (kind: string, payload: Wire) => void = () => {};
  /** Privacy mode: on, the bot hears in groups only what speaks to it. */
  privacy = true;
  /** Private chats can have topics. */
  topicsInDms = false;
  /** Private chats and basic groups count messages together, as they do for one account. */
  #shared = 100;
  readonly #own = new Map<number, number>();

  constructor(clock: Clock, bot: User) {
    this.clock = clock;
    this.bot = bot;
  }

  addRoom(room: Pick<Room, 'id' | 'type' | 'title'> & Partial<Room>): Room {
    const full: Room = {
      ...{ forum: false, members: new Map(), topics: new Map(), generalClosed: false, messages: new Map() },
      bot: { status: 'member', rights: new Set() },
      ...room,
    };
    this.rooms.set(room.id, full);
    return full;
  }

  nextMessageId(room: Room): number {
    if (room.type === 'private' || room.type === 'group') {
      this.#shared += 1;
      return this.#shared;
    }
    // The first message of a supergroup says that it was made; nobody sees it.
    const id = (this.#own.get(room.id) ?? 1) + 1;
    this.#own.set(room.id, id);
    return id;
  }

  human(id: number): Human {
    const human = this.people.get(id);
    if (human === undefined) throw new Error(`twin: there is no person ${id}`);
    return human;
  }

  /** Unix time in seconds, as the wire has it. */
  seconds(): number {
    return Math.floor(this.clock.now() / 1000);
  }
}

export const isGroup = (room: Room): boolean => room.type === 'group' || room.type === 'supergroup';

/** The newest first. */
export const newest = (room: Room): readonly RoomMessage[] =>
  [...room.messages.values()].filter((message) => !message.deleted).reverse();

export function chatOf(world: World, room: Room): Chat {
  if (room.type !== 'private')
    return {
      ...{ id: room.id, type: room.type, title: room.title },
      ...(room.username === undefined ? {} : { username: room.username }),
      ...(room.forum ? { is_forum: true } : {}),
    } as Chat;
  const { id, first_name, last_name, username } = world.human(room.id).user;
  const names = {
    ...(last_name === undefined ? {} : { last_name }),
    ...(username === undefined ? {} : { username }),
  };
  return { id, type: 'private', first_name, ...names };
}
