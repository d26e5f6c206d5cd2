// Sends one stanza and waits for what the server says to it: the library itself is content once it is written. Used by sending.ts.
// 1 listen  2 write  3 the server's answer, or none in time
import type { BinaryNode, proto, WASocket } from '@whiskeysockets/baileys';
import type { Receipt } from '../../src/core/message.ts';
import type { Clock } from '../../src/infra/clock.ts';
import { refusedReceipt, unsentReceipt } from './faults.ts';
import { isGroupJid } from './jid.ts';

export type RelaySocket = Pick<WASocket, 'relayMessage' | 'waitForMessage'>;

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
  const answer = socket.waitForMessage(id, writtenWithinMs + answeredWithinMs).then(
    asNode,
    // Closed: what was written may have arrived.
    () => undefined,
  );
  // 2
  try {
    const attributes = edit === true ? { additionalAttributes: { edit: '1' } } : {};
    const writing = socket.relayMessage(jid, message, { messageId: id, ...attributes });
    if ((await within(clock, writtenWithinMs, writing)) === undefined) return unanswered;
  } catch (error) {
    // What comes after the writing can fail, too.
    const early = await Promise.race([answer, Promise.resolve(undefined)]);
    return early === undefined ? unsentReceipt(error, isGroupJid(jid)) : receiptOf(early, id);
  }
  // 3
  const node = await within(clock, answeredWithinMs, answer);
  return node === undefined ? unanswered : receiptOf(node, id);
}

/** The library hands it on untyped. */
function asNode(answer: unknown): BinaryNode | undefined {
  return typeof answer === 'object' && answer !== null && 'tag' in answer ? (answer as BinaryNode) : undefined;
}

const unanswered: Receipt = { status: 'ambiguous', cause: { name: 'no answer from WhatsApp' } };

/** A receipt of somebody's phone before the server's own word says all the more that it has arrived. */
function receiptOf({ tag, attrs }: BinaryNode, id: string): Receipt {
  const code = tag === 'ack' ? attrs.error : undefined;
  return code === undefined ? { status: 'sent', messageIds: [id] } : refusedReceipt(code);
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
