// A WhatsApp message in our own words, or the reason why it is nothing to us. Pure, but for what Identity knows at the time; used
// by intake.ts.
import type { proto, WAMessage } from '@whiskeysockets/baileys';
import type { InboundMessage, Reaction } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { type Content, contentOf, isCopy, quotedText, unwrapped } from './content.ts';
import type { Identity } from './identity.ts';
import { chatRoute, isMe, type Me, readJid } from './jid.ts';

export interface Reader {
  readonly account: string;
  readonly me: Me;
  readonly identity: Pick<Identity, 'canonical' | 'person'>;
  /** It waited on the server while we were away. */
  readonly backlog: boolean;
  /** Of the ids this message names (its own, quoted, reacted to): those of messages we sent. */
  readonly ours: ReadonlySet<string>;
  /** What somebody calls themselves, as far as it is known. */
  readonly nameOf: (jid: string) => string | undefined;
  /** Unix ms, where a message has no time. */
  readonly now: number;
}

export type Inbound =
  | { readonly kind: 'message' | 'edited'; readonly message: InboundMessage; readonly expiration: number }
  | { readonly kind: 'reaction'; readonly reaction: Reaction }
  /** How long messages stay in a chat was changed. Seconds, 0: for good. */
  | { readonly kind: 'timer'; readonly expiration: number }
  | { readonly kind: 'ignored'; readonly reason: string };

/** `ProtocolMessage.Type` in the library's WAProto. */
const protocolTypes = { timer: 3, edit: 14 } as const;

/** Where a message was said, and by whom. */
interface Where {
  readonly route: Route;
  readonly kind: 'direct' | 'group';
  readonly sender: InboundMessage['sender'];
  /** Begins every id: chat, and in groups the author. */
  readonly prefix: string;
}

export function readMessage(message: WAMessage, reader: Reader): Inbound {
  const { key } = message;
  const id = key.id ?? '';
  if (id === '') return ignored('no_id');
  if (readJid(key.remoteJid).kind === 'other') return ignored('no_chat');
  // What could not be decrypted comes again; the rest are notes of the server: who joined, what was renamed, calls.
  if (message.messageStubType) return ignored('notice');
  if (!message.message) return ignored('no_content');
  if (key.fromMe === true) {
    // On the phone the owner speaks to many; to us only in the chat with themselves.
    if (!isMe(key.remoteJid, reader.me)) return ignored('own_message');
    if (reader.ours.has(id)) return ignored('own_echo');
  }
  const where = whereOf(message, reader);
  if (where === undefined) return ignored('no_sender');
  return readContent(message, where, reader);
}

function ignored(reason: string): Inbound {
  return { kind: 'ignored', reason };
}

function readContent(message: WAMessage, where: Where, reader: Reader): Inbound {
  const id = message.key.id ?? '';
  if (isCopy(message.message)) return ignored('finer_copy');
  const inner = unwrapped(message.message);
  if (inner === undefined) return ignored('no_content');
  if (inner.reactionMessage) return readReaction(inner.reactionMessage, message, where, reader);
  if (inner.protocolMessage) return readProtocol(inner.protocolMessage, message, where, reader);
  const content = contentOf(message.message, id);
  if (content === undefined) return ignored('message_kind');
  return said('message', { id, content, message }, where, reader);
}

interface Said {
  readonly id: string;
  readonly content: Content;
  readonly message: WAMessage;
}

function said(kind: 'message' | 'edited', { id, content, message }: Said, where: Where, reader: Reader): Inbound {
  const { context } = content;
  const replyTo = context?.stanzaId ?? undefined;
  const called = where.kind === 'direct' || calls(context, reader);
  const text = readable(content, reader.me);
  return {
    kind,
    expiration: context?.expiration ?? 0,
    message: {
      id: `${where.prefix}:${id}`,
      route: where.route,
      sender: where.sender,
      chat: where.kind,
      text,
      mentionsBot: called,
      ...(replyTo === undefined || replyTo === '' ? {} : { replyTo }),
      ...quoteOf(context, reader),
      attachments: [],
      ...(content.files.length === 0 ? {} : { files: [...content.files] }),
      ...(content.album === undefined || content.album === '' ? {} : { album: content.album }),
      ...(content.unsupported === undefined ? {} : { unsupported: content.unsupported }),
      ...(reader.backlog ? { backlog: true } : {}),
      sentAt: sentAt(message, reader.now),
    },
  };
}

