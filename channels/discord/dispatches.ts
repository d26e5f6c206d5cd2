// What the gateway tells, as far as it matters here. Pure; used by telling.ts.
// docs.discord.com/developers/events/gateway-events
import {
  type APIChannel,
  type APIInteraction,
  type APIThreadChannel,
  ChannelType,
  type GatewayGuildCreateDispatchData,
} from 'discord.js';
import type { DiscordMessage } from './inbound.ts';
import { isThreadType } from './places.ts';

export type Dispatch =
  /** A new session: nothing is told of what was before. */
  | { readonly kind: 'session' }
  | { readonly kind: 'message'; readonly message: DiscordMessage }
  | { readonly kind: 'edited'; readonly message: DiscordMessage }
  | { readonly kind: 'interaction'; readonly interaction: APIInteraction }
  | { readonly kind: 'gone'; readonly at: At; readonly reason: string }
  /** Something may be possible here that was not. */
  | { readonly kind: 'opened'; readonly at: readonly At[] }
  | { readonly kind: 'guild-gone'; readonly guild: string }
  /** It is there: at the begin of a session, after an outage of theirs, or because the bot was let in. */
  | { readonly kind: 'guild'; readonly guild: string; readonly at: readonly At[]; readonly newest: readonly Newest[] }
  | { readonly kind: 'other' };

export interface At {
  readonly channel: string;
  /** Of a thread: what it belongs to. */
  readonly parent: string | undefined;
}

/** The last message of a channel or thread. */
export interface Newest {
  readonly channel: string;
  readonly message: string;
}

export interface Packet {
  readonly t: string;
  readonly d: unknown;
}

const other: Dispatch = { kind: 'other' };

/** The library hands on what Discord sent; its shape is what Discord documents. */
export function readDispatch({ t, d }: Packet): Dispatch {
  switch (t) {
    case 'READY':
      return { kind: 'session' };
    case 'MESSAGE_CREATE':
      return { kind: 'message', message: d as DiscordMessage };
    case 'MESSAGE_UPDATE': {
      const message = d as Partial<DiscordMessage>;
      // Discord also updates messages by itself, to add a preview. Those have no date of an edit.
      const byPerson = typeof message.edited_timestamp === 'string' && message.author !== undefined;
      return byPerson ? { kind: 'edited', message: d as DiscordMessage } : other;
    }
    case 'INTERACTION_CREATE':
      return { kind: 'interaction', interaction: d as APIInteraction };
    case 'CHANNEL_DELETE':
    case 'THREAD_DELETE':
      return { kind: 'gone', at: atOf(d as APIChannel), reason: 'it was deleted' };
    case 'THREAD_UPDATE':
      return (d as APIThreadChannel).thread_metadata?.locked === true
        ? { kind: 'gone', at: atOf(d as APIChannel), reason: 'it was locked' }
        : { kind: 'opened', at: [atOf(d as APIChannel)] };
    case 'CHANNEL_UPDATE':
      return { kind: 'opened', at: [atOf(d as APIChannel)] };
    case 'GUILD_CREATE':
      return guildOf(d as GatewayGuildCreateDispatchData);
    case 'GUILD_DELETE': {
      const guild = d as { readonly id: string; readonly unavailable?: boolean };
      // An outage of theirs is no end: everything is there again afterwards.
      return guild.unavailable === true ? other : { kind: 'guild-gone', guild: guild.id };
    }
    default:
      return other;
  }
}

function guildOf({ id, channels = [], threads = [] }: GatewayGuildCreateDispatchData): Dispatch {
  return { kind: 'guild', guild: id, at: channels.map(atOf), newest: [...channels, ...threads].flatMap(newestOf) };
}

function newestOf(channel: APIChannel): readonly Newest[] {
  // In a forum it is the last post: a thread, which is told itself.
  const holdsMessages = channel.type !== ChannelType.GuildForum && channel.type !== ChannelType.GuildMedia;
  const last = holdsMessages && 'last_message_id' in channel ? channel.last_message_id : undefined;
  return typeof last === 'string' ? [{ channel: channel.id, message: last }] : [];
}

/** Channels have a parent, too: the category above them. */
function atOf(channel: APIChannel): At {
  const parent = 'parent_id' in channel && typeof channel.parent_id === 'string' ? channel.parent_id : undefined;
  return { channel: channel.id, parent: isThreadType(channel.type) ? parent : undefined };
}
