// What a Telegram message holds: text, files, and kinds nobody here can read. Pure; used by inbound.ts.
import type { Message, MessageEntity } from 'grammy/types';
import type { RemoteFile } from '../../src/core/message.ts';

export interface Content {
  /** Text, or the caption of a file. */
  readonly text: string;
  readonly files: readonly RemoteFile[];
  /** For a sentence: `a sticker`. */
  readonly unsupported: string | undefined;
}

/** Undefined for service messages: somebody joined, a title changed, a topic was opened. */
export function contentOf(message: Message): Content | undefined {
  const text = readable(message);
  const files = filesOf(message);
  const unsupported = files.length === 0 ? unreadable(message) : undefined;
  return text === '' && files.length === 0 && unsupported === undefined ? undefined : { text, files, unsupported };
}

/** Text or caption, with the addresses that people see only by pressing on words; they stand behind those. */
export function readable({ text, caption, entities, caption_entities }: Message): string {
  const links = (entities ?? caption_entities ?? []).filter((entity) => entity.type === 'text_link');
  // From the last to the first, so that what is put in moves no place that still counts. Offsets are in UTF-16 units.
  return links.toSorted((a, b) => b.offset - a.offset).reduce(withAddress, text ?? caption ?? '');
}

function withAddress(text: string, { offset, length, url }: MessageEntity.TextLinkMessageEntity): string {
  const end = offset + length;
  const known = bare(text.slice(offset, end)) === bare(url);
  return known ? text : `${text.slice(0, end)} (${url})${text.slice(end)}`;
}

/** Telegram adds a slash to what has no path. */
function bare(url: string): string {
  return url.trim().replace(/\/$/, '');
}

function filesOf(message: Message): readonly RemoteFile[] {
  const {
    message_id: id,
    photo,
    document,
    animation,
    video,
    video_note: note,
    audio,
    voice,
    live_photo: live,
  } = message;
  // Of the sizes of one photo the last is the largest (core.telegram.org/bots/api#message).
  const largest = photo?.at(-1) ?? live?.photo?.at(-1);
  if (largest !== undefined) return [file('image', largest, { name: `photo-${id}.jpg`, type: 'image/jpeg' })];
  // An animation also carries itself as a document.
  if (animation !== undefined) return [file('video', animation, { name: `animation-${id}.mp4`, type: 'video/mp4' })];
  if (document !== undefined) {
    const type = document.mime_type ?? 'application/octet-stream';
    return [file(kindOf(type), document, { name: `file-${id}`, type })];
  }
  if (video !== undefined) return [file('video', video, { name: `video-${id}.mp4`, type: 'video/mp4' })];
  if (note !== undefined) return [file('video', note, { name: `video-note-${id}.mp4`, type: 'video/mp4' })];
  if (audio !== undefined) return [file('audio', audio, { name: `audio-${id}.mp3`, type: 'audio/mpeg' })];
  if (voice !== undefined) return [file('audio', voice, { name: `voice-${id}.ogg`, type: 'audio/ogg' })];
  return [];
}

interface TelegramFile {
  readonly file_id: string;
  readonly file_size?: number;
  readonly file_name?: string;
  readonly mime_type?: string;
}

function file(
  kind: RemoteFile['kind'],
  source: TelegramFile,
  fallback: { readonly name: string; readonly type: string },
): RemoteFile {
  return {
    kind,
    ref: source.file_id,
    name: source.file_name ?? fallback.name,
    mediaType: source.mime_type ?? fallback.type,
    ...(source.file_size === undefined ? {} : { bytes: source.file_size }),
  };
}

function kindOf(mediaType: string): RemoteFile['kind'] {
  const family = mediaType.split('/', 1)[0];
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'file';
}

/** Kinds a person can send that are neither text nor a file. A venue also carries a location, so it comes first. */
const kinds = [
  ['sticker', 'a sticker'],
  ['venue', 'a place'],
  ['location', 'a location'],
  ['contact', 'a contact'],
  ['poll', 'a poll'],
  ['dice', 'a dice'],
  ['game', 'a game'],
  ['story', 'a story'],
  ['checklist', 'a checklist'],
  ['paid_media', 'paid media'],
  ['invoice', 'an invoice'],
  ['giveaway', 'a giveaway'],
  ['rich_message', 'a rich message'],
] as const satisfies readonly (readonly [keyof Message, string])[];

function unreadable(message: Message): string | undefined {
  return kinds.find(([field]) => message[field] !== undefined)?.[1];
}
