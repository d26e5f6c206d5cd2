// A real clock whose long waits end when the test says so, for tests in which real processes meet long waits: however slow
// the machine is, no limit runs out by itself.
import { type Clock, sleepOn, systemClock, type Timer } from '../../src/infra/clock.ts';

export interface HeldClock extends Clock {
  /** Ends all waits of this length that are under way, in milliseconds. Answers how many there were. */
  fire(ms: number): number;
  /** Lengths of the waits that are under way. */
  waits(): readonly number[];
}

/**
 * It starts at the beginning of a minute.
 * @param shortest waits from this length on are held, in milliseconds; shorter ones run in real time
 */
export function heldClock(shortest = 1_000): HeldClock {
  const [start, begun] = [Date.UTC(2026, 0, 1), systemClock.now()];
  const held = new Set<{ readonly ms: number; readonly fn: () => void }>();
  const of = (ms: number) => [...held].filter((each) => each.ms === ms);
  const clock: HeldClock = {
    now: () => start + systemClock.now() - begun,
    after(ms, fn): Timer {
      if (ms < shortest) return systemClock.after(ms, fn);
      const entry = { ms, fn };
      held.add(entry);
      return { cancel: () => held.delete(entry) };
    },
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
    fire(ms) {
      const due = of(ms);
      for (const entry of due) {
        held.delete(entry);
        entry.fn();
      }
      return due.length;
    },
    waits: () => [...held].map(({ ms }) => ms),
  };
  return clock;
}
