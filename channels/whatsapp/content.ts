// What a WhatsApp message holds: text, files, what it quotes, and kinds nobody here can read. Pure; used by inbound.ts.
import { getContentType, normalizeMessageContent, type proto } from '@whiskeysockets/baileys';
import type { RemoteFile } from '../../src/core/message.ts';
import { fileOf } from './file-ref.ts';

export interface Content {
  /** Text, or the caption of a file. */
  readonly text: string;
  readonly files: readonly RemoteFile[];
  /** For a sentence: `a sticker`. */
  readonly unsupported: string | undefined;
  /** What is quoted, who is mentioned, and how long it stays. */
  readonly context: proto.IContextInfo | undefined;
  /** Id of the message that announced the album this belongs to. */
  readonly album: string | undefined;
}

/** Without its wrappers: disappearing, view once, with caption, edited. */
export function unwrapped(message: proto.IMessage | null | undefined): proto.IMessage | undefined {
  return normalizeMessageContent(message);
}

/**
 * Undefined for what is nothing to read: keys, votes, calls, kinds of a later version.
 * @param id of the message, for names of files that have none
 */
export function contentOf(whole: proto.IMessage | null | undefined, id: string): Content | undefined {
  const message = unwrapped(whole);
  if (message === undefined) return undefined;
  const text = textOf(message);
  const file = fileOf(message, id);
  const unsupported = file === undefined && text === '' ? unreadable(message) : undefined;
  if (text === '' && file === undefined && unsupported === undefined) return undefined;
  return {
    text,
    files: file === undefined ? [] : [file],
    unsupported,
    context: contextOf(message),
    album: albumOf(whole),
  };
}

export function textOf(message: proto.IMessage): string {
  return (
    message.conversation ||
    message.extendedTextMessage?.text ||
    message.imageMessage?.caption ||
    message.videoMessage?.caption ||
    message.documentMessage?.caption ||
    message.buttonsResponseMessage?.selectedDisplayText ||
    message.templateButtonReplyMessage?.selectedDisplayText ||
    message.listResponseMessage?.title ||
    message.interactiveResponseMessage?.body?.text ||
    ''
  );
}

/** Every kind of content carries its own. */
function contextOf(message: proto.IMessage): proto.IContextInfo | undefined {
  const kind = getContentType(message);
  const inner = kind === undefined ? undefined : message[kind];
  if (typeof inner !== 'object' || inner === null || !('contextInfo' in inner)) return undefined;
  return inner.contextInfo ?? undefined;
}

/** `MessageAssociation.AssociationType` in the library's WAProto. */
const associations = { album: 1, hdVideo: 5, hdImage: 10, motionPhoto: 12, hevcVideo: 19 } as const;

/** It stands beside the wrappers or within them. */
function associationOf(message: proto.IMessage | null | undefined): proto.IMessageAssociation {
  const info =
    message?.messageContextInfo?.messageAssociation ?? unwrapped(message)?.messageContextInfo?.messageAssociation;
  return info ?? {};
}

function albumOf(message: proto.IMessage | null | undefined): string | undefined {
  const { associationType: type, parentMessageKey: parent } = associationOf(message);
  return type === associations.album ? (parent?.id ?? undefined) : undefined;
}

/** A finer copy of a picture or film that was sent beside it. */
export function isCopy(message: proto.IMessage | null | undefined): boolean {
  const type = associationOf(message).associationType;
  const { hdVideo, hdImage, motionPhoto, hevcVideo } = associations;
  return type === hdVideo || type === hdImage || type === motionPhoto || type === hevcVideo;
}

/** What a quoted message says, in words where it has none. */
export function quotedText(message: proto.IMessage | null | undefined): string {
  const inner = unwrapped(message);
  if (inner === undefined) return '';
  const text = textOf(inner);
  if (text !== '') return text;
  const file = fileOf(inner, '');
  return file === undefined ? '' : (inner.documentMessage?.fileName ?? '');
}

/** Kinds a person can send that are neither text nor a file. */
const kinds = [
  ['stickerMessage', 'a sticker'],
  ['lottieStickerMessage', 'a sticker'],
  ['stickerPackMessage', 'a pack of stickers'],
  ['liveLocationMessage', 'a live location'],
  ['locationMessage', 'a location'],
  ['contactMessage', 'a contact'],
  ['contactsArrayMessage', 'contacts'],
  ['pollCreationMessage', 'a poll'],
  ['pollCreationMessageV2', 'a poll'],
  ['pollCreationMessageV3', 'a poll'],
  ['pollCreationMessageV4', 'a poll'],
  ['pollCreationMessageV5', 'a poll'],
  ['eventMessage', 'an event'],
  ['groupInviteMessage', 'an invitation to a group'],
  ['productMessage', 'a product'],
  ['orderMessage', 'an order'],
  ['listMessage', 'a list to choose from'],
  ['buttonsMessage', 'a message with buttons'],
  ['templateMessage', 'a message with buttons'],
  ['interactiveMessage', 'a message with buttons'],
  ['sendPaymentMessage', 'a payment'],
  ['requestPaymentMessage', 'a request for payment'],
  ['invoiceMessage', 'an invoice'],
  ['scheduledCallCreationMessage', 'an invitation to a call'],
] as const satisfies readonly (readonly [keyof proto.IMessage, string])[];

function unreadable(message: proto.IMessage): string | undefined {
  return kinds.find(([field]) => message[field] !== null && message[field] !== undefined)?.[1];
}
