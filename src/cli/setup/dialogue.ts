// What the questions of the setup share: whom they ask, what is there now, and what may be looked up meanwhile.
import type { Clock } from '../../infra/clock.ts';
import type { Env } from '../../infra/env.ts';
import type { Ids } from '../../infra/ids.ts';
import type { Current } from './current.ts';
import type { Prompts } from './prompts.ts';

export interface Dialogue {
  readonly prompts: Prompts;
  readonly current: Current;
  readonly env: Env;
  /** Absolute. */
  readonly workingDirectory: string;
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Width of the terminal. */
  readonly columns: number;
  /** Coding agents on this machine. */
  readonly harnesses: readonly string[];
}
