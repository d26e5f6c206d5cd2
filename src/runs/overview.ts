// Runs of all chats that somebody who looks at the whole process wants to see. SQL and nothing else; used by src/web/work.ts.
import { type Run, runSchema } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { Sql } from '../infra/database.ts';
import { allReadable } from '../infra/set-aside.ts';

export interface OverviewRun {
  readonly run: Run;
  /** Session at the top of its tree. */
  readonly scope: SessionKey;
}

// Conditions and index names as in registry.ts, for the same reason: of everything that ever ran little is of interest.
const shown = `
  SELECT seq FROM runs INDEXED BY runs_active WHERE status IN ('queued', 'running', 'waiting')
  UNION SELECT seq FROM runs INDEXED BY runs_owed WHERE delivery IN ('pending', 'handed', 'sending') AND archived_at IS NULL
  UNION SELECT seq FROM runs INDEXED BY runs_undelivered
    WHERE delivery IN ('undelivered', 'ambiguous') AND archived_at IS NULL
  UNION SELECT seq FROM runs INDEXED BY runs_ended WHERE ended_at > ?`;

/**
 * Active, ended after `since` (Unix ms), or ended and not delivered; the `limit` newest of them, in order of acceptance.
 */
export function shownRuns(sql: Sql, since: number, limit: number): readonly OverviewRun[] {
  const text = `SELECT scope, id, data FROM runs WHERE seq IN (${shown}) ORDER BY seq DESC LIMIT ?`;
  return allReadable(sql, 'runs', sql.all(text, since, limit), ({ scope, data }) => ({
    run: runSchema.parse(JSON.parse(String(data))),
    scope: String(scope),
  })).reverse();
}
