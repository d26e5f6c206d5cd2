// What a start does with what the last process left: runs, owed completions and open messages go on or end with a reason.
// Called once by src/wiring/engine.ts, before channels take messages in.
import { isTerminal, type Outcome, type Run } from '../core/run.ts';
import type { Session } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { endRun } from './end-run.ts';
import type { RunRegistry } from './registry.ts';

export interface RecoveryDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'get'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Opens the session of a run whose process died between accepting and starting it, and hands its task over. */
  readonly restart: (run: Run, requester: Session) => Promise<void>;
  /** Goes on with work that was cut off; false where its runtime cannot. */
  readonly resume: (run: Run) => Promise<boolean>;
  readonly announce: (run: Run) => void;
}

export interface RecoveryReport {
  readonly restarted: number;
  readonly interrupted: number;
  readonly owed: number;
}

/** Interrupted work goes on where that is possible, else it is ended as `interrupted` and announced; work that never started starts now; owed results go on. */
export async function recoverRuns(deps: RecoveryDeps): Promise<RecoveryReport> {
  const { registry } = deps;
  const owed = registry.owed();
  let restarted = 0;
  let interrupted = 0;
  // In order of acceptance, so that a run comes before what it started.
  for (const run of registry.active()) {
    const fate = await fateOf(deps, run);
    if (fate.kind === 'start') {
      await deps.restart(run, fate.requester);
      restarted += 1;
    } else if (fate.outcome === cutOff && (await deps.resume(run))) restarted += 1;
    else if (await end(deps, run, fate.outcome)) interrupted += 1;
  }
  for (const run of owed) deps.announce(run);
  const report = { restarted, interrupted, owed: owed.length };
  if (restarted + interrupted + owed.length > 0) deps.log.info(report, 'took up what the last process left');
  return report;
}

type Fate =
  | { readonly kind: 'start'; readonly requester: Session }
  | { readonly kind: 'end'; readonly outcome: Outcome };

async function fateOf({ registry, sessions }: RecoveryDeps, run: Run): Promise<Fate> {
  const owner = registry.byChild(run.requester);
  // What a run has started ends with it; one announcement tells of both.
  if (owner !== undefined && isTerminal(owner.state.status) && owner.state.status !== 'succeeded')
    return { kind: 'end', outcome: { kind: 'stopped', by: 'cascade' } };
  const requester = run.state.status === 'queued' ? await sessions.get(run.requester) : undefined;
  return requester === undefined ? { kind: 'end', outcome: cutOff } : { kind: 'start', requester };
}

const cutOff = {
  kind: 'error',
  code: 'interrupted',
  message: 'a restart cut it off; check what it may have done in part before repeating it',
} as const;

async function end(
  { database, registry, clock, announce }: RecoveryDeps,
  run: Run,
  outcome: Outcome,
): Promise<boolean> {
  const ended = await database.write((sql) => endRun(sql, registry, run.id, { outcome, now: clock.now() }));
  if (ended !== undefined) announce(ended);
  return ended !== undefined;
}
