// Requests per minute of a provider.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimit } from '../../src/agents/rate.ts';
import { virtualClock } from '../fakes/clock.ts';

const never = new AbortController().signal;

describe('a rate limit', () => {
  it('lets calls wait instead of failing, in order', async () => {
    const clock = virtualClock();
    const limit = createRateLimit(clock, 2);
    const start = clock.now();
    const at: number[] = [];
    const all = Promise.all(
      Array.from({ length: 5 }, (_, i) => limit.take(never).then(() => (at[i] = clock.now() - start))),
    );
    await clock.runUntil(all, 300_000);
    expect(at).toEqual([0, 0, 60_000, 60_000, 120_000]);
  });

  it('never lets more than the limit through in any minute', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 20 }),
        async (rpm, gaps) => {
          const clock = virtualClock();
          const limit = createRateLimit(clock, rpm);
          const at: number[] = [];
          const takes: Promise<unknown>[] = [];
          for (const gap of gaps) {
            await clock.advance(gap);
            takes.push(limit.take(never).then(() => at.push(clock.now())));
          }
          await clock.runUntil(Promise.all(takes), 3_600_000);
          expect(at).toHaveLength(gaps.length);
          at.forEach((time, i) => {
            const other = at[i + rpm];
            if (other !== undefined) expect(other - time).toBeGreaterThanOrEqual(60_000);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it('lets an aborted call go at once without taking a place', async () => {
    const clock = virtualClock();
    const limit = createRateLimit(clock, 1);
    await limit.take(never);
    const abort = new AbortController();
    const waiting = limit.take(abort.signal);
    const behind = limit.take(never);
    abort.abort();
    await waiting;
    const start = clock.now();
    await clock.runUntil(behind, 120_000);
    expect(clock.now() - start).toBe(60_000);
  });

  it('counts a raised limit for the calls that wait already', async () => {
    const clock = virtualClock();
    const limit = createRateLimit(clock, 1);
    await limit.take(never);
    const waiting = limit.take(never);
    await clock.flush();
    limit.setRpm(undefined);
    await waiting;
    expect(clock.pending()).toBe(0);
  });
});
