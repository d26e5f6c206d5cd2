// The outbox table: one row per outgoing message. SQL and nothing else; used by outbox.ts, deliver-row.ts and schedule.ts.
import { z } from 'zod';
import { type OutboundMessage, outboundSchema, type Priority, priorities } from '../core/message.ts';
import { type Route, routeKey, routeSchema } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Row, Sql } from '../infra/database.ts';
import { allReadable, readable } from '../infra/set-aside.ts';
import { accountKey } from './account.ts';

export type EndState = 'delivered' | 'ambiguous' | 'undelivered' | 'skipped';
export type OutboxState = 'pending' | 'sending' | EndState;

export interface OutboxEntry {
  /** Names the message for good: a second one with the same key is not taken. Its chunks are `<key>:<n>`. */
  readonly key: string;
  readonly route: Route;
  readonly message: OutboundMessage;
  readonly priority: Priority;
  /** Runs whose delivery this is. */
  readonly runs?: readonly string[] | undefined;
  /** Session that speaks; its last route is where the message goes when the place is gone. */
  readonly session?: SessionKey | undefined;
}

export interface OutboxRow {
  readonly id: number;
  readonly key: string;
  readonly account: string;
  readonly place: string;
  /** Lower goes first. */
  readonly priority: number;
  readonly state: OutboxState;
  readonly route: Route;
  readonly message: OutboundMessage;
  /** First chunk not delivered yet. */
  readonly chunk: number;
  readonly attempts: number;
  /** Unix time in milliseconds of the next attempt. */
  readonly nextAt: number;
  readonly messageIds: readonly string[];
  readonly reason: string | undefined;
  /** Why it is unknown whether an earlier chunk arrived. */
  readonly doubt: string | undefined;
  /** Route keys of places that refused it. */
  readonly gone: readonly string[];
  readonly runs: readonly string[];
  readonly session: SessionKey | undefined;
  /** Start of the time in which it is retried. */
  readonly since: number;
}

/** What ordering and timing need to know of an open row; the rest stays on disk until it is sent. */
export interface OpenRow {
  readonly id: number;
  readonly account: string;
  readonly place: string;
  readonly route: Route;
  readonly priority: number;
  readonly state: OutboxState;
  readonly chunk: number;
  readonly nextAt: number;
  readonly message: Pick<OutboundMessage, 'answers' | 'placed'>;
}

const texts = z.array(z.string());
const open = "state IN ('pending', 'sending')";

/** Returns the row's number, or undefined when the key is known. */
export function insertRow(
  sql: Sql,
  entry: OutboxEntry,
  at: { readonly now: number; readonly claimed: boolean },
): number | undefined {
  const done = sql.run(
    `INSERT INTO outbox (key, account, place, priority, state, route, message, next_at, runs, session, at, since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING`,
    entry.key,
    accountKey(entry.route),
    routeKey(entry.route),
    priorities[entry.priority],
    at.claimed ? 'sending' : 'pending',
    JSON.stringify(entry.route),
    JSON.stringify(entry.message),
    at.now,
    JSON.stringify(entry.runs ?? []),
    entry.session ?? null,
    at.now,
    at.now,
  );
  return done.changes === 0 ? undefined : done.lastId;
}

/** Open rows after a row number, oldest first. */
export function openRowsAfter(sql: Sql, id: number): OpenRow[] {
  const text = `SELECT id, account, place, route, priority, state, chunk, next_at,
                iif(json_valid(message), message ->> '$.answers', NULL) AS answers,
                iif(json_valid(message), message ->> '$.placed', NULL) AS placed
                FROM outbox WHERE id > ? AND ${open} ORDER BY id`;
  return allReadable(sql, 'outbox', sql.all(text, id), (row) => ({
    id: Number(row.id),
    account: String(row.account),
    place: String(row.place),
    route: routeSchema.parse(JSON.parse(String(row.route))),
    priority: Number(row.priority),
    state: String(row.state) as OutboxState,
    chunk: Number(row.chunk),
    nextAt: Number(row.next_at),
    message: {
      ...(row.answers === null ? {} : { answers: String(row.answers) }),
      ...(Number(row.placed) === 1 ? { placed: true } : {}),
    },
  }));
}

/** All open rows, whole. */
export function readOpenRows(sql: Sql): readonly OutboxRow[] {
  return allReadable(sql, 'outbox', sql.all(`SELECT * FROM outbox WHERE ${open} ORDER BY id`), parseRow);
}

export interface RecentRow {
  readonly route: Route;
  /** Unix time in milliseconds; undefined while it is open. */
  readonly endedAt: number | undefined;
  /** How often something of it was sent, or was perhaps under way. */
  readonly sends: number;
}

/** Rows that ended after `since`, and the open ones that were tried; of each place one may be under way. */
export function recentRows(sql: Sql, since: number): RecentRow[] {
  const text = `SELECT id, route, ended_at AS ended, max(attempts, 1) AS sends FROM outbox WHERE ended_at > ? UNION ALL
                SELECT id, route, NULL, attempts + 1 FROM outbox
                WHERE id IN (SELECT min(id) FROM outbox WHERE ${open} GROUP BY place) UNION ALL
                SELECT id, route, NULL, attempts FROM outbox
                WHERE ${open} AND attempts > 0 AND id NOT IN (SELECT min(id) FROM outbox WHERE ${open} GROUP BY place)`;
  return allReadable(sql, 'outbox', sql.all(text, since), (row) => ({
    route: routeSchema.parse(JSON.parse(String(row.route))),
    endedAt: row.ended === null ? undefined : Number(row.ended),
    sends: Number(row.sends),
  }));
}

