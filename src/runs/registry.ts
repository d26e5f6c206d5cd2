// The runs table: one row per run, the whole record as checked JSON, and the queries everybody asks. Used by src/runs.
import { isTerminal, type Run, type RunDelivery, runSchema } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { Database, Row, Sql } from '../infra/database.ts';

export interface RunRow {
  /** Order of acceptance. */
  readonly seq: number;
  readonly run: Run;
}

/** Delivery states in which the completion is still somebody's duty. */
export function isOwed(delivery: RunDelivery): boolean {
  return delivery.state === 'pending' || delivery.state === 'handed' || delivery.state === 'sending';
}

const activeStatuses = `('queued', 'running', 'waiting')`;
/** Every run below a session, however deep: children hang on their requester's session key. */
const below = `
  WITH RECURSIVE tree(child) AS (
    SELECT child FROM runs WHERE requester = ?
    UNION SELECT r.child FROM runs r JOIN tree t ON r.requester = t.child
  )`;

export class RunRegistry {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(id: string, sql: Sql = this.#database.read): Run | undefined {
    return parse(sql.get('SELECT data FROM runs WHERE id = ?', id));
  }

  /** The run this call already started, if it did: the same requester turn and tool-call id are the same run. */
  bySpawnKey(key: string, sql: Sql = this.#database.read): Run | undefined {
    return parse(sql.get('SELECT data FROM runs WHERE spawn_key = ?', key));
  }

  /** The run whose task session this is. */
  byChild(child: SessionKey, sql: Sql = this.#database.read): Run | undefined {
    return parse(sql.get('SELECT data FROM runs WHERE child = ? ORDER BY seq DESC LIMIT 1', child));
  }

