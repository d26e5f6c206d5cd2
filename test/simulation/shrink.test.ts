import { expect, it } from 'vitest';
import type { Plan, Step } from './plan.ts';
import { makePlan } from './plan.ts';
import { smallest } from './shrink.ts';

const lasts = (plan: Plan): boolean => plan.steps.some((step: Step) => step.do === 'stop');

it('of a plan only what the failure needs is left', async () => {
  const plan: Plan = {
    ...makePlan(7),
    trouble: 0.3,
    crashes: [{ at: 'any', point: 9, downMs: 400_000 }],
    power: true,
    steps: [
      { at: 1, chat: 0, do: 'say', token: 'm0', acts: [{ do: 'wait', ms: 8 }], by: 'ann', fileMs: 50 },
      { at: 2, chat: 0, do: 'list' },
      { at: 3, chat: 0, do: 'stop' },
      { at: 4, chat: 0, do: 'list' },
    ],
  };
  const small = await smallest(plan, async (candidate) => lasts(candidate));
  expect(small.steps.map((step) => step.do)).toEqual(['stop']);
  expect(small).toMatchObject({ trouble: 0, crashes: [], power: false });
});

it('a failure that nothing smaller shows keeps its plan', async () => {
  const plan = makePlan(8);
  expect(await smallest(plan, async () => false)).toBe(plan);
});
