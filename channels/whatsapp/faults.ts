// What a failed call of the library or a refusal of WhatsApp's server means for a message. Pure; used by everything here that
// calls. Branches on codes, never on words.
import type { Receipt } from '../../src/core/message.ts';

/** What may be logged of a failure: the library's own errors can hold stanzas, and so keys and contents. */
export interface FaultCause {
  readonly name: string;
  /** The library's, after HTTP: 428 = not connected, 408 = no answer. */
  readonly status?: number;
}

export function causeOf(error: unknown): FaultCause {
  if (!(error instanceof Error)) return { name: typeof error };
  const status = statusOf(error);
  return status === undefined ? { name: error.name } : { name: error.name, status };
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('output' in error)) return undefined;
  const { output } = error;
  if (typeof output !== 'object' || output === null || !('statusCode' in output)) return undefined;
  return typeof output.statusCode === 'number' ? output.statusCode : undefined;
}

/** Answers about a group we ask for its members. */
const noMember = new Set([401, 403, 404]);

/** A message that did not get as far as WhatsApp, as the library says it; what it cannot say for sure is left open. */
export function unsentReceipt(error: unknown, inGroup: boolean): Receipt {
  const cause = causeOf(error);
  if (cause.status === undefined) return { status: 'ambiguous', cause };
  if (inGroup && noMember.has(cause.status))
    return { status: 'refused', cause, reason: 'this number is not in the group', closed: true };
  return { status: 'retry', afterMs: 0, cause };
}

const pauseMs = 60_000;

/** @param code `error` of the server's answer to a message, e.g. `463` */
export function refusedReceipt(code: string): Receipt {
  const cause = { name: 'nack', status: Number(code) };
  const no = (reason: string): Receipt => ({ status: 'refused', cause, reason, only: 'this' });
  switch (code) {
    // A repeat counts as another attempt to start a chat, and makes it worse.
    case '463':
      return {
        status: 'refused',
        cause,
        reason: 'WhatsApp lets this account start no chats at present (463); whoever writes to it first gets answers',
      };
    case '479':
      return no('WhatsApp did not accept it (479); if that goes on, link the account again: switchyard pair whatsapp');
    case '429':
      return { status: 'retry', afterMs: pauseMs, cause, silence: 'account' };
    case '401':
    case '403':
      return { status: 'refused', cause, reason: `this number may not write there (${code})`, closed: true };
    default:
      // Trouble of the server is no judgement of the message.
      return /^5\d\d$/.test(code) ? { status: 'retry', afterMs: 0, cause } : no(`WhatsApp did not accept it (${code})`);
  }
}
