// Time under the test's control: nothing passes until `advance` or `runUntil` says so. Used wherever a Clock is asked for.
import { type Clock, sleepOn } from '../../src/infra/clock.ts';

export interface VirtualClock extends Clock {
  /** Moves time by `ms`, firing every timer on the way in due order (ties: in the order they were set). */
  advance(ms: number): Promise<void>;
  /**
   * Moves time from timer to timer until the condition holds or the promise settles; answers the promise's value.
   * Throws after `limitMs` of virtual time, or when no timer is left and nothing happens for a second of real time.
   */
  runUntil<T>(goal: Promise<T> | (() => boolean), limitMs: number): Promise<T | undefined>;
  /** Lets promise chains and immediates run without moving time. */
  flush(): Promise<void>;
  /** Timers set and neither fired nor cancelled. */
  pending(): number;
}

interface Entry {
  readonly due: number;
  readonly fn: () => void;
  live: boolean;
}

/**
 * @param start unix time in milliseconds at which the clock stands
 * @param turns event loop turns granted between two timers; more lets chains through immediates and loopback I/O get further
 */
export function virtualClock(start = Date.UTC(2026, 0, 1), turns = 2): VirtualClock {
  let now = start;
  let live = 0;
  /** Sorted by due time; cancelled entries stay until they are reached. */
  const queue: Entry[] = [];

  function after(ms: number, fn: () => void): { cancel(): void } {
    const entry: Entry = { due: now + Math.max(0, ms), fn, live: true };
    queue.splice(insertAt(queue, entry.due), 0, entry);
    live += 1;
    return {
      cancel: () => {
        if (!entry.live) return;
        entry.live = false;
        live -= 1;
      },
    };
  }

  function nextDue(): number | undefined {
    while (queue[0]?.live === false) queue.shift();
    return queue[0]?.due;
  }

  function fireNext(): void {
    const entry = queue.shift();
    if (!entry?.live) return;
    now = Math.max(now, entry.due);
    entry.live = false;
    live -= 1;
    entry.fn();
  }

  async function flush(): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms;
    await flush();
    for (let due = nextDue(); due !== undefined && due <= end; due = nextDue()) {
      fireNext();
      await flush();
    }
    now = end;
  }

  async function runUntil<T>(goal: Promise<T> | (() => boolean), limitMs: number): Promise<T | undefined> {
    const end = now + limitMs;
    const watch = watchGoal(goal);
    let idleSince: number | undefined;
    for (;;) {
      await flush();
      if (watch.reached()) return await watch.value();
      const due = nextDue();
      if (due === undefined) {
        idleSince ??= performance.now();
        if (performance.now() - idleSince > 1000)
          throw new Error('virtual clock: nothing is pending and the goal is not reached');
        continue;
      }
      idleSince = undefined;
      if (due > end) throw new Error(`virtual clock: goal not reached within ${limitMs} ms`);
      fireNext();
    }
  }

  const clock: VirtualClock = {
    now: () => now,
    after,
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    advance,
    runUntil,
    flush,
    pending: () => live,
  };
  return clock;
}

function insertAt(queue: readonly Entry[], due: number): number {
  let low = 0;
  let high = queue.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((queue[middle]?.due ?? Infinity) <= due) low = middle + 1;
    else high = middle;
  }
  return low;
}

function watchGoal<T>(goal: Promise<T> | (() => boolean)): { reached(): boolean; value(): Promise<T | undefined> } {
  if (typeof goal === 'function') return { reached: goal, value: () => Promise.resolve(undefined) };
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  goal.then(note, note);
  return { reached: () => settled, value: () => goal };
}
