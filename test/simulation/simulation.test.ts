import { expect, it } from 'vitest';
import { makePlan } from './plan.ts';
import { run } from './run.ts';

it('the same seed comes to the same journal each time, in memory and in files', async () => {
  for (const seed of [20_001, 20_002, 20_003]) {
    const hashes: string[] = [];
    for (const onDisk of [false, false, false, true]) hashes.push((await run(makePlan(seed), { onDisk })).hash);
    expect(new Set(hashes).size, `seed ${seed}`).toBe(1);
  }
});

it('another seed takes another course', async () => {
  const [one, other] = [await run(makePlan(1)), await run(makePlan(2))];
  expect(one.hash).not.toBe(other.hash);
});