/** The library marks changed words with the id of the message they are for; whoever writes can only change their own. */
function readProtocol(
  protocol: proto.Message.IProtocolMessage,
  message: WAMessage,
  where: Where,
  reader: Reader,
): Inbound {
  if (protocol.type === protocolTypes.timer) return { kind: 'timer', expiration: protocol.ephemeralExpiration ?? 0 };
  if (protocol.type !== protocolTypes.edit) return ignored('protocol');
  const id = protocol.key?.id ?? '';
  const content = contentOf(protocol.editedMessage, id);
  if (id === '' || content === undefined) return ignored('empty_edit');
  return said('edited', { id, content, message }, where, reader);
}

function readReaction(
  { key, text }: proto.Message.IReactionMessage,
  message: WAMessage,
  where: Where,
  { ours, backlog, now }: Reader,
): Inbound {
  const messageId = key?.id ?? '';
  if (!text) return ignored('reaction_taken_away');
  if (!ours.has(messageId)) return ignored('reaction_elsewhere');
  return {
    kind: 'reaction',
    reaction: {
      id: `${where.prefix}:${message.key.id ?? ''}`,
      ...{ route: where.route, sender: where.sender, chat: where.kind, messageId, emoji: text },
      ...(backlog ? { backlog } : {}),
      at: sentAt(message, now),
    },
  };
}

function whereOf({ key, pushName }: WAMessage, reader: Reader): Where | undefined {
  const { account, me, identity, nameOf } = reader;
  const chat = identity.canonical(key.remoteJid);
  if (chat === undefined) return undefined;
  const kind = readJid(key.remoteJid).kind === 'group' ? 'group' : 'direct';
  const author = (kind === 'group' ? key.participant : key.remoteJid) ?? '';
  const by = identity.canonical(author);
  const person =
    key.fromMe === true ? (identity.person(`${me.pn}@s.whatsapp.net`) ?? { id: me.pn }) : identity.person(author);
  if (by === undefined || person === undefined) return undefined;
  const name = pushName || nameOf(author) || (key.fromMe === true ? me.name : undefined) || spoken(person.id);
  return {
    ...{ kind, route: chatRoute(chat, account) },
    sender: { ...person, name },
    prefix: `${chat}:${kind === 'group' ? by : ''}`,
  };
}

/** People are called by number where they have not said a name. */
function spoken(id: string): string {
  return /^\d+$/.test(id) ? `+${id}` : id;
}

function calls(context: proto.IContextInfo | undefined, { me, ours }: Reader): boolean {
  if (context === undefined) return false;
  if ((context.mentionedJid ?? []).some((jid) => isMe(jid, me))) return true;
  return ours.has(context.stanzaId ?? '') || (!!context.stanzaId && isMe(context.participant, me));
}

/** Words that call the bot say nothing more at the start of a text; a command after them is one. */
function readable({ text, context }: Content, me: Me): string {
  // Words of others that were passed on are said to be theirs, and so are never a command of whoever passed them on.
  if (context?.isForwarded === true && text !== '') return `Forwarded:\n${text}`;
  if (!(context?.mentionedJid ?? []).some((jid) => isMe(jid, me))) return text;
  let rest = text;
  for (let called = startOf(rest, me); called > 0; called = startOf(rest, me)) rest = rest.slice(called);
  return rest;
}

function startOf(text: string, { pn, lid }: Me): number {
  const [whole = '', user = ''] = /^\s*@(\d{1,20})(?!\d)[\s,:]*/.exec(text) ?? [];
  return user === pn || user === lid ? whole.length : 0;
}

function quoteOf(
  context: proto.IContextInfo | undefined,
  { me, identity, nameOf }: Reader,
): Pick<InboundMessage, 'quote'> {
  const text = quotedText(context?.quotedMessage);
  if (text.trim() === '') return {};
  const author = context?.participant ?? '';
  const person = identity.person(author);
  const name = isMe(author, me) ? me.name : nameOf(author);
  return { quote: { text, from: name || (person === undefined ? 'somebody' : spoken(person.id)) } };
}

/** Seconds, as a number or one of 64 bits. */
function sentAt({ messageTimestamp: seconds }: WAMessage, now: number): number {
  const value = Number(seconds ?? 0);
  return Number.isFinite(value) && value > 0 ? value * 1000 : now;
}

/** Ids a message names, for which it matters whether they are ours. */
export function namedIds({ key, message }: WAMessage): readonly string[] {
  const inner = unwrapped(message);
  if (inner === undefined) return [];
  const quoted = contentOf(message, '')?.context?.stanzaId;
  return [key.fromMe === true ? key.id : undefined, quoted, inner.reactionMessage?.key?.id].filter(
    (id): id is string => typeof id === 'string' && id !== '',
  );
}
