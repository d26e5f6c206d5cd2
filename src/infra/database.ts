// The one SQLite file: opening, migrations, and transactions that are committed in groups. Every room with tables uses it.
import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { migrations } from './migrations.ts';
import type { Unreadable } from './set-aside.ts';

export type SqlValue = SQLInputValue;
export type Row = Record<string, unknown>;

/** Statements inside a transaction, or reads outside of one. Prepared once per text. */
export interface Sql {
  run(text: string, ...values: SqlValue[]): { readonly changes: number; readonly lastId: number };
  get(text: string, ...values: SqlValue[]): Row | undefined;
  all(text: string, ...values: SqlValue[]): Row[];
  /**
   * Tells of a row that cannot be read. Resolves when it is set aside, outside of any transaction.
   * Throws `error` where nobody listens: nothing is skipped without a word.
   */
  unreadable(found: Unreadable, error: unknown): Promise<void>;
}

/** Sets a row aside; never rejects. */
export type OnUnreadable = (found: Unreadable) => Promise<void>;

export interface Database {
  /** Reads the committed state. */
  readonly read: Sql;
  /**
   * Runs `work` in a transaction and resolves with its result once that is on disk. Work submitted in the same turn of
   * the event loop shares one commit (one fsync); each piece still succeeds or fails alone. `work` must not wait.
   */
  write<T>(work: (sql: Sql) => T): Promise<T>;
  /** From now on `listener` is told of rows that cannot be read. */
  onUnreadable(listener: OnUnreadable): void;
  /** Commits what is queued, then closes. Writes after that are refused. */
  close(): Promise<void>;
}

interface Job {
  run(): void;
  commit(): void;
  fail(error: unknown): void;
}

/** Another process has the file locked: so long we wait for it. */
const lockedMs = 5_000;

/** What is used of a connection to SQLite. */
export type Connection = Pick<DatabaseSync, 'exec' | 'prepare' | 'close' | 'isTransaction'>;

/** Opens (creating if needed, mode 0600) the database at `path`; `:memory:` for tests that need no disk. */
export function openDatabase(path: string): Database {
  return databaseOn(openConnection(path), setImmediate);
}

/** The connection behind a database, its schema up to date. */
export function openConnection(path: string): DatabaseSync {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // Before the first statement: whoever looks into the file while we start must not keep us from it.
  const db = new DatabaseSync(path, { timeout: lockedMs });
  if (path !== ':memory:') chmodSync(path, 0o600);
  db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;');
  migrate(db);
  return db;
}

/**
 * A database on an open connection, which it closes.
 * @param later calls its argument once, after what runs now: by then everything that shares the commit is submitted
 */
export function databaseOn(db: Connection, later: (commit: () => void) => void): Database {
  let listener: OnUnreadable | undefined;
  const unreadable: Sql['unreadable'] = (found, error) => {
    if (listener === undefined) throw error;
    return listener(found);
  };
  const sql = { ...statements(db), unreadable };
  let queue: Job[] = [];
  let scheduled = false;
  let closed = false;

  function flush(): void {
    scheduled = false;
    const jobs = queue;
    queue = [];
    if (jobs.length === 0) return;
    const settled: (() => void)[] = [];
    try {
      db.exec('BEGIN IMMEDIATE');
      for (const job of jobs) settled.push(attempt(job));
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      for (const job of jobs) job.fail(error);
      return;
    }
    for (const settle of settled) settle();
  }

  function attempt(job: Job): () => void {
    db.exec('SAVEPOINT job');
    try {
      job.run();
      db.exec('RELEASE job');
      return () => job.commit();
    } catch (error) {
      db.exec('ROLLBACK TO job');
      db.exec('RELEASE job');
      return () => job.fail(error);
    }
  }

  return {
    read: sql,
    write<T>(work: (sql: Sql) => T): Promise<T> {
      if (closed) return Promise.reject(new Error('the database is closed'));
      return new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        queue.push({
          run: () => {
            result = { value: work(sql) };
          },
          commit: () => (result === undefined ? reject(new Error('transaction did not run')) : resolve(result.value)),
          fail: reject,
        });
        if (scheduled) return;
        scheduled = true;
        later(flush);
      });
    },
    onUnreadable(told) {
      listener = told;
    },
    async close(): Promise<void> {
      if (closed) return;
      closed = true;
      flush();
      db.close();
    },
  };
}

function statements(db: Connection): Omit<Sql, 'unreadable'> {
  const prepared = new Map<string, StatementSync>();
  const prepare = (text: string): StatementSync => {
    const known = prepared.get(text);
    if (known !== undefined) return known;
    const statement = db.prepare(text);
    prepared.set(text, statement);
    return statement;
  };
  return {
    run: (text, ...values) => {
      const done = prepare(text).run(...values);
      return { changes: Number(done.changes), lastId: Number(done.lastInsertRowid) };
    },
    get: (text, ...values) => prepare(text).get(...values),
    all: (text, ...values) => prepare(text).all(...values),
  };
}

function migrate(db: DatabaseSync): void {
  const row: Row | undefined = db.prepare('PRAGMA user_version').get();
  const have = Number(row?.user_version ?? 0);
  if (have > migrations.length) {
    throw new Error(
      `the database was written by a newer version (schema ${have}, this version knows ${migrations.length})`,
    );
  }
  for (const [index, text] of migrations.entries()) {
    if (index < have) continue;
    db.exec(`BEGIN; ${text}; PRAGMA user_version = ${index + 1}; COMMIT;`);
  }
}
