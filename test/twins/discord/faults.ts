// What may go wrong with a call, on demand. Asked by server.ts.
import { plain, Refusal } from './refusal.ts';

export type Fault =
  /**
   * Answered with this status; carried out only when `applied`. A 429 has the header and field of the wait only with
   * `retryAfter` (seconds). `html` is a page as the proxies in front of Discord send it.
   */
  | {
      readonly status: number;
      readonly retryAfter?: number;
      readonly global?: boolean;
      readonly code?: number;
      readonly message?: string;
      readonly applied?: boolean;
      readonly html?: boolean;
    }
  /** Carried out at once, answered after so many milliseconds of the clock. */
  | { readonly slow: number }
  /** 502 with an HTML page, not carried out. */
  | 'html'
  /** The connection is reset: before the call was carried out, or after. */
  | 'reset-before'
  | 'reset-after'
  /** Never answered; not carried out, or carried out. */
  | 'hang'
  | 'hang-after';

export class Faults {
  #planned: { readonly route: string; readonly fault: Fault; left: number }[] = [];

  /** @param route `POST /channels/:id/messages`, the same with real ids, or `*` for every call */
  plan(route: string, fault: Fault, times: number): void {
    this.#planned.push({ route, fault, left: times });
  }

  /** Takes back what was planned, for one route or all. */
  clear(route?: string): void {
    this.#planned = route === undefined ? [] : this.#planned.filter((plan) => plan.route !== route);
  }

  take(route: string, path: string): Fault | undefined {
    const plan = this.#planned.find((one) => one.left > 0 && [route, path, '*'].includes(one.route));
    if (plan === undefined) return undefined;
    plan.left -= 1;
    return plan.fault;
  }

  static refusal({ status, retryAfter, global = false, code, message }: Extract<Fault, { status: number }>): Refusal {
    if (status !== 429) return new Refusal(status, code ?? 0, message ?? plain(status).message);
    return tooMany({ global, ...(retryAfter === undefined ? {} : { retryAfter }) });
  }
}

/** @param wait seconds, fractions allowed; without it Discord says nothing of when to come back */
export function tooMany(wait: { readonly retryAfter?: number; readonly global: boolean }): Refusal {
  const { retryAfter, global } = wait;
  return new Refusal(429, 0, 'You are being rate limited.', {
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    global,
  });
}
