// What a receipt means for a message that changes, and how long its next change waits. Pure; used by updates.ts.
import type { RateLimit } from '../core/channel.ts';
import type { Receipt } from '../core/message.ts';
import { assertNever } from '../core/result.ts';

export interface Showing {
  /** The message that was to be changed; undefined when a new one was sent. */
  readonly messageId: string | undefined;
  /** Messages sent so far, this one included. */
  readonly sends: number;
}

export interface Shown {
  /** `again`: with the newest text, into `messageId` or, without one, a new message. `over`: nothing more is tried. */
  readonly next: 'shown' | 'again' | 'over';
  readonly messageId: string | undefined;
}

const atMostMessages = 2;
const shortestMs = 1500;
const longestMs = 60_000;

export function afterShowing(receipt: Receipt, { messageId, sends }: Showing): Shown {
  const edited = messageId !== undefined;
  switch (receipt.status) {
    case 'sent': {
      const id = messageId ?? receipt.messageIds[0];
      return { next: id === undefined ? 'over' : 'shown', messageId: id };
    }
    case 'retry':
      return { next: 'again', messageId };
    case 'ambiguous':
      // A change may be repeated; a new message might then stand there twice, and without its id it cannot be changed.
      return { next: edited ? 'again' : 'over', messageId };
    case 'refused':
      // It was deleted, or is too old to be changed: one more message, unless the chat takes none.
      if (edited && sends < atMostMessages && receipt.closed !== true) return { next: 'again', messageId: undefined };
      return { next: 'over', messageId: undefined };
    default:
      return assertNever(receipt);
  }
}

/** The shortest time between two changes of one message: 1.5 s, and no faster than any limit allows on average. */
export function editEveryMs(limits: readonly RateLimit[]): number {
  return Math.max(shortestMs, ...limits.map(({ count, perMs }) => perMs / Math.max(1, count)));
}

/** From the end of a try to the next one: failures in a row double it up to a minute, never less than the platform asks. */
export function pauseMs(everyMs: number, receipt: Receipt, failures: number): number {
  const asked = receipt.status === 'retry' ? receipt.afterMs : 0;
  const own = Math.max(everyMs, Math.min(everyMs * 2 ** Math.min(failures, 20), longestMs));
  return Math.max(asked, own);
}
