import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/infra/clock.ts';
import { codeAlphabet, systemIds } from '../../src/infra/ids.ts';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';

describe('the system clock', () => {
  it('calls once after the time, and not at all when cancelled', async () => {
    const called: string[] = [];
    systemClock.after(1, () => called.push('kept'));
    systemClock.after(1, () => called.push('cancelled')).cancel();
    await until(() => called.length > 0, 'the timer');
    expect(called).toEqual(['kept']);
  });

  it('does not fire at once what is due in months', () => {
    let fired = false;
    const timer = systemClock.after(100 * 24 * 60 * 60_000, () => {
      fired = true;
    });
    expect(fired).toBe(false);
    timer.cancel();
  });

  it('fires in time although the clock on the wall was put back meanwhile', async () => {
    const { now } = Date;
    let fired = false;
    try {
      systemClock.after(20, () => {
        fired = true;
      });
      Date.now = () => now() - 3_600_000;
      await until(() => fired, 'the timer', 2_000);
    } finally {
      Date.now = now;
    }
    expect(fired).toBe(true);
  });

  it('ends a sleep at once when its signal aborts, before or during it', async () => {
    const abort = new AbortController();
    const sleeping = systemClock.sleep(60_000, abort.signal);
    abort.abort();
    await sleeping;
    await systemClock.sleep(60_000, abort.signal);
    expect(abort.signal.aborted).toBe(true);
  });
});

describe('the virtual clock', () => {
  it('sleeps like the real one', async () => {
    const clock = virtualClock();
    let awake = false;
    const sleeping = clock.sleep(1_000).then(() => {
      awake = true;
    });
    await clock.advance(999);
    expect(awake).toBe(false);
    await clock.advance(1);
    await sleeping;
    expect(awake).toBe(true);
  });
});

describe('ids', () => {
  it('make codes of letters and digits that people can tell apart', () => {
    const code = systemIds.code(200);
    expect(code).toHaveLength(200);
    for (const character of code) expect(codeAlphabet).toContain(character);
    expect(codeAlphabet).not.toMatch(/[01IO]/);
  });

  it('are random and unique', () => {
    const uuids = new Set(Array.from({ length: 1_000 }, () => systemIds.uuid()));
    expect(uuids.size).toBe(1_000);
    const numbers = Array.from({ length: 1_000 }, () => systemIds.random());
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
  });
});
