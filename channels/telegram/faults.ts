// What a failed call to the Bot API means, and the receipt that follows for a message. Pure; used by everything here that calls.
// Branches on codes and parameters; on descriptions only for the fixed strings that have no code of their own.
import { GrammyError, HttpError } from 'grammy';
import type { Receipt } from '../../src/core/message.ts';
import { assertNever } from '../../src/core/result.ts';

export type Fault =
  | { readonly kind: 'rate'; readonly afterMs: number }
  /** Surely not received: no connection came about. */
  | { readonly kind: 'unsent' }
  /** It may have been carried out: time-out, reset, 5xx, an answer nobody can read. */
  | { readonly kind: 'unknown' }
  /** 401, and 404 for a malformed token: only another token helps. */
  | { readonly kind: 'token' }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'entities' }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'moved'; readonly to: string }
  | { readonly kind: 'thread-gone'; readonly reason: string }
  | { readonly kind: 'message-gone' }
  /** The whole chat is closed to us. */
  | { readonly kind: 'chat-closed'; readonly reason: string }
  | { readonly kind: 'rights'; readonly reason: string }
  /** Texts may still be sent. */
  | { readonly kind: 'file-rights' }
  | { readonly kind: 'rejected'; readonly reason: string };

/** What may be logged of a failure. The library's own errors can hold the token in an address. */
export interface FaultCause {
  readonly method?: string;
  readonly status?: number;
  readonly code?: string;
  readonly description?: string;
}

/** Telegram leaves the seconds out now and then. */
const unnamedPauseMs = 3_000;
/** System error codes of a connection that never came about (facts of Node's net and dns modules). */
const notConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN']);

/** A rule of descriptions: core.telegram.org words them freely, these have been the same for years. */
const closedChats: readonly (readonly [RegExp, string])[] = [
  [/bot was blocked by the user/i, 'the person has blocked the bot'],
  [/user is deactivated/i, 'the account of this person was deleted'],
  [/bot was kicked|bot is not a member|CHANNEL_PRIVATE/i, 'the bot was removed from this group'],
  [/group chat was deactivated/i, 'the group was closed'],
  [/can't initiate conversation/i, 'the person has not started a chat with the bot'],
  [/chat not found|PEER_ID_INVALID/i, 'the chat does not exist any more'],
];
const goneThreads = /message thread not found|TOPIC_CLOSED|TOPIC_DELETED|TOPIC_ID_INVALID/i;
const missingRights =
  /not enough rights|CHAT_ADMIN_REQUIRED|have no rights|CHAT_WRITE_FORBIDDEN|CHAT_RESTRICTED|need administrator rights/i;

const missingFileRights = /not enough rights to send (?!text)\w+/i;

export function faultOf(error: unknown): Fault {
  if (error instanceof GrammyError) return answeredFault(error);
  const code = systemCode(error);
  return code !== undefined && notConnected.has(code) ? { kind: 'unsent' } : { kind: 'unknown' };
}

function answeredFault(error: GrammyError): Fault {
  const { error_code: status, description, parameters } = error;
  if (parameters.migrate_to_chat_id !== undefined) return { kind: 'moved', to: String(parameters.migrate_to_chat_id) };
  if (status === 429) return { kind: 'rate', afterMs: (parameters.retry_after ?? 0) * 1000 || unnamedPauseMs };
  if (status === 401 || status === 404) return { kind: 'token' };
  if (status === 409) return { kind: 'conflict' };
  if (status >= 500) return { kind: 'unknown' };
  return describedFault(description);
}

function describedFault(description: string): Fault {
  if (/can't parse entities|ENTITIES_TOO_LONG|ENTITY_\w+_INVALID/i.test(description)) return { kind: 'entities' };
  if (/message is not modified/i.test(description)) return { kind: 'unchanged' };
  if (/message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i.test(description))
    return { kind: 'message-gone' };
  if (goneThreads.test(description)) return { kind: 'thread-gone', reason: 'the topic is closed or gone' };
  const closed = closedChats.find(([words]) => words.test(description));
  if (closed !== undefined) return { kind: 'chat-closed', reason: closed[1] };
  if (missingFileRights.test(description)) return { kind: 'file-rights' };
  if (missingRights.test(description)) return { kind: 'rights', reason: 'the bot has no right to write here' };
  return { kind: 'rejected', reason: `Telegram does not accept it (${description.replace(/^Bad Request: /, '')})` };
}

/** @param silence how much of the account a rate limit holds, see limits.ts */
export function receiptOf(fault: Fault, cause: FaultCause, silence: 'chat' | 'account'): Receipt {
  switch (fault.kind) {
    case 'rate':
      return { status: 'retry', afterMs: fault.afterMs, cause, silence };
    case 'unsent':
      return { status: 'retry', afterMs: 0, cause };
    case 'unknown':
      return { status: 'ambiguous', cause };
    case 'token':
      return { status: 'retry', afterMs: tokenPauseMs, cause };
    // The next attempt sends its text in parts.
    case 'file-rights':
      return { status: 'retry', afterMs: 0, cause };
    // Answers to a send that Telegram gives for other calls only; what they say of the message is that it was not taken.
    case 'conflict':
    case 'moved':
    case 'unchanged':
      return { status: 'retry', afterMs: 0, cause };
    // Given the right later, the bot is told of it, and the chat opens again.
    case 'chat-closed':
    case 'rights':
      return { status: 'refused', cause, reason: fault.reason, closed: true };
    case 'thread-gone':
      return { status: 'refused', cause, reason: fault.reason };
    case 'rejected':
      return { status: 'refused', cause, reason: fault.reason, only: 'this' };
    case 'entities':
      return { status: 'refused', cause, reason: 'Telegram could not read the formatting', only: 'this' };
    case 'message-gone':
      return { status: 'refused', cause, reason: 'the message is gone' };
    default:
      return assertNever(fault);
  }
}

/** While the token is refused nothing is sent; a new one starts the channel anew and wakes what waits. */
const tokenPauseMs = 60_000;

export function causeOf(error: unknown): FaultCause {
  if (error instanceof GrammyError)
    return { method: error.method, status: error.error_code, description: error.description };
  const code = systemCode(error) ?? (error instanceof Error ? error.name : 'unknown');
  return { code };
}

/** The system's code of a broken connection, wherever the layers above have put it. */
function systemCode(error: unknown): string | undefined {
  const inner = error instanceof HttpError ? error.error : error;
  if (typeof inner !== 'object' || inner === null) return undefined;
  if ('code' in inner && typeof inner.code === 'string') return inner.code;
  return 'name' in inner && inner.name === 'AbortError' ? 'AbortError' : undefined;
}
