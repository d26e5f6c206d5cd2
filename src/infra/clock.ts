// The only source of time and timers. Everything that waits gets a Clock, so that tests run on a virtual one.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Unix time in milliseconds. */
  now(): number;
  /** Calls `fn` once after `ms`. Timers never keep the process alive; whoever sets one owns cancelling it. */
  after(ms: number, fn: () => void): Timer;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** setTimeout overflows above 2^31-1 ms and would fire at once. */
const longest = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, fn) {
    // The clock on the wall may be put back, which must not make anybody wait the longer.
    const due = performance.now() + ms;
    let handle = setTimeout(step, Math.min(ms, longest));
    handle.unref();
    function step(): void {
      const left = due - performance.now();
      if (left <= 0) {
        fn();
        return;
      }
      handle = setTimeout(step, Math.min(left, longest));
      handle.unref();
    }
    return { cancel: () => clearTimeout(handle) };
  },
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};

/** The one implementation of `Clock.sleep`, shared with the virtual clock. */
export function sleepOn(clock: Pick<Clock, 'after'>, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const finish = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', finish);
      resolve();
    };
    const timer = clock.after(ms, finish);
    signal?.addEventListener('abort', finish, { once: true });
  });
}
