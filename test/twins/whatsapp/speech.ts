// What people write, as the message a phone makes of it: plain or with a quote, a mention, a timer, in wrappers. Used by
// people.ts and phone.ts.
import { type proto as Proto, proto } from '@whiskeysockets/baileys';
import type { Chat } from './chats.ts';
import { type Form, jidOf } from './jids.ts';
import type { Letter } from './mail.ts';
import type { GroupRoom, Human, World } from './world.ts';

/** Points at a message. */
export type MessageRef = { readonly id: string };

export interface Sending {
  /** A group; default: the direct chat. */
  readonly in?: { readonly room: GroupRoom } | undefined;
  /** Default: the person's own way. Groups have theirs. */
  readonly as?: Form | undefined;
  readonly id?: string | undefined;
  /** When it was sent, in unix milliseconds; default: now. */
  readonly at?: number | undefined;
}

export interface Saying extends Sending {
  readonly quote?: MessageRef | undefined;
  /** Mentions the account. */
  readonly mention?: boolean | undefined;
  /** Seconds after which the message disappears. */
  readonly expiration?: number | undefined;
  readonly wrap?: 'ephemeral' | 'viewOnce' | 'edited' | undefined;
}

const kinds = proto.Message.ProtocolMessage.Type;

/** @param to where it goes: a group, or whom the direct chat is with */
export function letter(world: World, author: Human, content: Proto.IMessage, how: Sending & { to?: Human }): Letter {
  const to = how.in?.room ?? how.to ?? author;
  if ('members' in to && author !== world.owner && !to.members.has(author))
    throw new Error(`twin: ${author.name} is not in ${to.subject}`);
  return {
    ...{ author, to, content, id: how.id ?? world.messageId() },
    ...{ form: how.as ?? author.form, at: how.at ?? world.clock.now() },
  };
}

export function compose(world: World, text: string, how: Saying & { chat: Chat; form: Form }): Proto.IMessage {
  const me = jidOf(world.owner, how.form);
  const context: Proto.IContextInfo = {
    ...(how.quote === undefined ? {} : quoting(how.chat, how.quote)),
    ...(how.mention ? { mentionedJid: [me] } : {}),
    ...(how.expiration === undefined ? {} : { expiration: how.expiration }),
  };
  const whole = how.mention ? `@${me.split('@')[0]} ${text}` : text;
  const plain = Object.keys(context).length === 0;
  const content = plain ? { conversation: whole } : { extendedTextMessage: { text: whole, contextInfo: context } };
  return wrapped(content, how.wrap);
}

/** Instead of what the message said. */
export const correction = (key: Proto.IMessageKey, text: string): Proto.IMessage => ({
  protocolMessage: { key, type: kinds.MESSAGE_EDIT, editedMessage: { conversation: text } },
});

export const deletion = (key: Proto.IMessageKey): Proto.IMessage => ({ protocolMessage: { key, type: kinds.REVOKE } });

/**
 * The key of a message as one phone tells others of it.
 * @param by who points at it: their own messages are `fromMe`
 */
export function keyOf(
  chat: Chat,
  ref: MessageRef,
  how: { readonly by: Human; readonly jid: string },
): Proto.IMessageKey {
  const entry = found(chat, ref);
  const fromMe = entry.from === how.by.name;
  const inGroup = how.jid.endsWith('@g.us');
  return {
    ...{ remoteJid: how.jid, id: entry.id, fromMe },
    ...(inGroup && !fromMe ? { participant: entry.author } : {}),
  };
}

function quoting(chat: Chat, ref: MessageRef): Proto.IContextInfo {
  const { id, author, content } = found(chat, ref);
  return { stanzaId: id, participant: author, quotedMessage: content };
}

function found(chat: Chat, ref: MessageRef) {
  const entry = chat.entry(ref.id);
  if (entry === undefined) throw new Error(`twin: there is no message ${ref.id} in ${chat.name}`);
  return entry;
}

function wrapped(message: Proto.IMessage, wrap: Saying['wrap']): Proto.IMessage {
  switch (wrap) {
    case 'ephemeral':
      return { ephemeralMessage: { message } };
    case 'viewOnce':
      return { viewOnceMessageV2: { message } };
    case 'edited':
      return { editedMessage: { message } };
    case undefined:
      return message;
  }
}
