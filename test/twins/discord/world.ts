// What there is: the bot, people, guilds, channels, threads and messages. State and plain questions about it; what the bot
// may do where is decided in permissions.ts, how it looks on the wire in wire.ts.
import type { Clock } from '../../../src/infra/clock.ts';
import { Snowflakes } from './snowflakes.ts';
import type { Violations } from './violations.ts';

/** An object on the wire. */
export type Wire = Readonly<Record<string, unknown>>;

/** https://discord.com/developers/docs/resources/channel#channel-object-channel-types */
export const kinds = { text: 0, dm: 1, thread: 11, forum: 15 } as const;
export type ChannelKind = keyof typeof kinds;

/** https://discord.com/developers/docs/resources/message#message-object-message-flags */
export const flags = { suppressEmbeds: 4, hasThread: 32, ephemeral: 64, loading: 128, componentsV2: 32768 } as const;

/** https://discord.com/developers/docs/resources/message#message-object-message-types */
export const types = { said: 0, threadCreated: 18, reply: 19, command: 20, threadStarter: 21 } as const;

export interface User {
  readonly id: string;
  readonly username: string;
  readonly name: string;
  readonly bot: boolean;
}

export interface Human {
  readonly user: User;
  /** Takes no direct messages from the bot. */
  closed: boolean;
}

export interface Guild {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly members: Set<string>;
  /** The bot's own role and the one of people. `@everyone` has the id of the guild and grants nothing. */
  readonly roles: { readonly bot: string; readonly people: string };
  /** What the bot's role grants. */
  granted: bigint;
  present: boolean;
  unavailable: boolean;
}

export interface ThreadState {
  readonly owner: string;
  archived: boolean;
  locked: boolean;
  /** Minutes. */
  autoArchive: number;
  /** Unix time in milliseconds of the last change of `archived`. */
  since: number;
  readonly members: Set<string>;
}

export interface Channel {
  readonly id: string;
  readonly kind: ChannelKind;
  name: string;
  readonly guild?: Guild | undefined;
  /** Of a thread. */
  readonly parent?: Channel | undefined;
  readonly thread?: ThreadState | undefined;
  /** The other one in a direct message. */
  readonly recipient?: User | undefined;
  /** What the channel takes from the bot. */
  denied: bigint;
  deleted: boolean;
  /** Unix time in milliseconds until which the bot is shown typing. */
  typingUntil: number;
  readonly messages: Map<string, Message>;
}

export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly data: Uint8Array;
  readonly type: string | undefined;
}

export interface Message {
  readonly id: string;
  readonly channel: Channel;
  readonly author: User;
  readonly type: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly webhook?: string | undefined;
  readonly nonce?: string | number | undefined;
  readonly replyTo?: string | undefined;
  /** What it passes on. */
  readonly forwards?: Message | undefined;
  /** Who alone sees it. */
  readonly onlyFor?: string | undefined;
  /** The interaction it answers. */
  readonly interaction?: Wire | undefined;
  content: string;
  components: readonly Wire[];
  embeds: readonly Wire[];
  files: readonly StoredFile[];
  flags: number;
  /** Users that are notified, `everyone` for all. */
  pings: readonly string[];
  edits: number;
  editedAt?: number | undefined;
  deleted: boolean;
  readonly reactions: Map<string, Set<string>>;
}

/** An event for the gateway. */
export interface Occasion {
  readonly name: string;
  readonly data: Wire;
  /** Where it is; nothing where no place matters. */
  readonly where?: Channel | Guild;
  /** The message it tells of, whose content not every session may read. */
  readonly message?: Message;
  /** Called each time it goes out to a connection. */
  readonly sent?: () => void;
}

export class World {
  readonly clock: Clock;
  readonly ids: Snowflakes;
  readonly bot: User;
  readonly violations: Violations;
  readonly guilds = new Map<string, Guild>();
  readonly channels = new Map<string, Channel>();
  readonly people = new Map<string, Human>();
  /** Own webhooks by id. */
  readonly webhooks = new Map<string, Webhook>();
  /** The switch of the developer portal, which holds for REST as well. */
  messageContent = true;
  /** Where files are served; set by twin.ts. */
  filesUrl = '';
  /** Called with each event; set by twin.ts. */
  tell: (occasion: Occasion) => void = () => {};

  constructor(clock: Clock, bot: User, violations: Violations) {
    this.clock = clock;
    this.ids = new Snowflakes(clock);
    this.bot = bot;
    this.violations = violations;
  }

  addChannel(channel: Pick<Channel, 'id' | 'kind' | 'name'> & Partial<Channel>): Channel {
    const full: Channel = { denied: 0n, deleted: false, typingUntil: 0, messages: new Map(), ...channel };
    this.channels.set(full.id, full);
    return full;
  }

  /** The direct messages between the bot and somebody, opened on first use. */
  dm(user: User): Channel {
    const open = [...this.channels.values()].find(({ recipient, deleted }) => recipient?.id === user.id && !deleted);
    return open ?? this.addChannel({ id: this.ids.next(), kind: 'dm', name: '', recipient: user });
  }

  threadsOf(guild: Guild): readonly Channel[] {
    return [...this.channels.values()].filter((one) => one.guild === guild && one.kind === 'thread' && !one.deleted);
  }

  message(id: string): Message | undefined {
    for (const { messages } of this.channels.values()) {
      const found = messages.get(id);
      if (found !== undefined && !found.deleted) return found;
    }
    return undefined;
  }
}

export interface Webhook {
  readonly id: string;
  readonly token: string;
  readonly channel: Channel;
  readonly name: string;
}

/** The thread that hangs on a message: it has the message's id. */
export const threadOn = (world: World, message: Message): Channel | undefined => {
  const thread = world.channels.get(message.id);
  return thread?.deleted === true ? undefined : thread;
};

/** Written by the bot itself or by a webhook of its own. */
export const isMine = (world: World, { author, webhook }: Message): boolean =>
  author.id === world.bot.id || (webhook !== undefined && world.webhooks.has(webhook));
