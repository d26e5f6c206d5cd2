// Keeps an account from being banned for calls that Discord refuses: 10,000 of them in 10 minutes close the door to the whole
// address (docs.discord.com/developers/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans). Used by api.ts.
import type { Clock } from '../../src/infra/clock.ts';
import type { Fault } from './faults.ts';

const windowMs = 10 * 60_000;
/** A tenth of what Discord allows: other programs may share the address. */
const most = 1_000;
/** How long nothing is called once there were too many. */
const pauseMs = 60_000;

export class Refusals {
  readonly #clock: Pick<Clock, 'now'>;
  #since = 0;
  #count = 0;
  #until = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Milliseconds in which nothing may be called; 0: go on. */
  heldMs(): number {
    return Math.max(0, this.#until - this.#clock.now());
  }

  /** Counts 401, 403 and 429; a pause for the whole account holds at once. */
  note(fault: Fault): void {
    const now = this.#clock.now();
    if (fault.kind === 'rate' && fault.reach === 'account') this.#until = Math.max(this.#until, now + fault.afterMs);
    if (!fault.invalid) return;
    if (now - this.#since >= windowMs) {
      this.#since = now;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count >= most) this.#until = Math.max(this.#until, now + pauseMs);
  }
}
