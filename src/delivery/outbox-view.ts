// Outgoing messages as a person looks at them: what is on its way, what did not arrive, and what arrived last. SQL and nothing
// else; used by src/web/deliveries.ts.
import { type Route, routeSchema } from '../core/route.ts';
import type { Row, Sql } from '../infra/database.ts';
import { allReadable } from '../infra/set-aside.ts';
import type { OutboxState } from './outbox-row.ts';

export interface MessageView {
  readonly key: string;
  readonly route: Route;
  readonly state: OutboxState;
  /** Its beginning, at most 300 characters. */
  readonly text: string;
  readonly attempts: number;
  /** Unix time in milliseconds of the next attempt, while it is open. */
  readonly nextAt: number;
  readonly reason: string | undefined;
  /** Runs whose delivery this is. */
  readonly runs: readonly string[];
  readonly at: number;
  readonly endedAt: number | undefined;
}

const columns = `id, key, route, state, substr(iif(json_valid(message), message ->> '$.text', ''), 1, 300) AS text,
                 attempts, next_at, reason, runs, at, ended_at`;

/** Newest first; the index names keep both on the few rows they are about. */
export function openMessages(sql: Sql, limit: number): readonly MessageView[] {
  const text = `SELECT ${columns} FROM outbox INDEXED BY outbox_open WHERE state IN ('pending', 'sending') ORDER BY id DESC LIMIT ?`;
  return allReadable(sql, 'outbox', sql.all(text, limit), parse);
}

/** Given up, or perhaps arrived; newest first. */
export function failedMessages(sql: Sql, limit: number): readonly MessageView[] {
  const text = `SELECT ${columns} FROM outbox INDEXED BY outbox_failed WHERE state IN ('ambiguous', 'undelivered') ORDER BY id DESC LIMIT ?`;
  return allReadable(sql, 'outbox', sql.all(text, limit), parse);
}

/** Arrived or given up by a person; the last that ended first. */
export function endedMessages(sql: Sql, limit: number): readonly MessageView[] {
  const text = `SELECT ${columns} FROM outbox INDEXED BY outbox_ended
                WHERE ended_at IS NOT NULL AND state IN ('delivered', 'skipped') ORDER BY ended_at DESC LIMIT ?`;
  return allReadable(sql, 'outbox', sql.all(text, limit), parse);
}

function parse(row: Row): MessageView {
  const number = (value: unknown): number | undefined => (value === null ? undefined : Number(value));
  return {
    key: String(row.key),
    route: routeSchema.parse(JSON.parse(String(row.route))),
    state: String(row.state) as OutboxState,
    text: row.text === null ? '' : String(row.text),
    attempts: Number(row.attempts),
    nextAt: Number(row.next_at),
    reason: row.reason === null ? undefined : String(row.reason),
    runs: JSON.parse(String(row.runs)) as string[],
    at: Number(row.at),
    endedAt: number(row.ended_at),
  };
}
