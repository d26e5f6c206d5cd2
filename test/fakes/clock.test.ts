import { expect, test } from 'vitest';
import { virtualClock } from './clock.ts';
import { seededIds } from './ids.ts';

test('timers fire in due order, ties in the order they were set, and each sees its own due time', async () => {
  const clock = virtualClock(0);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.now()}`));
  clock.after(10, () => seen.push(`a@${clock.now()}`));
  clock.after(20, () => seen.push(`c@${clock.now()}`));
  clock.after(30, () => seen.push('late'));
  await clock.advance(25);
  expect(seen).toEqual(['a@10', 'b@20', 'c@20']);
  expect([clock.now(), clock.pending()]).toEqual([25, 1]);
});

test('a chain of sleeps makes progress within one advance', async () => {
  const clock = virtualClock(0);
  const ends: number[] = [];
  void (async () => {
    for (let step = 0; step < 5; step += 1) {
      await clock.sleep(10);
      await Promise.resolve();
      ends.push(clock.now());
    }
  })();
  await clock.advance(50);
  expect(ends).toEqual([10, 20, 30, 40, 50]);
});

test('a cancelled timer does not fire and an aborted sleep ends at once', async () => {
  const clock = virtualClock(0);
  const abort = new AbortController();
  let fired = false;
  clock.after(5, () => (fired = true)).cancel();
  const slept = clock.sleep(1000, abort.signal);
  abort.abort();
  await slept;
  await clock.advance(10);
  expect([fired, clock.pending()]).toEqual([false, 0]);
});

test('runUntil stops at the goal, answers its value, and complains when the goal is too far', async () => {
  const clock = virtualClock(0);
  expect(
    await clock.runUntil(
      clock.sleep(300).then(() => 'done'),
      1000,
    ),
  ).toBe('done');
  expect(clock.now()).toBe(300);
  let reached = false;
  clock.after(100, () => (reached = true));
  await clock.runUntil(() => reached, 1000);
  expect(clock.now()).toBe(400);
  await expect(clock.runUntil(clock.sleep(50), 10)).rejects.toThrow('not reached within 10 ms');
  await expect(clock.runUntil(Promise.reject(new Error('broken')), 10)).rejects.toThrow('broken');
});

test('the same seed gives the same ids, another seed gives others, and uuids look like uuids', () => {
  const draw = (seed: number): unknown[] => {
    const ids = seededIds(seed);
    return [ids.uuid(), ids.random(), ids.code(8), ids.uuid()];
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7)[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(draw(7)[2]).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
  expect(new Set(Array.from({ length: 500 }, seededIds(3).uuid)).size).toBe(500);
});
