// A real clock that runs faster, for tests in which real processes meet long waits.
import { type Clock, sleepOn, systemClock } from '../../src/infra/clock.ts';

/** @param factor how many seconds pass in one */
export function fastClock(factor: number): Clock {
  const start = systemClock.now();
  const clock: Clock = {
    now: () => start + (systemClock.now() - start) * factor,
    after: (ms, fn) => systemClock.after(ms / factor, fn),
    sleep: (ms, signal) => sleepOn(clock, ms, signal),
  };
  return clock;
}
