// Requests per minute of one provider: calls wait for their place instead of failing. Made by models.ts.
import type { Clock } from '../infra/clock.ts';

export interface RateLimit {
  /** Resolves when this call may go out, first come first served; at once when `signal` aborts, taking no place. */
  take(signal: AbortSignal): Promise<void>;
  /** Takes effect for the calls that wait now. */
  setRpm(rpm: number | undefined): void;
}

const windowMs = 60_000;

/** @param rpm requests in any 60 seconds; undefined = no limit. */
export function createRateLimit(clock: Clock, rpm: number | undefined): RateLimit {
  let limit = rpm;
  /** Times of the latest calls, oldest first. */
  let taken: number[] = [];
  let queue: Promise<void> = Promise.resolve();
  let changed = new AbortController();

  function waitMs(): number {
    const now = clock.now();
    taken = taken.filter((at) => at > now - windowMs);
    if (limit === undefined || taken.length < limit) return 0;
    return (taken[taken.length - limit] ?? now) + windowMs - now;
  }

  async function place(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ms = waitMs();
      if (ms <= 0) {
        taken.push(clock.now());
        return;
      }
      await clock.sleep(ms, AbortSignal.any([signal, changed.signal]));
    }
  }

  return {
    take(signal) {
      const turn = queue.then(() => place(signal));
      queue = turn;
      return settledOrAborted(turn, signal);
    },
    setRpm(next) {
      limit = next;
      changed.abort();
      changed = new AbortController();
    },
  };
}

function settledOrAborted(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    void turn.then(done);
  });
}
