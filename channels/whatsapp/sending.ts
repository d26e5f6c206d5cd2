// Messages to WhatsApp: text, files, changes of what was sent, and the honest receipt of each. Made and used by adapter.ts.
// 1 known to have arrived  2 the message, as it was stored for an earlier attempt or made and stored now  3 send and wait
import {
  generateWAMessage,
  type proto,
  type WAMessage,
  type WAMessageKey,
  type WASocket,
} from '@whiskeysockets/baileys';
import type { OutboundMessage, Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import { type RelaySocket, relay } from './ack.ts';
import { causeOf } from './faults.ts';
import type { Identity } from './identity.ts';
import { type Me, plainJid, writeJid } from './jid.ts';
import { messageIdOf } from './message-id.ts';
import type { Quotable } from './quotable.ts';
import { renderWhatsApp } from './render.ts';
import type { Sent, SentMessage } from './sent.ts';

export interface SendingOptions {
  /** While connected. */
  readonly socket: () => (RelaySocket & Pick<WASocket, 'waUploadToServer'>) | undefined;
  readonly me: () => Me | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly identity: Identity;
  readonly sent: Sent;
  readonly quotable: Quotable;
}

/** WhatsApp takes far longer texts; this is what can be read on a phone. UTF-16 units. */
export const maxText = 4_000;
/** Phones honour changes for about 15 minutes; one that comes later would be shown nowhere. */
const editableMs = 14.5 * 60_000;
/** How long texts go in parts after a file could not be uploaded. */
const withoutFilesMs = 10 * 60_000;

type Socket = NonNullable<ReturnType<SendingOptions['socket']>>;

export class Sending {
  readonly #options: SendingOptions;
  #filesFrom = 0;
  /** What is being sent, by place and key: a repeat that comes early waits for the first. */
  readonly #going = new Map<string, Promise<Receipt>>();

  constructor(options: SendingOptions) {
    this.#options = options;
  }

  /** Never throws. */
  deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    const which = `${route.chat} ${key}`;
    const going = this.#going.get(which) ?? this.#deliver(route, message, key);
    this.#going.set(which, going);
    return going.finally(() => this.#going.delete(which));
  }

  /** Replaces the text of one of our messages. Repeating that does no harm, so an unknown outcome is none. Never throws. */
  async edit(route: Route, messageId: string, message: OutboundMessage): Promise<Receipt> {
    const { clock, sent } = this.#options;
    const socket = this.#options.socket();
    if (socket === undefined) return notConnected;
    if (plainJid(route.chat) === undefined) return noPlace(route);
    try {
      const now = clock.now();
      const standing = await sent.get(messageId);
      if (standing === undefined || now - standing.at > editableMs) return tooOld;
      const jid = standing.chat;
      const id = messageIdOf(`edit:${messageId}:${now}`);
      const content = { text: renderWhatsApp(message.text, maxText), linkPreview: null };
      const key: WAMessageKey = { remoteJid: jid, fromMe: true, id: messageId };
      const made = await generateWAMessage(jid, { ...content, edit: key }, this.#how(socket, id));
      const change = made.message ?? {};
      await sent.begin(id, jid, change);
      const receipt = await this.#arrived(id, await relay(socket, clock, { id, jid, message: change, edit: true }));
      if (receipt.status === 'ambiguous') return { status: 'retry', afterMs: 0, cause: receipt.cause };
      return receipt.status === 'sent' ? { status: 'sent', messageIds: [messageId] } : receipt;
    } catch (error) {
      return { status: 'retry', afterMs: 1_000, cause: causeOf(error) };
    }
  }

  /** Whether files can be sent now, as far as that is known. */
  takesFiles(): boolean {
    return this.#filesFrom <= this.#options.clock.now();
  }

  /** The id a message has, and the message where it was made before. One key in two chats is two messages. */
  async #known(
    { chat }: Route,
    key: string,
  ): Promise<{ readonly id: string; readonly known: SentMessage | undefined }> {
    const { sent, identity } = this.#options;
    const id = messageIdOf(key);
    const known = await sent.get(id);
    const here = identity.canonical(chat);
    if (known === undefined || identity.canonical(known.chat) === here) return { id, known };
    const other = messageIdOf(`${key}@${here}`);
    return { id: other, known: await sent.get(other) };
  }

  /** What a phone asks for again, within the chat it was sent to: anybody can ask for any id. Never rejects. */
  async again({ id, remoteJid }: Pick<WAMessageKey, 'id' | 'remoteJid'>): Promise<proto.IMessage | undefined> {
    const { sent, identity, log } = this.#options;
    try {
      const found = id ? await sent.get(id) : undefined;
      const same = found !== undefined && identity.canonical(found.chat) === identity.canonical(remoteJid);
      return same ? found.message : undefined;
    } catch (error) {
      log.warn(
        { cause: causeOf(error), code: 'whatsapp_again' },
        'a message that was asked for again could not be read',
      );
      return undefined;
    }
  }

  async #deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    const { clock, log } = this.#options;
    const socket = this.#options.socket();
    if (socket === undefined) return notConnected;
    if (plainJid(route.chat) === undefined || route.thread !== undefined) return noPlace(route);
    if (message.text.trim() === '' && message.document === undefined) return empty;
    try {
      // 1
      const { id, known } = await this.#known(route, key);
      if (known?.arrived === true) return { status: 'sent', messageIds: [id] };
      // 2
      const { chat, message: content } = known ?? (await this.#prepare(socket, { id, route, message }));
      // 3
      return await this.#arrived(id, await relay(socket, clock, { id, jid: chat, message: content }));
    } catch (error) {
      const cause = causeOf(error);
      log.warn({ cause, code: 'whatsapp_prepare' }, 'a message could not be made ready to be sent; it is tried again');
      return { status: 'retry', afterMs: 1_000, cause };
    }
  }

  async #prepare(
    socket: Socket,
    { id, route, message }: { readonly id: string; readonly route: Route; readonly message: OutboundMessage },
  ): Promise<Pick<SentMessage, 'chat' | 'message'>> {
    const { identity, sent } = this.#options;
    const { address, expiration } = identity.mark(route.chat);
    const quoted = message.replyTo === undefined ? undefined : await this.#quoted(route, message.replyTo);
    const made = await generateWAMessage(address, contentOf(message), {
      ...this.#how(socket, id),
      ...(quoted === undefined ? {} : { quoted }),
      ...(expiration === undefined ? {} : { ephemeralExpiration: expiration }),
    });
    const content = made.message ?? {};
    await sent.begin(id, address, content);
    return { chat: address, message: content };
  }

  #how(socket: Socket, messageId: string) {
    const { clock, me } = this.#options;
    const userJid = writeJid({ kind: 'pn', user: me()?.pn ?? '' });
    const upload: Socket['waUploadToServer'] = (...file) =>
      socket.waUploadToServer(...file).catch((error: unknown) => {
        this.#filesFrom = clock.now() + withoutFilesMs;
        throw error;
      });
    return { userJid, messageId, upload, timestamp: new Date(clock.now()) };
  }

  /** A message that is not known any more is not quoted. */
  async #quoted({ chat }: Route, id: string): Promise<WAMessage | undefined> {
    const { identity, quotable, sent } = this.#options;
    const heard = quotable.get(id);
    const here = (jid: string | null | undefined) => identity.canonical(jid) === identity.canonical(chat);
    if (heard !== undefined) return here(heard.key.remoteJid) ? heard : undefined;
    const own = await sent.get(id);
    if (own === undefined || !here(own.chat)) return undefined;
    return { key: { remoteJid: own.chat, fromMe: true, id }, message: own.message };
  }

  async #arrived(id: string, receipt: Receipt): Promise<Receipt> {
    if (receipt.status !== 'sent') return receipt;
    await this.#options.sent.arrived(id).catch((error: unknown) => {
      // A repeat would have the same id, and show once.
      this.#options.log.warn(
        { cause: causeOf(error), code: 'whatsapp_sent' },
        'it was not stored that a message arrived',
      );
    });
    return receipt;
  }
}

const notConnected: Receipt = { status: 'retry', afterMs: 1_000, cause: 'WhatsApp is not connected' };
const empty: Receipt = { status: 'refused', cause: 'nothing to send', reason: 'the message was empty', only: 'this' };
const tooOld: Receipt = {
  status: 'refused',
  cause: 'too old to be changed',
  reason: 'WhatsApp changes messages for 15 minutes only',
  only: 'this',
};

function noPlace({ chat }: Route): Receipt {
  return { status: 'refused', cause: { chat }, reason: 'this is no chat of WhatsApp' };
}

/** No preview: the library would load the page, and addresses in a text can be anybody's. */
function contentOf({ text, document }: OutboundMessage) {
  const shown = renderWhatsApp(text, maxText);
  if (document === undefined) return { text: shown, linkPreview: null };
  const { name, text: whole } = document;
  return { document: Buffer.from(whole), fileName: name, mimetype: 'text/markdown', caption: shown };
}
