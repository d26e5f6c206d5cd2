// One lane: a queue of a given width that hands out leases in FIFO order. Used by job.ts and scheduler.ts, which makes it.
import pLimit from 'p-limit';

/** The right to run. It ends with `release`, also when its owner is wedged and somebody else releases it. */
export interface Lease {
  readonly kind: 'lease';
  readonly generation: number;
  /** False once released: what its owner does or reports after that is to be ignored. */
  held(): boolean;
  /** Frees the place for the next in line. Calling it again does nothing. */
  release(): void;
}

/** The waiter's own signal aborted before its turn came. */
export interface LaneAborted {
  readonly kind: 'aborted';
}

export interface LaneStats {
  readonly active: number;
  readonly waiting: number;
  readonly width: number;
}

const aborted: LaneAborted = { kind: 'aborted' };

export class Lane {
  readonly #generation: number;
  readonly #limit: ReturnType<typeof pLimit>;
  /** In order of arrival: each waiter with the way to answer it. */
  readonly #waiters = new Map<object, (answer: Lease | LaneAborted) => void>();
  #active = 0;

  /** @param generation number of this start of the process; every lease carries it */
  constructor(width: number, generation: number) {
    this.#generation = generation;
    this.#limit = pLimit(width);
  }

  /**
   * Waits in line for a lease. A waiter whose signal aborts leaves at once; never rejects.
   * @param waiter identity for `ahead`; one object may wait once at a time
   */
  acquire(signal: AbortSignal, waiter: object = {}): Promise<Lease | LaneAborted> {
    if (signal.aborted) return Promise.resolve(aborted);
    return new Promise((resolve) => {
      const leave = (answer: Lease | LaneAborted): void => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', onAbort);
        resolve(answer);
      };
      const onAbort = (): void => leave(aborted);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiters.set(waiter, leave);
      // The limiter runs "hold the lease until it is released" as its task. Whoever left meanwhile makes it an empty one.
      const hold = (): Promise<void> | undefined => {
        if (this.#waiters.get(waiter) !== leave) return undefined;
        return new Promise((free) => leave(this.#lease(free)));
      };
      void this.#limit(hold);
    });
  }

  /** How many waiters stand in line before this one; 0 when it does not wait. */
  ahead(waiter: object): number {
    if (!this.#waiters.has(waiter)) return 0;
    let before = 0;
    for (const other of this.#waiters.keys()) {
      if (other === waiter) break;
      before += 1;
    }
    return before;
  }

  /** Running turns finish; a narrower lane starts nothing until enough of them have. */
  setWidth(width: number): void {
    this.#limit.concurrency = width;
  }

  stats(): LaneStats {
    return { active: this.#active, waiting: this.#waiters.size, width: this.#limit.concurrency };
  }

  #lease(free: () => void): Lease {
    let held = true;
    this.#active += 1;
    return {
      kind: 'lease',
      generation: this.#generation,
      held: () => held,
      release: () => {
        if (!held) return;
        held = false;
        this.#active -= 1;
        free();
      },
    };
  }
}
