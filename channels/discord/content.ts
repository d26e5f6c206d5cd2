// What a Discord message holds: text with names in place of ids, files, and kinds nobody here can read. Pure; used by inbound.ts.
import { type APIAttachment, type APIMessageSnapshotFields, MessageFlags } from 'discord.js';
import type { RemoteFile } from '../../src/core/message.ts';
import type { DiscordMessage } from './inbound.ts';

export interface Content {
  readonly text: string;
  readonly files: readonly RemoteFile[];
  /** For a sentence: `a sticker`. */
  readonly unsupported: string | undefined;
}

export interface Me {
  readonly id: string;
  readonly name: string;
  /** Roles that stand for the bot alone, of all guilds. */
  readonly roles: ReadonlySet<string>;
}

/** Undefined when there is nothing in it for anybody: what programs write is often a card alone. */
export function contentOf(message: DiscordMessage, me: Me): Content | undefined {
  // A forwarded message brings what it forwards along instead of words of its own.
  const forwarded = forwardedIn(message);
  const words = message.content === '' ? passedOn(forwarded) : ownWords(message, me);
  const voice = ((message.flags ?? 0) & MessageFlags.IsVoiceMessage) !== 0;
  const attached = message.attachments.length > 0 ? message.attachments : (forwarded?.attachments ?? []);
  const files = attached.map((attachment) => fileOf(message, attachment, voice));
  const unsupported = files.length === 0 && words === '' ? unreadable(message, forwarded) : undefined;
  if (words !== '' || files.length > 0 || unsupported !== undefined) return { text: words, files, unsupported };
  // Whoever only calls the bot wants something all the same: mostly that it reads what they answer.
  return message.content === '' ? undefined : { text: `@${me.name}`, files, unsupported };
}

export function forwardedIn({ message_snapshots: snapshots }: DiscordMessage): APIMessageSnapshotFields | undefined {
  return snapshots?.[0]?.message;
}

/**
 * Words of others that were passed on are said to be so, and so are never a command of whoever passed them on. Whose they are
 * Discord does not tell.
 */
export function passedOn(forwarded: APIMessageSnapshotFields | undefined): string {
  const text = named(forwarded?.content ?? '', forwarded?.mentions ?? []);
  return text === '' ? '' : `Forwarded:\n${text}`;
}

/** Words that call the bot say nothing more at the start of a text; a command after them is one. */
function ownWords({ content, mentions }: DiscordMessage, me: Me): string {
  let text = content;
  for (let called = startOf(text, me); called > 0; called = startOf(text, me)) text = text.slice(called);
  return named(text, mentions);
}

/** With names in place of ids. */
function named(text: string, mentions: DiscordMessage['mentions']): string {
  const names = new Map(mentions.map((user) => [user.id, user.global_name ?? user.username]));
  return text.replace(/<@!?(\d{17,20})>/g, (token, id: string) => {
    const name = names.get(id);
    return name === undefined ? token : `@${name}`;
  });
}

function startOf(text: string, me: Me): number {
  const [whole = '', sign, id = ''] = /^\s*<@([!&]?)(\d{17,20})>[\s,:]*/.exec(text) ?? [];
  return (sign === '&' ? me.roles.has(id) : id === me.id) ? whole.length : 0;
}

/** What `fetch` needs: where the file is, and whom to ask when that address has expired. */
export interface FileRef {
  readonly channel: string;
  readonly message: string;
  readonly id: string;
  readonly url: string;
}

function fileOf(message: DiscordMessage, attachment: APIAttachment, voice: boolean): RemoteFile {
  const { id, url, filename, size } = attachment;
  const mediaType = attachment.content_type?.split(';', 1)[0]?.trim() || 'application/octet-stream';
  const ref: FileRef = { channel: message.channel_id, message: message.id, id, url };
  return {
    kind: voice ? 'audio' : kindOf(mediaType),
    ref: JSON.stringify(ref),
    name: filename,
    mediaType,
    bytes: size,
  };
}

function kindOf(mediaType: string): RemoteFile['kind'] {
  const family = mediaType.split('/', 1)[0];
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}

function unreadable(message: DiscordMessage, forwarded: APIMessageSnapshotFields | undefined): string | undefined {
  const stickers = message.sticker_items ?? forwarded?.sticker_items ?? [];
  if (stickers.length > 0) return 'a sticker';
  if (message.poll !== undefined) return 'a poll';
  if (message.activity !== undefined) return 'an invitation to an activity';
  // Such a card, say, but now there is a person who wants it read.
  if (forwarded !== undefined) return 'what is in this forwarded message';
  return undefined;
}
