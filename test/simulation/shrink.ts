// Makes a failing plan smaller: fewer steps, crashes and acts, less trouble, as long as the same rule is broken. Used by
// simulate.ts and by the mutants.
import type { Act, Plan, Step } from './plan.ts';
import { run } from './run.ts';
import type { WorldOptions } from './world.ts';

/** Simulations one shrinking may take. */
const mostRuns = 600;

/** The smallest plan found that still breaks `rule`. */
export function shrink(plan: Plan, rule: string, options: WorldOptions = {}): Promise<Plan> {
  return smallest(plan, async (candidate) =>
    (await run(candidate, options)).violations.some((each) => each.rule === rule),
  );
}

/** The smallest plan found that still fails; `plan` itself where nothing smaller does. */
export async function smallest(plan: Plan, fails: (candidate: Plan) => Promise<boolean>): Promise<Plan> {
  let best = plan;
  let left = mostRuns;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(best)) {
      if (left <= 0) return best;
      left -= 1;
      if (!(await fails(candidate))) continue;
      best = candidate;
      found = true;
      break;
    }
  }
  return best;
}

/** Plans with one thing less, the boldest first. */
function* smaller(plan: Plan): Generator<Plan> {
  const { steps, crashes, power, trouble } = plan;
  if (trouble > 0) yield { ...plan, trouble: 0 };
  if (power) yield { ...plan, power: false };
  for (let half = steps.length >> 1; half > 0; half >>= 1)
    for (let from = 0; from < steps.length; from += half)
      yield { ...plan, steps: steps.filter((_, index) => index < from || index >= from + half) };
  for (const index of crashes.keys())
    if (crashes[index] !== undefined) yield { ...plan, crashes: without(crashes, index) };
  for (const [index, step] of steps.entries())
    for (const simpler of simplerSteps(step)) yield { ...plan, steps: steps.with(index, simpler) };
  for (const [index, crash] of crashes.entries())
    if (crash !== undefined && crash.downMs > 20)
      yield { ...plan, crashes: crashes.with(index, { ...crash, downMs: 20 }) };
}

/** The lives after it keep their crashes. */
function without(crashes: Plan['crashes'], index: number): Plan['crashes'] {
  const rest = crashes.with(index, undefined);
  const last = rest.findLastIndex((crash) => crash !== undefined);
  return rest.slice(0, last + 1);
}

function* simplerSteps(step: Step): Generator<Step> {
  if (!('acts' in step)) return;
  for (const acts of simplerActs(step.acts)) yield { ...step, acts };
}

function* simplerActs(acts: readonly Act[]): Generator<readonly Act[]> {
  for (const index of acts.keys()) yield acts.filter((_, other) => other !== index);
  for (const [index, act] of acts.entries()) {
    if (act.do === 'spawn') for (const fewer of simplerActs(act.acts)) yield acts.with(index, { ...act, acts: fewer });
    if (act.do === 'wait' && act.ms > 1) yield acts.with(index, { ...act, ms: act.ms >> 3 || 1 });
  }
}
