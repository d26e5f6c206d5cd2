// Stored records that cannot be read: each is moved out of its table into `set_aside`, whole and with the reason, so that all
// else goes on. Rooms read rows through `readable`; opened by src/wiring/stores.ts, which hears of them from database.ts.
import { ZodError } from 'zod';
import type { Clock } from './clock.ts';
import type { Database, Row, Sql } from './database.ts';
import type { Log } from './log.ts';

/** Tables whose rows hold what has to be parsed, and the column that names a row. */
const keyColumns = {
  inbox: 'ticket',
  runs: 'id',
  open_turns: 'session',
  sleeps: 'session',
  outbox: 'id',
  approvals: 'id',
  trees: 'id',
  brief_sends: 'rowid',
  keyv: 'key',
} as const;
export type SourceTable = keyof typeof keyColumns;

/** A row as it was read. */
export interface Unreadable {
  readonly table: SourceTable;
  readonly row: Row;
  /** Says nothing of what the row holds. */
  readonly cause: string;
}

/**
 * What `parse` makes of a row, or undefined where it cannot be read: then it is set aside, and counts as missing from now on.
 * @param row with the column that names it, and those `parse` looks at
 */
export function readable<T>(sql: Sql, table: SourceTable, row: Row, parse: (row: Row) => T): T | undefined {
  try {
    return parse(row);
  } catch (error) {
    const cause = causeOf(error);
    if (cause === undefined) throw error;
    void sql.unreadable({ table, row, cause }, error);
    return undefined;
  }
}

/** `readable` for many: those that cannot be read are left out. */
export function allReadable<T>(sql: Sql, table: SourceTable, rows: readonly Row[], parse: (row: Row) => T): T[] {
  return rows.flatMap((row) => {
    const value = readable(sql, table, row, parse);
    return value === undefined ? [] : [value];
  });
}

/** Undefined: it is no fault of the row. The parsers' own words quote what they read. */
export function causeOf(error: unknown): string | undefined {
  if (error instanceof SyntaxError) return 'it is no JSON';
  if (!(error instanceof ZodError)) return undefined;
  const [first] = error.issues;
  const path = (first?.path ?? []).map((part) => (/^\w{1,30}$/.test(String(part)) ? String(part) : '…')).join('.');
  return `it has another shape than expected (${path === '' ? 'as a whole' : path}: ${first?.code ?? 'unknown'})`;
}

/** What was set aside, without what it holds. */
export interface SetAsideRecord {
  /** Counts them; never used twice. */
  readonly seq: number;
  /** `<table> <key>`, e.g. `runs 5f2c…`. */
  readonly name: string;
  readonly reason: string;
  /** Unix ms. */
  readonly at: number;
  /** The owner was told. */
  readonly told: boolean;
}

/** What else changes when a row is set aside. */
export interface FollowUp {
  /** Inside the transaction that moves it. */
  readonly within?: (sql: Sql) => void;
  /** Once that is on disk. */
  readonly after?: () => Promise<unknown>;
}

export type DecideFollowUp = (table: SourceTable, row: Row) => Promise<FollowUp>;

export interface SetAsideParts {
  readonly database: Database;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'error'>;
}

export class SetAside {
  readonly #parts: SetAsideParts;
  /** By name. One that could not be set aside stays, so that it is tried and told once in the life of a process. */
  readonly #taking = new Map<string, Promise<void>>();
  #busy = 0;
  #decide: DecideFollowUp = async () => ({});

