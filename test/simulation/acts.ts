// What agents are going to do, drawn from a seed. Used by plan.ts.
import type { Act } from './plan.ts';
import type { Random } from './random.ts';

/** Sessions of this depth may start no further ones. */
const deepest = 3;

/** @param depth of the session that does it: 0 is a chat's agent */
export function makeActs(chance: Random, depth: number): readonly Act[] {
  const acts = Array.from(
    {
      length: chance.weighted([
        [3, 0],
        [3, 1],
        [2, 2],
        [1, 4],
      ]),
    },
    () => makeAct(chance, depth),
  );
  const last = chance.weighted<Act | undefined>([
    [14, undefined],
    [2, { do: 'long' }],
    [1, { do: 'quiet' }],
    [1, { do: 'nothing' }],
    [1, { do: 'fail' }],
    [1, { do: 'hang', deaf: false }],
    [0.5, { do: 'hang', deaf: true }],
    ...(acts.some((act) => act.do === 'spawn') ? ([[8, { do: 'yield' }]] as const) : []),
  ]);
  return last === undefined ? acts : [...acts, last];
}

function makeAct(chance: Random, depth: number): Act {
  return chance.weighted<() => Act>([
    [4, () => ({ do: 'wait', ms: chance.pick([1, 5, 50, 1_000, 8_000]) })],
    [3, () => ({ do: 'tool' })],
    [1, () => ({ do: 'say' })],
    [depth < deepest ? 4 / (depth + 1) : 0, () => ({ do: 'spawn', acts: makeActs(chance, depth + 1) })],
    [depth < deepest ? 0.7 : 0, () => ({ do: 'kill' })],
    [depth < deepest ? 0.7 : 0, () => ({ do: 'steer' })],
  ])();
}
