// One gate for all calls that count together at Discord: messages, what is asked and read, typing signals. Each of them is also
// paced for itself; only together do they stay within what the account has. Used by api.ts.
import type { Clock, Timer } from '../../src/infra/clock.ts';

/** docs.discord.com/developers/topics/rate-limits: 50 calls a second in all. */
const most = 45;
/** Of the first second, which an earlier process may have used: together they stay below 50. */
const mostAtFirst = 5;
const perMs = 1_000;

interface Waiter {
  readonly pass: () => void;
}

/** Ends a call: it counts for a second from then on, since when Discord counted it is not known. */
export type Leave = () => void;

export class Gate {
  readonly #clock: Pick<Clock, 'now' | 'after'>;
  readonly #waiting: Waiter[] = [];
  /** When calls ended, oldest first. */
  #ended: number[];
  #inFlight = 0;
  #timer: Timer | undefined;

  constructor(clock: Pick<Clock, 'now' | 'after'>) {
    this.#clock = clock;
    this.#ended = new Array<number>(most - mostAtFirst).fill(clock.now());
  }

  /** Resolves when a call may begin, first come first served. Rejects with the reason of `signal`. */
  async enter(signal: AbortSignal): Promise<Leave> {
    signal.throwIfAborted();
    if (this.#waiting.length > 0 || this.#room() <= 0) await this.#wait(signal);
    else this.#inFlight += 1;
    return this.#leave();
  }

  /** For what may as well not be done: undefined unless half of a second's calls are left. */
  spare(): Leave | undefined {
    if (this.#waiting.length > 0 || this.#room() <= most / 2) return undefined;
    this.#inFlight += 1;
    return this.#leave();
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        pass: () => {
          signal.removeEventListener('abort', abort);
          this.#inFlight += 1;
          resolve();
        },
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiter);
      this.#pump();
    });
  }

  #leave(): Leave {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      this.#inFlight -= 1;
      this.#ended.push(this.#clock.now());
      this.#pump();
    };
  }

  #room(): number {
    const now = this.#clock.now();
    // One of later than now is from before the clock was put back.
    this.#ended = this.#ended.filter((at) => at <= now && now - at <= perMs);
    return most - this.#inFlight - this.#ended.length;
  }

  #pump(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    for (let room = this.#room(); room > 0 && this.#waiting.length > 0; room -= 1) this.#waiting.shift()?.pass();
    const [oldest] = this.#ended;
    if (this.#waiting.length === 0 || oldest === undefined) return;
    this.#timer = this.#clock.after(oldest + perMs + 1 - this.#clock.now(), () => this.#pump());
  }
}
