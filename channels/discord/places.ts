// Which channel ids are direct chats, channels or threads, and of what: from the client's memory, else asked once.
// Used by adapter.ts, hearing.ts and threads.ts.
import { type APIChannel, ChannelType, type Client, PermissionFlagsBits, Routes } from 'discord.js';
import type { Route } from '../../src/core/route.ts';
import type { DiscordApi } from './api.ts';

export type Place =
  | { readonly kind: 'direct' }
  | { readonly kind: 'channel'; readonly guild: string; readonly holds: Holds }
  /** `parent`: the channel or forum it belongs to. */
  | { readonly kind: 'thread'; readonly guild: string; readonly parent: string };

/** What can be opened in a channel; a post is a thread with a message at its head. */
type Holds = 'threads' | 'posts' | 'nothing';

export interface PlacesOptions {
  readonly api: DiscordApi;
  readonly account: string;
  readonly client: () => Client | undefined;
}

/** Rights by the names people see in the server settings. */
export const rights = {
  'Send Messages': PermissionFlagsBits.SendMessages,
  'Create Public Threads': PermissionFlagsBits.CreatePublicThreads,
  'Send Messages in Threads': PermissionFlagsBits.SendMessagesInThreads,
  'Attach Files': PermissionFlagsBits.AttachFiles,
} as const;
export type Right = keyof typeof rights;

const mostKnown = 10_000;

export class Places {
  readonly #options: PlacesOptions;
  /** What the client does not keep: archived threads, direct chats. */
  readonly #asked = new Map<string, Place>();

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** From memory. */
  known(channel: string): Place | undefined {
    const cached = this.#options.client()?.channels.cache.get(channel);
    if (cached === undefined) return this.#asked.get(channel);
    if (cached.isDMBased()) return { kind: 'direct' };
    if (cached.isThread())
      return cached.parentId === null ? undefined : { kind: 'thread', guild: cached.guildId, parent: cached.parentId };
    return { kind: 'channel', guild: cached.guildId, holds: holdsOf(cached.type) };
  }

  /** Those of `wanted` that the bot does not have in a channel; none where that is not known. From memory. */
  missing(channel: string, wanted: readonly Right[]): readonly Right[] {
    const client = this.#options.client();
    const cached = client?.channels.cache.get(channel);
    if (client?.user == null || cached === undefined || cached.isDMBased()) return [];
    const granted = cached.permissionsFor(client.user.id);
    return granted === null ? [] : wanted.filter((right) => !granted.has(rights[right]));
  }

  /** Rejects as the API does when it has to be asked. */
  async of(channel: string): Promise<Place> {
    const known = this.known(channel);
    if (known !== undefined) return known;
    const found = await this.#options.api.call<APIChannel>((rest, signal) =>
      rest.get(Routes.channel(channel), { signal }),
    );
    const place = placeOf(found);
    this.learn(channel, place);
    return place;
  }

  /** Told by somebody who knows. */
  learn(channel: string, place: Place): void {
    if (this.#asked.size >= mostKnown) this.#asked.clear();
    this.#asked.set(channel, place);
  }

  route(channel: string, place: Place): Route {
    const { account } = this.#options;
    return place.kind === 'thread'
      ? { channel: 'discord', account, chat: place.parent, thread: channel }
      : { channel: 'discord', account, chat: channel };
  }
}

function placeOf(channel: APIChannel): Place {
  const guild = 'guild_id' in channel && typeof channel.guild_id === 'string' ? channel.guild_id : undefined;
  if (guild === undefined) return { kind: 'direct' };
  const parent = 'parent_id' in channel && typeof channel.parent_id === 'string' ? channel.parent_id : undefined;
  if (isThreadType(channel.type) && parent !== undefined) return { kind: 'thread', guild, parent };
  return { kind: 'channel', guild, holds: holdsOf(channel.type) };
}

export function isThreadType(type: ChannelType): boolean {
  return (
    type === ChannelType.PublicThread || type === ChannelType.PrivateThread || type === ChannelType.AnnouncementThread
  );
}

function holdsOf(type: ChannelType): Holds {
  if (type === ChannelType.GuildText || type === ChannelType.GuildAnnouncement) return 'threads';
  return type === ChannelType.GuildForum || type === ChannelType.GuildMedia ? 'posts' : 'nothing';
}

/** The channel a message for this route goes to. */
export function channelOf({ chat, thread }: Pick<Route, 'chat' | 'thread'>): string {
  return thread ?? chat;
}

/** Discord's ids are snowflakes of 17 digits or more; anything else is nobody's place there. */
export function isDiscordPlace(route: Route): boolean {
  return isSnowflake(route.chat) && (route.thread === undefined || isSnowflake(route.thread));
}

export function isSnowflake(id: string): boolean {
  return /^\d{17,20}$/.test(id);
}
