// When a run no longer counts as alive. Pure; asked by spawn.ts, sweep.ts, fates.ts and maintenance.ts.
import { isTerminal, type Outcome, type Run } from '../core/run.ts';

/** Silent for longer than this, or than its own time limit and ten minutes, a run no longer counts as alive. */
const staleMs = 2 * 60 * 60_000;
const graceMs = 10 * 60_000;

/** @param openChildren how many it waits for: as long as there are any, its silence means nothing */
export function isStale(run: Run, now: number, openChildren = 1): boolean {
  if (isTerminal(run.state.status) || (run.state.status === 'waiting' && openChildren > 0)) return false;
  return now - run.lastEventAt > Math.max(staleMs, run.timeoutSeconds * 1000 + graceMs);
}

/** Unix ms at which its time is up, counted from its first start; undefined without a limit, or before it. */
export function dueAt({ state, timeoutSeconds }: Run): number | undefined {
  if (timeoutSeconds === 0 || !('startedAt' in state) || state.startedAt === undefined) return undefined;
  return state.startedAt + timeoutSeconds * 1000;
}

/** How a run ends of which nobody knows how it ended. */
export const lost: Outcome = { kind: 'error', code: 'lost', message: 'no sign of life; nobody knows how it ended' };