  insert(sql: Sql, spawnKey: string, run: Run): void {
    sql.run(
      `INSERT INTO runs (id, spawn_key, tree, turn, requester, child, parent, status, delivery, accepted_at, data)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      run.id,
      spawnKey,
      run.tree,
      run.requesterTurn,
      run.requester,
      run.child,
      run.parent ?? null,
      run.state.status,
      run.delivery.state,
      run.acceptedAt,
      JSON.stringify(run),
    );
  }

  /**
   * Changes one run inside a transaction; undefined when it is unknown. A terminal status never changes: such a change
   * is a bug of the caller and throws.
   */
  change(sql: Sql, id: string, change: (run: Run) => Run): Run | undefined {
    const before = this.get(id, sql);
    if (before === undefined) return undefined;
    const after = change(before);
    if (after === before) return before;
    if (isTerminal(before.state.status) && after.state.status !== before.state.status) {
      throw new Error(`run ${id} is ${before.state.status} and cannot become ${after.state.status}`);
    }
    sql.run(
      'UPDATE runs SET status = ?, delivery = ?, ended_at = ?, archive_at = ?, archived_at = ?, data = ? WHERE id = ?',
      after.state.status,
      after.delivery.state,
      'endedAt' in after.state ? after.state.endedAt : null,
      after.archiveAt ?? null,
      after.archivedAt ?? null,
      JSON.stringify(after),
      id,
    );
    return after;
  }

  /** `change` in a transaction of its own. */
  update(id: string, change: (run: Run) => Run): Promise<Run | undefined> {
    return this.#database.write((sql) => this.change(sql, id, change));
  }

  children(requester: SessionKey, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(sql.all('SELECT data FROM runs WHERE requester = ? ORDER BY seq', requester));
  }

  /** Runs accepted in one turn of a requester. */
  startedIn(turn: string): number {
    return Number(this.#database.read.get('SELECT count(*) AS n FROM runs WHERE turn = ?', turn)?.n ?? 0);
  }

  /** Direct children of a session that have not ended. */
  activeChildren(requester: SessionKey, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(
      sql.all(`SELECT data FROM runs WHERE requester = ? AND status IN ${activeStatuses} ORDER BY seq`, requester),
    );
  }

  /** Direct children whose end the session has not taken in yet: active ones and owed completions. */
  openChildren(requester: SessionKey, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(
      sql.all(
        `SELECT data FROM runs WHERE requester = ?
         AND (status IN ${activeStatuses} OR delivery IN ('pending', 'handed')) ORDER BY seq`,
        requester,
      ),
    );
  }

  /** Active runs anywhere below a session, in order of acceptance. */
  activeBelow(session: SessionKey): readonly Run[] {
    return parseAll(
      this.#database.read.all(
        `${below} SELECT data FROM runs WHERE child IN (SELECT child FROM tree) AND status IN ${activeStatuses} ORDER BY seq`,
        session,
      ),
    );
  }

  /** Ended runs below a session whose result nobody has taken or sent yet. */
  owedBelow(session: SessionKey): readonly Run[] {
    return parseAll(
      this.#database.read.all(
        `${below} SELECT data FROM runs WHERE child IN (SELECT child FROM tree)
         AND ended_at IS NOT NULL AND delivery IN ('pending', 'handed') ORDER BY seq`,
        session,
      ),
    );
  }

  /** Runs below a session that a list shows: active, ended after `since`, or not delivered and not archived yet. */
  shownBelow(session: SessionKey, since: number): readonly RunRow[] {
    return rows(
      this.#database.read.all(
        `${below} SELECT seq, data FROM runs WHERE child IN (SELECT child FROM tree)
         AND (status IN ${activeStatuses} OR ended_at > ? OR archived_at IS NULL
              AND delivery IN ('pending', 'handed', 'sending', 'undelivered', 'ambiguous'))
         ORDER BY seq`,
        session,
        since,
      ),
    );
  }

  newestBelow(session: SessionKey, count: number): readonly Run[] {
    return parseAll(
      this.#database.read.all(
        `${below} SELECT data FROM runs WHERE child IN (SELECT child FROM tree) ORDER BY seq DESC LIMIT ?`,
        session,
        count,
      ),
    );
  }

  /** Labels in use below a session, lower case, so that a new run gets one of its own. */
  labelsIn(session: SessionKey, sql: Sql = this.#database.read): ReadonlySet<string> {
    const found = sql.all(
      `${below} SELECT lower(json_extract(data, '$.label')) AS label FROM runs
       WHERE child IN (SELECT child FROM tree) AND archived_at IS NULL`,
      session,
    );
    return new Set(found.map((row) => String(row.label)));
  }

  newest(count: number, status?: string): readonly Run[] {
    if (status === undefined)
      return parseAll(this.#database.read.all('SELECT data FROM runs ORDER BY seq DESC LIMIT ?', count));
    return parseAll(
      this.#database.read.all('SELECT data FROM runs WHERE status = ? ORDER BY seq DESC LIMIT ?', status, count),
    );
  }

  byIdPrefix(prefix: string): readonly Run[] {
    return parseAll(
      this.#database.read.all('SELECT data FROM runs WHERE id >= ? AND id < ? LIMIT 10', prefix, `${prefix}\u{10FFFF}`),
    );
  }

  active(): readonly Run[] {
    return parseAll(this.#database.read.all(`SELECT data FROM runs WHERE status IN ${activeStatuses} ORDER BY seq`));
  }

  /** Ended runs whose completion is still owed, oldest first. */
  owed(): readonly Run[] {
    return parseAll(
      this.#database.read.all(
        `SELECT data FROM runs WHERE delivery IN ('pending', 'handed', 'sending') AND ended_at IS NOT NULL ORDER BY seq`,
      ),
    );
  }

  /** Results of the last week that did not, or perhaps did not, arrive. */
  undeliveredBelow(session: SessionKey): number {
    const row = this.#database.read.get(
      `${below} SELECT count(*) AS n FROM runs WHERE child IN (SELECT child FROM tree)
       AND archived_at IS NULL AND delivery IN ('undelivered', 'ambiguous')`,
      session,
    );
    return Number(row?.n ?? 0);
  }

  inTree(tree: string, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(sql.all('SELECT data FROM runs WHERE tree = ? ORDER BY seq', tree));
  }

  dueForArchive(now: number): readonly Run[] {
    return parseAll(
      this.#database.read.all(
        'SELECT data FROM runs WHERE archive_at IS NOT NULL AND archived_at IS NULL AND archive_at <= ? ORDER BY archive_at',
        now,
      ),
    );
  }
}

function parse(row: Row | undefined): Run | undefined {
  return row === undefined ? undefined : runSchema.parse(JSON.parse(String(row.data)));
}

function parseAll(all: readonly Row[]): readonly Run[] {
  return all.map((row) => runSchema.parse(JSON.parse(String(row.data))));
}

function rows(all: readonly Row[]): readonly RunRow[] {
  return all.map((row) => ({ seq: Number(row.seq), run: runSchema.parse(JSON.parse(String(row.data))) }));
}