  constructor(parts: SetAsideParts) {
    this.#parts = parts;
    parts.database.onUnreadable((found) => this.#take(found));
  }

  /** From now on `decide` is asked what follows. */
  follow(decide: DecideFollowUp): void {
    this.#decide = decide;
  }

  /** Resolves when whatever was found so far is set aside, with all that follows. */
  async settled(): Promise<void> {
    while (this.#busy > 0) await Promise.all(this.#taking.values());
  }

  #take(found: Unreadable): Promise<void> {
    const name = nameOf(found.table, found.row);
    const known = this.#taking.get(name);
    if (known !== undefined) return known;
    this.#busy += 1;
    const work = this.#move(found, name)
      .then(() => void this.#taking.delete(name))
      .catch((err: unknown) => {
        this.#parts.log.error({ err, ...logged(found), code: 'not_set_aside' }, 'a stored record cannot be read');
      })
      .finally(() => {
        this.#busy -= 1;
      });
    this.#taking.set(name, work);
    return work;
  }

  async #move(found: Unreadable, name: string): Promise<void> {
    const { database, clock, log } = this.#parts;
    const { table, cause } = found;
    const row = current(database.read, found);
    if (row === undefined) return;
    const { within, after } = await this.#followUp(table, row);
    const moved = await database.write((sql) => {
      if (current(sql, { table, row, cause }) === undefined) return false;
      const text = 'INSERT INTO set_aside (name, reason, record, at) VALUES (?, ?, ?, ?)';
      sql.run(text, name, cause, JSON.stringify(row), clock.now());
      sql.run(`DELETE FROM ${table} WHERE ${keyColumns[table]} = ?`, keyOf(table, row));
      within?.(sql);
      return true;
    });
    if (!moved) return;
    log.error({ ...logged(found), code: 'set_aside' }, 'a stored record cannot be read; it was set aside');
    await after?.().catch((err: unknown) =>
      log.error({ err, ...logged(found), code: 'set_aside' }, 'not all that follows was done'),
    );
  }

  /** Not to know what follows is no reason to stumble over the row for ever. */
  async #followUp(table: SourceTable, row: Row): Promise<FollowUp> {
    try {
      return await this.#decide(table, row);
    } catch (err) {
      this.#parts.log.error({ err, table, code: 'set_aside' }, 'what follows from a record set aside is not known');
      return {};
    }
  }
}

/** Oldest first. */
export function recordsSetAside(sql: Sql): readonly SetAsideRecord[] {
  return sql.all('SELECT seq, name, reason, at, told FROM set_aside ORDER BY seq').map(parse);
}

/** Those the owner has not been told of yet, oldest first. */
export function untoldRecords(sql: Sql): readonly SetAsideRecord[] {
  return sql.all('SELECT seq, name, reason, at, told FROM set_aside WHERE told = 0 ORDER BY seq').map(parse);
}

function parse(row: Row): SetAsideRecord {
  const { seq, name, reason, at, told } = row;
  return { seq: Number(seq), name: String(name), reason: String(reason), at: Number(at), told: Number(told) === 1 };
}

/** The owner has been told of all up to this one. */
export function toldUpTo(sql: Sql, seq: number): void {
  sql.run('UPDATE set_aside SET told = 1 WHERE seq <= ?', seq);
}

/** Removes one for good. False: there is none. */
export function forgetSetAside(sql: Sql, seq: number): boolean {
  return sql.run('DELETE FROM set_aside WHERE seq = ?', seq).changes > 0;
}

export function wasSetAside(sql: Sql, table: SourceTable, key: string): boolean {
  return sql.get('SELECT 1 FROM set_aside WHERE name = ? LIMIT 1', `${table} ${key}`) !== undefined;
}

export function nameOf(table: SourceTable, row: Row): string {
  return `${table} ${keyOf(table, row)}`;
}

function keyOf(table: SourceTable, row: Row): string | number {
  const key = row[keyColumns[table]];
  return typeof key === 'number' ? key : String(key);
}

function logged({ table, row, cause }: Unreadable) {
  return { table, id: keyOf(table, row), cause };
}

/** The whole row, if it still is what could not be read. */
function current(sql: Sql, { table, row }: Unreadable): Row | undefined {
  const column = keyColumns[table];
  const now = sql.get(`SELECT ${column}, * FROM ${table} WHERE ${column} = ?`, keyOf(table, row));
  if (now === undefined) return undefined;
  // A damaged column may come back as bytes, anew at each read.
  const same = Object.entries(row).every(([name, value]) => !(name in now) || String(now[name]) === String(value));
  return same ? now : undefined;
}
