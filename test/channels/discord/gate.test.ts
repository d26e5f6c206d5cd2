import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../channels/discord/gate.ts';
import { virtualClock } from '../../fakes/clock.ts';

const never = new AbortController().signal;

describe('the gate', () => {
  it('lets 45 calls begin in a second, whenever Discord counted them, first come first served', async () => {
    const calls = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 3_000 }), ms: fc.integer({ min: 0, max: 900 }) }),
      {
        minLength: 100,
        maxLength: 250,
      },
    );
    await fc.assert(
      fc.asyncProperty(calls, async (plan) => {
        const clock = virtualClock();
        const gate = new Gate(clock);
        const counted: number[] = [];
        const began: number[] = [];
        const all = plan.map(async ({ at, ms }, index) => {
          await clock.sleep(at);
          const leave = await gate.enter(never);
          began.push(at * 1_000 + index);
          // Anywhere between its beginning and its end.
          await clock.sleep(index % 2 === 0 ? 0 : ms);
          counted.push(clock.now());
          await clock.sleep(index % 2 === 0 ? ms : 0);
          leave();
        });
        await clock.runUntil(Promise.all(all), 60_000);
        counted.sort((a, b) => a - b);
        for (const [index, at] of counted.entries())
          expect((counted[index + 45] ?? Infinity) - at).toBeGreaterThan(1_000);
        expect(began).toEqual(began.toSorted((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });

  it('leaves the first second to the calls of an earlier process', async () => {
    const clock = virtualClock();
    const gate = new Gate(clock);
    let begun = 0;
    for (let n = 0; n < 50; n += 1) void gate.enter(never).then(() => (begun += 1));
    await clock.advance(999);
    expect(begun).toBe(5);
    await clock.advance(2);
    expect(begun).toBe(45);
  });

  it('leaves out what may be left out while there is little room, and lets nobody wait for what was given up', async () => {
    const clock = virtualClock();
    const gate = new Gate(clock);
    await clock.advance(1_001);
    const leaves = await Promise.all(Array.from({ length: 22 }, () => gate.enter(never)));
    gate.spare()?.();
    expect(gate.spare()).toBeUndefined();
    leaves.push(...(await Promise.all(Array.from({ length: 22 }, () => gate.enter(never)))));
    const given = new AbortController();
    const first = gate.enter(given.signal).catch(() => 'given up');
    const second = gate.enter(never);
    given.abort();
    expect(await first).toBe('given up');
    await clock.advance(2_000);
    leaves[0]?.();
    expect(await clock.runUntil(second, 5_000)).toBeTypeOf('function');
  });
});
