// All planted bugs. Used by all.ts and the test beside it.
import { intakeMutants } from './intake.ts';
import { laneMutants } from './lanes.ts';
import type { Mutant } from './mutant.ts';
import { runMutants } from './runs.ts';

export const mutants: readonly Mutant[] = [...laneMutants, ...intakeMutants, ...runMutants];
