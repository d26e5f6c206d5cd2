// What may go wrong with a call, on demand. Asked by server.ts.
import { bare, Refusal, tooMany } from './refusal.ts';

export type Fault =
  /** Answered with this status and not carried out. `retryAfter` in seconds. */
  | {
      readonly status: number;
      readonly description?: string;
      readonly retryAfter?: number;
      readonly migrateTo?: number;
    }
  /** Carried out at once, answered after so many milliseconds of the clock. */
  | { readonly slow: number }
  /** An HTML page with this status; carried out or not. */
  | { readonly html: number; readonly applied?: boolean }
  /** 502 with an HTML page, not carried out. */
  | 'html'
  /** The connection is reset: before the call was carried out, or after. */
  | 'reset-before'
  | 'reset-after'
  /** Never answered; not carried out, or carried out. */
  | 'hang'
  | 'hang-after'
  /** Carried out; the connection breaks in the middle of the answer. */
  | 'cut';

export class Faults {
  #planned: { readonly method: string; readonly fault: Fault; left: number }[] = [];

  /** @param method or `*` for every one @param times how many calls it hits */
  plan(method: string, fault: Fault, times: number): void {
    this.#planned.push({ method, fault, left: times });
  }

  /** Takes back what was planned, for one method or all. */
  clear(method?: string): void {
    this.#planned = method === undefined ? [] : this.#planned.filter((plan) => plan.method !== method);
  }

  take(method: string): Fault | undefined {
    const plan = this.#planned.find((one) => one.left > 0 && (one.method === method || one.method === '*'));
    if (plan === undefined) return undefined;
    plan.left -= 1;
    return plan.fault;
  }

  static refusal({ status, description, retryAfter, migrateTo }: Extract<Fault, { status: number }>): Refusal {
    if (status === 429 && description === undefined && retryAfter !== undefined) return tooMany(retryAfter);
    return new Refusal(status, description ?? bare(status).message, {
      ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
      ...(migrateTo === undefined ? {} : { migrate_to_chat_id: migrateTo }),
    });
  }
}
