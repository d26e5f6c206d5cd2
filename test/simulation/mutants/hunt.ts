// Runs seeds until an invariant breaks, and says which. Started by all.ts in a copy of the tree.
// Arguments: first seed, number of seeds.
import { makePlan } from '../plan.ts';
import { run } from '../run.ts';

export interface Found {
  readonly seed: number;
  readonly rule: string;
  readonly detail: string;
}

async function hunt(from: number, count: number): Promise<Found | undefined> {
  for (let seed = from; seed < from + count; seed += 1) {
    const [first] = (await run(makePlan(seed))).violations;
    if (first !== undefined) return { seed, ...first };
  }
  return undefined;
}

const [from = 1, count = 1] = process.argv.slice(2).map(Number);
process.stdout.write(JSON.stringify((await hunt(from, count)) ?? null));
