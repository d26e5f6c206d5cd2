// Runs seeds for the tests of this folder, and says how to see each failing one again. Used by both halves of the seeds.
import { makePlan } from './plan.ts';
import { run } from './run.ts';

/** Every second seed from `from` on. */
export function everySecond(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + 2 * index);
}

export async function brokenSeeds(seeds: readonly number[], onDisk = false): Promise<readonly string[]> {
  const found: string[] = [];
  for (const seed of seeds) {
    const { violations } = await run(makePlan(seed), { onDisk });
    for (const { rule, detail } of violations)
      found.push(`npm run simulate -- --seed ${seed}${onDisk ? ' --disk' : ''}: ${rule}: ${detail}`);
  }
  return found;
}
