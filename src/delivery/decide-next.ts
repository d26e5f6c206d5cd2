// What a receipt means for the message: go on, try again and when, find another place, or give up.
// Pure; used by deliver-row.ts.
import type { Receipt } from '../core/message.ts';
import { assertNever } from '../core/result.ts';

export interface SendFacts {
  /** The platform recognises a repeated key, so an unknown outcome may be repeated. */
  readonly idempotent: boolean;
  readonly now: number;
  /** Start of the 30 minutes; time in which it could not have been sent is not counted. */
  readonly since: number;
  /** Attempts in a row that failed before this one. */
  readonly failures: number;
  /** An earlier attempt of this chunk may have arrived. */
  readonly maybeSent: boolean;
  /** For sentences. */
  readonly channel: string;
}

export type Next =
  /** This chunk is over; `doubt`: it may not have arrived. */
  | { readonly kind: 'advance'; readonly messageIds: readonly string[]; readonly doubt?: string }
  | {
      readonly kind: 'retry';
      readonly at: number;
      /** The platform asked for silence until then; a reconnect does not shorten it. */
      readonly notBefore: number;
      readonly maybeSent: boolean;
      readonly reason: string;
    }
  /** `reason`: why the place does not take it, for people. */
  | { readonly kind: 'reroute'; readonly reason: string | undefined }
  | { readonly kind: 'end'; readonly state: 'ambiguous' | 'undelivered'; readonly reason: string };

const firstMs = 2000;
const longestMs = 5 * 60_000;
const retryForMs = 30 * 60_000;
/** A platform that asks for more than a day will not take it. */
const longestAskedMs = 24 * 60 * 60_000;

export function decideNext(receipt: Receipt, facts: SendFacts): Next {
  switch (receipt.status) {
    case 'sent':
      return { kind: 'advance', messageIds: receipt.messageIds };
    case 'retry':
      return retry(receipt.afterMs, facts);
    case 'ambiguous':
      if (facts.idempotent) return retry(0, { ...facts, maybeSent: true });
      return { kind: 'advance', messageIds: [], doubt: `${facts.channel} never confirmed it; it may have arrived` };
    case 'refused':
      if (receipt.only === 'this')
        return { kind: 'end', state: 'undelivered', reason: receipt.reason ?? `${facts.channel} does not accept it` };
      return { kind: 'reroute', reason: receipt.reason };
    default:
      return assertNever(receipt);
  }
}

/** 2 s doubling to 5 min, never sooner than the platform asks, with a last try when the 30 minutes end. */
function retry(afterMs: number, facts: SendFacts): Next {
  const { now, since, failures, maybeSent, channel } = facts;
  const end = since + retryForMs;
  const notBefore = now + afterMs;
  if (now >= end) return giveUp(maybeSent, `${channel} did not accept it for 30 min`);
  if (afterMs > longestAskedMs) return giveUp(maybeSent, `${channel} asks to wait ${Math.ceil(afterMs / 60_000)} min`);
  const backoff = now + Math.min(firstMs * 2 ** Math.min(failures, 20), longestMs);
  // The time it asks for is not held against the message.
  const at = Math.max(notBefore, Math.min(backoff, end));
  return { kind: 'retry', at, notBefore, maybeSent, reason: `${channel} did not accept it yet` };
}

function giveUp(maybeSent: boolean, reason: string): Next {
  return { kind: 'end', state: maybeSent ? 'ambiguous' : 'undelivered', reason };
}
