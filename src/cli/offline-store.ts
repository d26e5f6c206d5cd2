// The stored runs, read while no process runs. Opened by main.ts for the task verbs; never changes anything.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type Run, runSchema } from '../core/run.ts';
import { statePaths } from '../infra/state-paths.ts';
import type { OfflineStore } from './engine-port.ts';
import { findRun, flowViews, runFindings } from './run-views.ts';

/**
 * Opens the store of a state folder; undefined when there is none yet.
 * @param now unix time in milliseconds, for what counts as stale
 */
export async function openOfflineStore(home: string, now: () => number): Promise<OfflineStore | undefined> {
  const { database } = statePaths(home);
  if (!existsSync(database)) return undefined;
  const db = new DatabaseSync(database, { readOnly: true });
  return {
    runs: async ({ status }) => readRuns(db).filter((run) => status === undefined || run.state.status === status),
    run: async (id) => findRun(readRuns(db), id),
    flows: async () => flowViews(readRuns(db)),
    maintenance: async () => runFindings(readRuns(db), now()),
    close: async () => db.close(),
  };
}

function readRuns(db: DatabaseSync): readonly Run[] {
  const known = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'runs'").get();
  if (known === undefined) return [];
  return db
    .prepare('SELECT data FROM runs ORDER BY seq DESC')
    .all()
    .flatMap((row) => {
      const parsed = runSchema.safeParse(parseJson(row.data));
      return parsed.success ? [parsed.data] : [];
    });
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
