import { expect, it } from 'vitest';
import { inTurn } from '../../src/delivery/in-turn.ts';
import { Pacer, type Target } from '../../src/delivery/pacer.ts';
import { virtualClock } from '../fakes/clock.ts';

const target: Target = { account: 'a', chat: 'a:x', limits: [{ key: 'x', count: 1, perMs: 1_000 }] };
const place = () => target;

it('works when its turn has come, and takes that turn', async () => {
  const clock = virtualClock();
  const pacer = new Pacer(clock);
  const start = clock.now();
  const done: number[] = [];
  const work = async () => done.push(clock.now() - start);
  await clock.runUntil(Promise.all([1, 2, 3].map(() => inTurn({ pacer, clock }, place, work))), 10_000);
  expect(done).toEqual([0, 1_001, 2_002]);
});

it('gives its turn back where the work fails', async () => {
  const clock = virtualClock();
  const pacer = new Pacer(clock);
  const broken = inTurn({ pacer, clock }, place, () => Promise.reject(new Error('no right')));
  await expect(broken).rejects.toThrow('no right');
  await clock.runUntil(
    inTurn({ pacer, clock }, place, async () => undefined),
    2_000,
  );
});

it('does not wait through a long silence, nor without end for a place that stays full', async () => {
  const clock = virtualClock();
  const pacer = new Pacer(clock);
  pacer.silence(target, 'chat', 90_000);
  await expect(inTurn({ pacer, clock }, place, async () => 'x')).rejects.toThrow('takes nothing more here for 90 s');
  await clock.advance(90_000);
  const held = pacer.take(target, 'owed');
  const waiting = inTurn({ pacer, clock }, place, async () => 'x').catch((error: Error) => error.message);
  expect(await clock.runUntil(waiting, 60_000)).toMatch('takes nothing more here');
  held?.drop();
});
