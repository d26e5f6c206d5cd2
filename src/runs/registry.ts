// The runs table: one row per run, the whole record as checked JSON, and the queries everybody asks.
// Used by src/runs and the wiring.
import { isTerminal, type Run, runSchema } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { Database, Row, Sql, SqlValue } from '../infra/database.ts';
import { memo } from '../infra/memo.ts';
import { allReadable, readable } from '../infra/set-aside.ts';

export interface RunRow {
  /** Order of acceptance. */
  readonly seq: number;
  readonly run: Run;
}

// Of everything that ever ran little is active or owed: INDEXED BY keeps the queries on the small indexes that hold just that,
// however long the history is. The texts are those of the indexes in migrations.ts, or these would not apply.
const active = `status IN ('queued', 'running', 'waiting')`;
const owed = `delivery IN ('pending', 'handed', 'sending')`;
const undelivered = `delivery IN ('undelivered', 'ambiguous') AND archived_at IS NULL`;

/** Below a session at the top. The plus keeps the planner from reading all that ever ran there. */
const inScope = '+scope = ?';
/** Below the session of a run: children hang on their requester's session key. */
const inSubtree = `child IN (
  WITH RECURSIVE tree(child) AS (
    SELECT child FROM runs WHERE requester = ?
    UNION SELECT r.child FROM runs r JOIN tree t ON r.requester = t.child
  ) SELECT child FROM tree)`;

export class RunRegistry {
  readonly #database: Database;
  readonly #watchers: (() => void)[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  /** Calls `changed` whenever a run is added or changed, inside that transaction: not yet to be read, and never to throw. */
  watch(changed: () => void): void {
    this.#watchers.push(changed);
  }

  get(id: string, sql: Sql = this.#database.read): Run | undefined {
    return parse(sql, sql.get('SELECT id, data FROM runs WHERE id = ?', id));
  }

  /** The run this call already started, if it did: the same requester turn and tool-call id are the same run. */
  bySpawnKey(key: string, sql: Sql = this.#database.read): Run | undefined {
    return parse(sql, sql.get('SELECT id, data FROM runs WHERE spawn_key = ?', key));
  }

  /** The run whose task session this is. */
  byChild(child: SessionKey, sql: Sql = this.#database.read): Run | undefined {
    return parse(sql, sql.get('SELECT id, data FROM runs WHERE child = ? ORDER BY seq DESC LIMIT 1', child));
  }

  /** Session at the top of the tree of the run with this task session. */
  scopeOf(child: SessionKey, sql: Sql = this.#database.read): SessionKey | undefined {
    const row = sql.get('SELECT scope FROM runs WHERE child = ? LIMIT 1', child);
    return row === undefined ? undefined : String(row.scope);
  }

  /** What a session asked for was asked by another one. Returns the sessions of all runs below. */
  readdress(sql: Sql, from: SessionKey, to: SessionKey): readonly SessionKey[] {
    const below = sql.all('SELECT child FROM runs WHERE scope = ? OR requester = ?', from, from);
    const told = "UPDATE runs SET data = json_set(data, '$.requester', ?) WHERE requester = ? AND json_valid(data)";
    sql.run(told, to, from);
    sql.run('UPDATE runs SET requester = ? WHERE requester = ?', to, from);
    for (const table of ['runs', 'sent_messages']) sql.run(`UPDATE ${table} SET scope = ? WHERE scope = ?`, to, from);
    sql.run('UPDATE trees SET session = ? WHERE session = ?', to, from);
    this.#changed();
    return below.map((row) => String(row.child));
  }

  insert(sql: Sql, spawnKey: string, run: Run): void {
    sql.run(
      `INSERT INTO runs
         (id, spawn_key, tree, turn, requester, scope, child, parent, label, status, delivery, accepted_at, data)
       VALUES (?, ?, ?, ?, ?, coalesce((SELECT scope FROM runs WHERE child = ? LIMIT 1), ?), ?, ?, ?, ?, ?, ?, ?)`,
      run.id,
      spawnKey,
      run.tree,
      run.requesterTurn,
      run.requester,
      run.requester,
      run.requester,
      run.child,
      run.parent ?? null,
      run.label.toLowerCase(),
      run.state.status,
      run.delivery.state,
      run.acceptedAt,
      JSON.stringify(run),
    );
    this.#changed();
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
    this.#changed();
    return after;
  }

  /** `change` in a transaction of its own. */
  update(id: string, change: (run: Run) => Run): Promise<Run | undefined> {
    return this.#database.write((sql) => this.change(sql, id, change));
  }

  children(requester: SessionKey, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(sql, sql.all('SELECT id, data FROM runs WHERE requester = ? ORDER BY seq', requester));
  }

  /** Runs accepted in these turns of a requester. */
  startedIn(turns: readonly string[]): number {
    const these = turns.map(() => '?').join(', ');
    const sql = `SELECT count(*) AS n FROM runs WHERE turn IN (${these})`;
    return Number(this.#database.read.get(sql, ...turns)?.n ?? 0);
  }

  /** Direct children of a session that have not ended. */
  activeChildren(requester: SessionKey, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(
      sql,
      sql.all(
        `SELECT id, data FROM runs INDEXED BY runs_active WHERE requester = ? AND ${active} ORDER BY seq`,
        requester,
      ),
    );
  }

  /** Direct children whose end the session has not taken in yet: active ones and owed completions. */
  openChildren(requester: SessionKey, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(
      sql,
      sql.all(
        `SELECT id, data FROM runs WHERE seq IN (
           SELECT seq FROM runs INDEXED BY runs_active WHERE requester = ? AND ${active}
           UNION ALL SELECT seq FROM runs INDEXED BY runs_owed WHERE requester = ? AND ${owed} AND delivery <> 'sending'
         ) ORDER BY seq`,
        requester,
        requester,
      ),
    );
  }

  /** Active runs anywhere below a session, in order of acceptance. */
  activeBelow(session: SessionKey): readonly Run[] {
    return this.#list(
      `SELECT id, data FROM runs INDEXED BY runs_active WHERE ${active} AND ${this.#below(session)} ORDER BY seq`,
      session,
    );
  }

