// What a start does with what the last process left: runs, owed completions and open messages go on or end with a reason.
// Called once by app.ts, before channels take messages in.
import type { Run } from '../core/run.ts';
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
  readonly announce: (run: Run) => void;
}

export interface RecoveryReport {
  readonly restarted: number;
  readonly interrupted: number;
  readonly owed: number;
}

/** Interrupted work is ended as `interrupted` and announced; work that never started starts now; owed results go on. */
export async function recoverRuns(deps: RecoveryDeps): Promise<RecoveryReport> {
  const { registry, database, clock } = deps;
  const owed = registry.owed();
  let restarted = 0;
  let interrupted = 0;
  for (const run of registry.active()) {
    const requester = run.state.status === 'queued' ? await deps.sessions.get(run.requester) : undefined;
    if (requester !== undefined) {
      await deps.restart(run, requester);
      restarted += 1;
      continue;
    }
    const outcome = {
      kind: 'error',
      code: 'interrupted',
      message: 'a restart cut it off; check what it may have done in part before repeating it',
    } as const;
    const ended = await database.write((sql) => endRun(sql, registry, run.id, { outcome, now: clock.now() }));
    if (ended === undefined) continue;
    interrupted += 1;
    deps.announce(ended);
  }
  for (const run of owed) deps.announce(run);
  const report = { restarted, interrupted, owed: owed.length };
  if (restarted + interrupted + owed.length > 0) deps.log.info(report, 'took up what the last process left');
  return report;
}
