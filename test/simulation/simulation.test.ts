import { describe, expect, it } from 'vitest';
import { makePlan } from './plan.ts';
import { run } from './run.ts';

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);

describe('a simulation', () => {
  it('comes to the same journal each time', async () => {
    for (const seed of seeds.slice(0, 5)) {
      const hashes = [await run(makePlan(seed)), await run(makePlan(seed)), await run(makePlan(seed))];
      expect(new Set(hashes.map(({ hash }) => hash)).size, `seed ${seed}`).toBe(1);
    }
  });
});
