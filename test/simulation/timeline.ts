// The only thing that moves in a simulation: a line of events in virtual time. Between two events everything that follows from
// the first one runs to its end, without a turn of the real event loop. Driven by world.ts.
import { type Clock, sleepOn, type Timer } from '../../src/infra/clock.ts';

interface Entry {
  readonly due: number;
  readonly order: number;
  readonly fn: () => void;
  live: boolean;
}

export const startOfTime = Date.UTC(2026, 0, 1, 8);

export class Timeline {
  #now = startOfTime;
  #order = 0;
  /** A binary heap by due time, then by the order of setting. Cancelled entries stay until they are reached. */
  readonly #heap: Entry[] = [];

  /** Unix milliseconds. */
  now(): number {
    return this.#now;
  }

  after(ms: number, fn: () => void): Timer {
    this.#order += 1;
    const entry: Entry = { due: this.#now + Math.max(0, Math.ceil(ms)), order: this.#order, fn, live: true };
    push(this.#heap, entry);
    return {
      cancel: () => {
        entry.live = false;
      },
    };
  }

  /** Due time of the next event; undefined when there is none. */
  nextDue(): number | undefined {
    while (this.#heap[0]?.live === false) pop(this.#heap);
    return this.#heap[0]?.due;
  }

  /** Lets the next event happen, and all that follows from it at once. False when there is none. */
  async step(): Promise<boolean> {
    if (this.nextDue() === undefined) return false;
    const entry = pop(this.#heap);
    if (entry === undefined) return false;
    this.#now = entry.due;
    entry.live = false;
    entry.fn();
    await settled();
    return true;
  }

  /** Events up to this time, which is then reached. */
  async runTo(time: number): Promise<void> {
    for (let due = this.nextDue(); due !== undefined && due <= time; due = this.nextDue()) await this.step();
    this.#now = Math.max(this.#now, time);
  }

  /** A clock whose timers fire only as long as `alive` holds. */
  clock(alive: () => boolean): Clock {
    const clock: Clock = {
      now: () => this.#now,
      after: (ms, fn) => {
        if (!alive()) return { cancel: () => undefined };
        return this.after(ms, () => {
          if (alive()) fn();
        });
      },
      sleep: (ms, signal) => sleepOn(clock, ms, signal),
    };
    return clock;
  }
}

/** The next tick begins when no promise has anything left to do. */
export function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

const before = (a: Entry, b: Entry): boolean => a.due < b.due || (a.due === b.due && a.order < b.order);

function push(heap: Entry[], entry: Entry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || before(parent, entry)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function pop(heap: Entry[]): Entry | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [first, second] = [heap[left], heap[left + 1]];
    if (first === undefined) break;
    const [next, child] = second !== undefined && before(second, first) ? [left + 1, second] : [left, first];
    if (before(last, child)) break;
    heap[at] = child;
    at = next;
  }
  heap[at] = last;
  return top;
}
