// What agents are going to do, drawn from a seed. Used by plan.ts.
import type { Act } from './plan.ts';
import type { Random } from './random.ts';
import type { ActWeights } from './themes.ts';

/** Sessions of this depth may start no further ones. */
const deepest = 3;

export interface Draw {
  readonly chance: Random;
  readonly weights: ActWeights;
}

/** @param depth of the session that does it: 0 is a chat's agent */
export function makeActs(draw: Draw, depth: number): readonly Act[] {
  const { chance, weights } = draw;
  const count = chance.weighted([
    [3, 0],
    [3, 1],
    [2, 2],
    [1, 4],
  ]);
  const acts = Array.from({ length: count }, () => makeAct(draw, depth));
  const last = chance.weighted<Act | undefined>([
    [14, undefined],
    [weights.long, { do: 'long' }],
    [weights.quiet / 2, { do: 'quiet' }],
    [weights.quiet / 2, { do: 'nothing' }],
    [weights.fail, { do: 'fail' }],
    [weights.hang / 2, { do: 'hang', until: 'aborted' }],
    [weights.hang / 4, { do: 'hang', until: 'aborted, then answers' }],
    [weights.hang / 4, { do: 'hang', until: 'never' }],
    [acts.some((act) => act.do === 'spawn') ? weights.yield : 0, { do: 'yield' }],
  ]);
  return last === undefined ? acts : [...acts, last];
}

function makeAct(draw: Draw, depth: number): Act {
  const { chance, weights } = draw;
  const may = depth < deepest ? 1 : 0;
  return chance.weighted<() => Act>([
    [weights.wait, () => ({ do: 'wait', ms: chance.pick([1, 5, 50, 1_000, 8_000]) })],
    [3, () => ({ do: 'tool' })],
    [1, () => ({ do: 'say' })],
    [(may * weights.spawn) / (depth + 1), () => ({ do: 'spawn', acts: makeActs(draw, depth + 1) })],
    [may * 0.7, () => ({ do: 'kill' })],
    [may * 0.7, () => ({ do: 'steer' })],
  ])();
}
