// Sends one stanza and waits for what the server says to it: the library itself is content once it is written. Used by sending.ts.
// 1 listen  2 write  3 the server's answer, or none in time
import type { BinaryNode, proto, WASocket } from '@whiskeysockets/baileys';
import type { Receipt } from '../../src/core/message.ts';
import type { Clock } from '../../src/infra/clock.ts';
import { refusedReceipt, unsentReceipt } from './faults.ts';
import { isGroupJid } from './jid.ts';

export type RelaySocket = Pick<WASocket, 'relayMessage'> & { readonly ws: Pick<WASocket['ws'], 'on' | 'off'> };

export interface Stanza {
  readonly id: string;
  /** Where to, as WhatsApp addresses it. */
  readonly jid: string;
  readonly message: proto.IMessage;
  /** It changes an earlier message. */
  readonly edit?: boolean;
}

/** Asking for devices and keys of all members of a group takes its time. */
const writtenWithinMs = 60_000;
const answeredWithinMs = 15_000;

export async function relay(socket: RelaySocket, clock: Clock, { id, jid, message, edit }: Stanza): Promise<Receipt> {
  // 1
  const server = new ServerAnswer(socket.ws, id);
  try {
    // 2
    const attributes = edit === true ? { additionalAttributes: { edit: '1' } } : {};
    const writing = socket.relayMessage(jid, message, { messageId: id, ...attributes });
    if ((await within(clock, writtenWithinMs, writing)) === undefined) return receiptOf(server.said, id);
    // 3
    return receiptOf(await within(clock, answeredWithinMs, server.answer), id);
  } catch (error) {
    // What comes after the writing can fail, too.
    return server.said === undefined ? unsentReceipt(error, isGroupJid(jid)) : receiptOf(server.said, id);
  } finally {
    server.close();
  }
}

/**
 * What the server itself says to one of our messages. The library's own wait takes anything with that id for it, and ids are
 * chosen by whoever writes: a message or receipt of anybody could pass for the server's word.
 */
class ServerAnswer {
  /** Undefined: the connection broke; what was written may have arrived. */
  readonly answer: Promise<BinaryNode | undefined>;
  said: BinaryNode | undefined;
  readonly close: () => void;

  constructor(ws: RelaySocket['ws'], id: string) {
    const { promise, resolve } = Promise.withResolvers<BinaryNode | undefined>();
    this.answer = promise;
    const hear = (node: BinaryNode): void => {
      if (node.tag !== 'ack' || node.attrs.class !== 'message') return;
      this.said ??= node;
      resolve(node);
    };
    const broken = (): void => resolve(undefined);
    ws.on(`TAG:${id}`, hear);
    ws.on('close', broken);
    this.close = () => {
      ws.off(`TAG:${id}`, hear);
      ws.off('close', broken);
    };
  }
}

const unanswered: Receipt = { status: 'ambiguous', cause: { name: 'no answer from WhatsApp' } };

function receiptOf(node: BinaryNode | undefined, id: string): Receipt {
  if (node === undefined) return unanswered;
  const { error } = node.attrs;
  return error === undefined ? { status: 'sent', messageIds: [id] } : refusedReceipt(error);
}

/** Undefined when it takes longer. */
async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  const late = clock.sleep(ms, over.signal).then(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    over.abort();
    work.catch(() => undefined);
  }
}