  /** Ended runs below a session whose result nobody has taken or sent yet. */
  owedBelow(session: SessionKey): readonly Run[] {
    return this.#list(
      `SELECT id, data FROM runs INDEXED BY runs_owed WHERE ${owed} AND delivery <> 'sending' AND ended_at IS NOT NULL
         AND ${this.#below(session)} ORDER BY seq`,
      session,
    );
  }

  /** Runs below a session that a list shows: active, ended after `since`, or not delivered and not archived yet. */
  shownBelow(session: SessionKey, since: number): readonly RunRow[] {
    return rows(
      this.#database.read,
      this.#database.read.all(
        `SELECT seq, id, data FROM runs WHERE seq IN (
           SELECT seq FROM runs INDEXED BY runs_active WHERE ${active}
           UNION ALL SELECT seq FROM runs INDEXED BY runs_owed WHERE ${owed} AND archived_at IS NULL
           UNION ALL SELECT seq FROM runs INDEXED BY runs_undelivered WHERE ${undelivered}
           UNION ALL SELECT seq FROM runs INDEXED BY runs_ended WHERE ended_at > ?
         ) AND ${this.#below(session)} ORDER BY seq`,
        since,
        session,
      ),
    );
  }

  newestBelow(session: SessionKey, count: number): readonly Run[] {
    const below = this.#isChild(session) ? inSubtree : 'scope = ?';
    return this.#list(`SELECT id, data FROM runs WHERE ${below} ORDER BY seq DESC LIMIT ?`, session, count);
  }

  /** Labels in use below a top session that begin with `prefix`, in lower case, so that a new run gets one of its own. */
  labelsLike(scope: SessionKey, prefix: string, sql: Sql = this.#database.read): ReadonlySet<string> {
    const from = prefix.toLowerCase();
    const found = sql.all(
      'SELECT label FROM runs INDEXED BY runs_label WHERE scope = ? AND label >= ? AND label < ? AND archived_at IS NULL',
      scope,
      from,
      `${from}\u{10FFFF}`,
    );
    return new Set(found.map((row) => String(row.label)));
  }

  newest(count: number, status?: string): readonly Run[] {
    if (status === undefined) return this.#list('SELECT id, data FROM runs ORDER BY seq DESC LIMIT ?', count);
    return this.#list('SELECT id, data FROM runs WHERE status = ? ORDER BY seq DESC LIMIT ?', status, count);
  }

  byIdPrefix(prefix: string): readonly Run[] {
    return this.#list('SELECT id, data FROM runs WHERE id >= ? AND id < ? LIMIT 10', prefix, `${prefix}\u{10FFFF}`);
  }

  active(): readonly Run[] {
    return this.#list(`SELECT id, data FROM runs INDEXED BY runs_active WHERE ${active} ORDER BY seq`);
  }

  /** Ended runs whose completion is still owed, oldest first. */
  owed(): readonly Run[] {
    return this.#list(
      `SELECT id, data FROM runs INDEXED BY runs_owed WHERE ${owed} AND ended_at IS NOT NULL ORDER BY seq`,
    );
  }

  /** Results of the last week that did not, or perhaps did not, arrive. */
  undeliveredBelow(session: SessionKey): number {
    const row = this.#database.read.get(
      `SELECT count(*) AS n FROM runs INDEXED BY runs_undelivered WHERE ${undelivered} AND ${this.#below(session)}`,
      session,
    );
    return Number(row?.n ?? 0);
  }

  inTree(tree: string, sql: Sql = this.#database.read): readonly Run[] {
    return parseAll(sql, sql.all('SELECT id, data FROM runs WHERE tree = ? ORDER BY seq', tree));
  }

  dueForArchive(now: number): readonly Run[] {
    return this.#list(
      'SELECT id, data FROM runs WHERE archive_at IS NOT NULL AND archived_at IS NULL AND archive_at <= ? ORDER BY archive_at',
      now,
    );
  }

  #list(text: string, ...values: readonly SqlValue[]): readonly Run[] {
    return parseAll(this.#database.read, this.#database.read.all(text, ...values));
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }

  /** The condition on runs below a session, with one parameter: its key. */
  #below(session: SessionKey): string {
    return this.#isChild(session) ? inSubtree : inScope;
  }

  #isChild(session: SessionKey): boolean {
    return this.#database.read.get('SELECT 1 FROM runs WHERE child = ? LIMIT 1', session) !== undefined;
  }
}

/** Runs at work are read at every step of theirs. */
const remembered = 200;
const parsed = memo((text): Run => runSchema.parse(JSON.parse(text)), remembered);
const toRun = (row: Row): Run => parsed(String(row.data));

function parse(sql: Sql, row: Row | undefined): Run | undefined {
  return row === undefined ? undefined : readable(sql, 'runs', row, toRun);
}

function parseAll(sql: Sql, all: readonly Row[]): readonly Run[] {
  return allReadable(sql, 'runs', all, toRun);
}

function rows(sql: Sql, all: readonly Row[]): readonly RunRow[] {
  return allReadable(sql, 'runs', all, (row) => ({ seq: Number(row.seq), run: toRun(row) }));
}
