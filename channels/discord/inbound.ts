// A Discord message in our own words, or the reason why it is nothing to us. Pure; used by hearing.ts for what the gateway
// tells and for what is read later.
import { type APIMessage, type GatewayMessageCreateDispatchData, MessageReferenceType, MessageType } from 'discord.js';
import type { InboundMessage } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { contentOf, forwardedIn, type Me, passedOn } from './content.ts';
import type { Place } from './places.ts';
import { timeOf } from './snowflake.ts';

/** As the gateway tells it, or as the API answers it: then without guild and member. */
export type DiscordMessage = APIMessage & Partial<Pick<GatewayMessageCreateDispatchData, 'guild_id' | 'member'>>;

export interface Reader {
  readonly me: Me;
  /** Id of our application. */
  readonly application: string;
  /** Unix ms: what was sent before waited for us. */
  readonly connectedAt: number;
}

/** What our own messages are known by. */
export interface Own {
  /** Id of the bot. */
  readonly id: string;
  readonly application: string;
}

export interface Placed {
  readonly place: Place;
  readonly route: Route;
}

export type Inbound =
  | { readonly kind: 'message'; readonly message: InboundMessage }
  | { readonly kind: 'ignored'; readonly reason: string };

/** Why a message is nothing to us whatever it says; asked first, because the place may have to be looked up. */
export function ignores(message: DiscordMessage, reader: Reader): string | undefined {
  if (isOwn(message, ownOf(reader))) return 'own_message';
  // All else is Discord's own voice: somebody joined, a thread was opened, a message was pinned.
  if (message.type !== MessageType.Default && message.type !== MessageType.Reply) return 'system_message';
  return undefined;
}

/**
 * Written by the bot, or through a webhook that it made: with those Discord names the application
 * (docs.discord.com/developers/resources/message#message-object, `application_id`).
 */
export function isOwn(message: APIMessage, own: Own): boolean {
  const { author, webhook_id: webhook, application_id: application } = message;
  return author.id === own.id || (webhook !== undefined && application === own.application);
}

function ownOf({ me, application }: Reader): Own {
  return { id: me.id, application };
}

export function readMessage(message: DiscordMessage, at: Placed, reader: Reader): Inbound {
  const reason = ignores(message, reader);
  if (reason !== undefined) return { kind: 'ignored', reason };
  const content = contentOf(message, reader.me);
  if (content === undefined) return { kind: 'ignored', reason: 'no_content' };
  const direct = at.place.kind === 'direct';
  const replied = repliedTo(message);
  const sentAt = timeOf(message.id);
  return {
    kind: 'message',
    message: {
      id: message.id,
      route: at.route,
      sender: senderOf(message),
      chat: direct ? 'direct' : 'group',
      ...(at.place.kind === 'direct' ? {} : { space: at.place.guild }),
      text: content.text,
      mentionsBot: direct || mentions(message, reader.me) || answersUs(message, reader),
      ...(replied === undefined ? {} : { replyTo: replied }),
      ...quoteOf(message, replied),
      attachments: [],
      ...(content.files.length === 0 ? {} : { files: [...content.files] }),
      ...(content.unsupported === undefined ? {} : { unsupported: content.unsupported }),
      ...(sentAt < reader.connectedAt ? { backlog: true } : {}),
      sentAt,
    },
  };
}

/** An own message as an echo: our key comes back in it. */
export function echoOf(message: DiscordMessage): { readonly nonce: string; readonly messageId: string } | undefined {
  return typeof message.nonce === 'string' ? { nonce: message.nonce, messageId: message.id } : undefined;
}

function senderOf({ author, member, webhook_id: webhook }: DiscordMessage): InboundMessage['sender'] {
  const name = member?.nick ?? author.global_name ?? author.username;
  return { id: author.id, name, ...(author.bot === true || webhook !== undefined ? { bot: true } : {}) };
}

function repliedTo({ message_reference: reference }: DiscordMessage): string | undefined {
  const forwards = reference?.type === MessageReferenceType.Forward;
  return forwards ? undefined : reference?.message_id;
}

function answersUs({ referenced_message: quoted }: DiscordMessage, reader: Reader): boolean {
  return quoted !== undefined && quoted !== null && isOwn(quoted, ownOf(reader));
}

function quoteOf(message: DiscordMessage, replied: string | undefined): Pick<InboundMessage, 'quote'> {
  const quoted = message.referenced_message;
  if (replied === undefined || quoted === undefined || quoted === null) return {};
  // In a server this is the only way to show the bot what was forwarded: nobody can be called in a forwarded message.
  const text = quoted.content || passedOn(forwardedIn(quoted));
  if (text.trim() === '') return {};
  return { quote: { text, from: quoted.author.global_name ?? quoted.author.username } };
}

/** `@everyone` and `@here` call everybody, not the bot. */
function mentions(message: DiscordMessage, me: Me): boolean {
  return message.mentions.some(({ id }) => id === me.id) || message.mention_roles.some((role) => me.roles.has(role));
}
