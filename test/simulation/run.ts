// One simulation from its plan to the verdict. Used by the tests of this folder, shrink.ts and worker.ts.
import { gather, type Violation } from './evidence.ts';
import { violations } from './invariants/all.ts';
import type { Plan } from './plan.ts';
import { World, type WorldOptions } from './world.ts';

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly hash: string;
  readonly journal: readonly string[];
  /** Errors the engine logged. */
  readonly errors: readonly string[];
  /** Starts of the process. */
  readonly lives: number;
}

/** Never rejects: what breaks is a violation. One at a time in a process. */
export async function run(plan: Plan, options: WorldOptions = {}): Promise<Verdict> {
  const world = new World(plan, options);
  const { seen } = world;
  const stray = (error: unknown): void => {
    seen.broken.push({ rule: 'no fault of ours', detail: String(error instanceof Error ? error.stack : error) });
  };
  process.on('unhandledRejection', stray);
  try {
    await world.play();
    const found = violations(gather(world));
    return {
      ...{ violations: found, hash: seen.hash(), journal: seen.lines, errors: seen.errors, lives: world.lives },
    };
  } catch (error) {
    stray(error);
    return { violations: seen.broken, hash: seen.hash(), journal: seen.lines, errors: seen.errors, lives: world.lives };
  } finally {
    process.off('unhandledRejection', stray);
    world.close();
  }
}