/** Whether a new row for this place would be sent at once: nothing waits there, and not much anywhere. */
export function isFree(sql: Sql, place: string, atMost: number): boolean {
  if (sql.get(`SELECT 1 FROM outbox WHERE place = ? AND ${open} LIMIT 1`, place) !== undefined) return false;
  const row = sql.get(`SELECT count(*) AS n FROM (SELECT 1 FROM outbox WHERE ${open} LIMIT ?)`, atMost);
  return Number(row?.n) < atMost;
}

export function readRow(sql: Sql, by: { readonly id: number } | { readonly key: string }): OutboxRow | undefined {
  const row =
    'id' in by
      ? sql.get('SELECT * FROM outbox WHERE id = ?', by.id)
      : sql.get('SELECT * FROM outbox WHERE key = ?', by.key);
  return row === undefined ? undefined : readable(sql, 'outbox', row, parseRow);
}

/** Keys of results given up because this chat (its key) took nothing, oldest first. */
export function keysGivenUp(sql: Sql, chat: string): readonly string[] {
  const text =
    "SELECT id, key, gone FROM outbox WHERE state = 'undelivered' AND runs <> '[]' AND account = ? ORDER BY id";
  const account = chat.split(':').slice(0, 2).join(':');
  const found = allReadable(sql, 'outbox', sql.all(text, account), (row) => ({
    key: String(row.key),
    gone: texts.parse(JSON.parse(String(row.gone))),
  }));
  return found.flatMap(({ key, gone }) => (gone.includes(chat) ? [key] : []));
}

/** The newest message that carries this run's result. */
export function readRowOfRun(sql: Sql, runId: string): OutboxRow | undefined {
  const text = "SELECT * FROM outbox WHERE runs <> '[]' AND runs LIKE ? ORDER BY id DESC LIMIT 1";
  const row = sql.get(text, `%${JSON.stringify(runId).replaceAll(/[%_]/g, '')}%`);
  return row === undefined ? undefined : readable(sql, 'outbox', row, parseRow);
}

export type RowChange = Partial<Omit<OutboxRow, 'id' | 'key' | 'account' | 'place' | 'priority'>>;

/** Writes a changed row. False when it was ended by somebody else meanwhile: then nothing is written. */
export function updateOpen(sql: Sql, row: OutboxRow, change: RowChange): boolean {
  return update(sql, { ...row, ...change }, ` AND ${open}`);
}

/** Ends an open row. False when it had ended already. */
export function endRow(sql: Sql, row: OutboxRow, now: number): boolean {
  if (!update(sql, row, ` AND ${open}`)) return false;
  sql.run('UPDATE outbox SET ended_at = ? WHERE id = ?', now, row.id);
  return true;
}

/** Takes back the mark of a row that was not attempted. */
export function unmarkRow(sql: Sql, id: number): void {
  sql.run("UPDATE outbox SET state = 'pending' WHERE id = ? AND state = 'sending'", id);
}

/** Opens an ended row again, its 30 minutes starting anew. Of one that may have arrived everything is repeated. */
export function reopenRow(sql: Sql, row: OutboxRow, now: number): OutboxRow {
  const again = row.state === 'ambiguous' ? { chunk: 0, messageIds: [] } : {};
  const cleared = { attempts: 0, reason: undefined, doubt: undefined, gone: [] };
  const open: OutboxRow = { ...row, ...again, ...cleared, state: 'pending', nextAt: now, since: now };
  update(sql, open, '');
  sql.run('UPDATE outbox SET ended_at = NULL WHERE id = ?', row.id);
  return open;
}

function update(sql: Sql, row: OutboxRow, condition: string): boolean {
  const done = sql.run(
    `UPDATE outbox SET account = ?, place = ?, state = ?, route = ?, message = ?, chunk = ?, attempts = ?, next_at = ?,
     message_ids = ?, reason = ?, doubt = ?, gone = ?, since = ? WHERE id = ?${condition}`,
    accountKey(row.route),
    routeKey(row.route),
    row.state,
    JSON.stringify(row.route),
    JSON.stringify(row.message),
    row.chunk,
    row.attempts,
    row.nextAt,
    JSON.stringify(row.messageIds),
    row.reason ?? null,
    row.doubt ?? null,
    JSON.stringify(row.gone),
    row.since,
    row.id,
  );
  return done.changes > 0;
}

function parseRow(row: Row): OutboxRow {
  const list = (value: unknown): string[] => texts.parse(JSON.parse(String(value)));
  const text = (value: unknown): string | undefined => (value === null ? undefined : String(value));
  return {
    id: Number(row.id),
    key: String(row.key),
    account: String(row.account),
    place: String(row.place),
    priority: Number(row.priority),
    state: String(row.state) as OutboxState,
    route: routeSchema.parse(JSON.parse(String(row.route))),
    message: outboundSchema.parse(JSON.parse(String(row.message))),
    chunk: Number(row.chunk),
    attempts: Number(row.attempts),
    nextAt: Number(row.next_at),
    messageIds: list(row.message_ids),
    reason: text(row.reason),
    doubt: text(row.doubt),
    gone: list(row.gone),
    runs: list(row.runs),
    session: text(row.session),
    since: Number(row.since),
  };
}
