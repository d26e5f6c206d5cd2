// What a failed call to Discord means, and the receipt that follows for a message. Pure; used by everything here that calls.
// Branches on the HTTP status first, then on Discord's codes
// (docs.discord.com/developers/topics/opcodes-and-status-codes#json-json-error-codes); never on words.
import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import type { Receipt } from '../../src/core/message.ts';
import { assertNever } from '../../src/core/result.ts';

interface Kinds {
  readonly rate: { readonly afterMs: number; readonly reach: 'chat' | 'account' };
  /** Surely not received: no connection came about, or the call was not made. */
  readonly unsent: object;
  /** It may have been carried out: time-out, reset, 5xx, an answer nobody can read. */
  readonly unknown: object;
  /** 401: only another token helps. */
  readonly token: object;
  /** The place is deleted, locked or hidden from us. */
  readonly 'place-gone': { readonly reason: string; readonly deleted: boolean };
  /** The person does not take messages from the bot. */
  readonly closed: { readonly reason: string };
  readonly rights: { readonly reason: string };
  readonly 'message-gone': object;
  /** Nothing can be edited in an archived thread; posting reopens it. */
  readonly archived: object;
  /** A message can have one thread, and it has it. */
  readonly 'thread-exists': object;
  /** What is quoted cannot be: without the right to read the history nothing can. */
  readonly unquotable: { readonly reason: string };
  /** Discord cannot read the message: too long, empty, a button it does not take. */
  readonly form: { readonly reason: string };
  readonly rejected: { readonly reason: string };
}

export type Fault = {
  [K in keyof Kinds]: {
    readonly kind: K;
    /** Counts towards a ban of the address: 401, 403 and 429 do. */
    readonly invalid: boolean;
  } & Kinds[K];
}[keyof Kinds];

/** What may be logged of a failure. The library's own errors hold addresses, and webhook tokens in them. */
export interface FaultCause {
  readonly status?: number;
  readonly code?: string | number;
  readonly description?: string;
}

/** The call was not made: Discord has asked for silence, or has refused too much. */
export class HeldBack extends Error {
  readonly afterMs: number;
  constructor(afterMs: number) {
    super('no calls to Discord at the moment');
    this.afterMs = afterMs;
  }
}

/** The library answers 0 where Discord, or what stands before it, names no time: asked again at once, it would never end. */
const unnamedPauseMs = 60_000;
const shortestPauseMs = 1_000;
/** System error codes of a connection that never came about (facts of Node's net and dns modules). */
const notConnected = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENETUNREACH', 'EHOSTUNREACH', 'ENETDOWN']);

/** The 15 minutes in which a native command can be answered are over: says nothing about the token of the bot. */
const expiredAnswer = 50027;

export function faultOf(error: unknown): Fault {
  if (error instanceof HeldBack) return rate(error.afterMs, 'account', false);
  if (error instanceof RateLimitError) return rate(pauseOf(error), error.global ? 'account' : 'chat', true);
  if (error instanceof DiscordAPIError) return answeredFault(error);
  if (error instanceof HTTPError) return { kind: 'unknown', invalid: false };
  const code = systemCode(error);
  return { kind: code !== undefined && notConnected.has(code) ? 'unsent' : 'unknown', invalid: false };
}

function pauseOf({ retryAfter }: RateLimitError): number {
  return retryAfter > 0 ? Math.max(shortestPauseMs, retryAfter) : unnamedPauseMs;
}

function rate(afterMs: number, reach: 'chat' | 'account', invalid: boolean): Fault {
  return { kind: 'rate', afterMs: Math.ceil(afterMs), reach, invalid };
}

function answeredFault(error: DiscordAPIError): Fault {
  const { status, code } = error;
  if (status === 401 && code !== expiredAnswer) return { kind: 'token', invalid: true };
  if (status >= 500) return { kind: 'unknown', invalid: false };
  // A refusal without a code of Discord's comes from the gate before it (Cloudflare): the whole address is meant.
  if (status === 403 && !Number(code)) return rate(unnamedPauseMs, 'account', true);
  return { ...codedFault(Number(code), error), invalid: status === 403 };
}

type Bare = Fault extends infer F ? (F extends Fault ? Omit<F, 'invalid'> : never) : never;

function codedFault(code: number, error: DiscordAPIError): Bare {
  switch (code) {
    case 10003:
      return { kind: 'place-gone', deleted: true, reason: 'the channel or thread was deleted' };
    case 50001:
      return { kind: 'place-gone', deleted: false, reason: 'the bot may not see this channel (View Channel)' };
    case 160005:
      return { kind: 'place-gone', deleted: false, reason: 'the thread is locked' };
    case 10008:
      return { kind: 'message-gone' };
    case 50007:
    case 50278:
      return { kind: 'closed', reason: 'the person takes no direct messages from the bot' };
    case 50013:
      return { kind: 'rights', reason: 'the bot has no right to write here' };
    case 50083:
      return { kind: 'archived' };
    case 160004:
      return { kind: 'thread-exists' };
    case 160002:
      return { kind: 'unquotable', reason: 'the bot may not quote here (Read Message History)' };
    case 50006:
      return { kind: 'form', reason: 'the message was empty' };
    case 50035:
      return { kind: 'form', reason: 'Discord could not read the message' };
    default:
      return { kind: 'rejected', reason: `Discord does not accept it (${sentence(error)})` };
  }
}

/** Discord's own words, one line; below them the library lists what it sent. */
function sentence({ message, status }: DiscordAPIError): string {
  const line = message.split('\n', 1)[0]?.trim() ?? '';
  return line === '' ? `status ${status}` : line.slice(0, 200);
}

/** @param inThread the place is a thread: its chat stays open when it is gone */
export function receiptOf(fault: Fault, cause: FaultCause, inThread: boolean): Receipt {
  switch (fault.kind) {
    case 'rate':
      return { status: 'retry', afterMs: fault.afterMs, cause, silence: fault.reach };
    case 'unsent':
      return { status: 'retry', afterMs: 0, cause };
    case 'unknown':
      return { status: 'ambiguous', cause };
    case 'token':
      return { status: 'retry', afterMs: tokenPauseMs, cause };
    case 'closed':
      return { status: 'refused', cause, reason: fault.reason, closed: true };
    case 'place-gone':
      return { status: 'refused', cause, reason: fault.reason, ...(inThread ? {} : { closed: true }) };
    case 'rights': {
      const right = inThread ? 'Send Messages in Threads' : 'Send Messages';
      return { status: 'refused', cause, reason: `${fault.reason} (${right})` };
    }
    case 'unquotable':
    case 'form':
    case 'rejected':
      return { status: 'refused', cause, reason: fault.reason };
    case 'message-gone':
    case 'archived':
      return { status: 'refused', cause, reason: 'the message is gone' };
    case 'thread-exists':
      return { status: 'refused', cause, reason: 'there is a thread already' };
    default:
      return assertNever(fault);
  }
}

/** While the token is refused nothing is sent; a new one starts the channel anew and wakes what waits. */
const tokenPauseMs = 60_000;

export function causeOf(error: unknown): FaultCause {
  if (error instanceof DiscordAPIError) return { status: error.status, code: error.code, description: sentence(error) };
  if (error instanceof RateLimitError) return { status: 429, code: error.route };
  if (error instanceof HTTPError) return { status: error.status };
  return { code: systemCode(error) ?? (error instanceof Error ? error.name : 'unknown') };
}

/** The system's code of a broken connection. */
function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  return 'name' in error && error.name === 'AbortError' ? 'AbortError' : undefined;
}
