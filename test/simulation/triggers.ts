// What must not happen in the tables even between two looks at them: SQLite itself notes it down. Used by store.ts; read by
// the invariants through evidence.ts.
import type { DatabaseSync } from 'node:sqlite';

const terminal = "('succeeded', 'failed', 'timed_out', 'stopped', 'lost')";

/** Sets up table `temp.watched` on a connection: what was seen, in words. */
export function watchTables(db: DatabaseSync): void {
  db.exec(`
    CREATE TEMP TABLE watched (what TEXT NOT NULL, detail TEXT NOT NULL);
    CREATE TEMP TRIGGER watch_status AFTER UPDATE ON main.runs
      WHEN old.status IN ${terminal} AND new.status <> old.status
      BEGIN INSERT INTO watched VALUES ('terminal status changed', old.id || ': ' || old.status || ' -> ' || new.status); END;
    CREATE TEMP TRIGGER watch_inbox AFTER UPDATE ON main.inbox
      WHEN old.state <> 'accepted' AND new.state <> old.state
      BEGIN INSERT INTO watched VALUES ('closed message changed', old.ticket || ': ' || old.state || ' -> ' || new.state); END;
    CREATE TEMP TRIGGER watch_outbox AFTER UPDATE ON main.outbox
      WHEN old.state IN ('delivered', 'skipped') AND new.state <> old.state
      BEGIN INSERT INTO watched VALUES ('sent message changed', old.key || ': ' || old.state || ' -> ' || new.state); END;
  `);
}

export interface Watched {
  readonly what: string;
  readonly detail: string;
}

export function watchedBy(db: DatabaseSync): readonly Watched[] {
  const rows = db.prepare('SELECT what, detail FROM temp.watched').all();
  return rows.map(({ what, detail }) => ({ what: String(what), detail: String(detail) }));
}
