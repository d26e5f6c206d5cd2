// Which session spoke a message that stands in a chat, so that quoting it reaches that session (MS-4). Only what runs and
// coding agents said is kept: everything else is answered by the chat's own agent anyway. Written with the end of a delivery, by the wiring.
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Database, Sql } from '../infra/database.ts';

/** After a week a quote is answered by the chat's own agent, which sees what was quoted. */
const keepMs = 7 * 24 * 60 * 60_000;

export interface Spoken {
  /** Where the platform has it now. */
  readonly route: Route;
  readonly messageIds: readonly string[];
  readonly session: SessionKey | undefined;
  /** Session at the top, where no run says it: of a coding agent that a person started. */
  readonly scope: SessionKey | undefined;
}

export interface Speaker {
  readonly session: SessionKey;
  /** Session at the top of the run's tree. */
  readonly scope: SessionKey;
}

/** Remembers who spoke, inside the transaction that records the delivery; nothing where it was the chat's own agent. */
export function rememberSpoken(sql: Sql, { route, messageIds, session, scope }: Spoken, now: number): void {
  if (session === undefined) return;
  for (const id of messageIds)
    sql.run(
      `INSERT INTO sent_messages (place, message_id, session, scope, at)
       SELECT ?, ?, ?, scope, ? FROM (SELECT scope FROM runs WHERE child = ? UNION ALL SELECT ?)
       WHERE scope IS NOT NULL LIMIT 1
       ON CONFLICT (place, message_id) DO UPDATE SET session = excluded.session, scope = excluded.scope, at = excluded.at`,
      ...[routeKey(parentRoute(route)), id, session, now, session, scope ?? null],
    );
}

export function speakerOf(sql: Sql, route: Route, messageId: string): Speaker | undefined {
  const row = sql.get(
    'SELECT session, scope FROM sent_messages WHERE place = ? AND message_id = ?',
    routeKey(parentRoute(route)),
    messageId,
  );
  if (row === undefined) return speakerOfPart(sql, route, messageId);
  return { session: String(row.session), scope: String(row.scope) };
}

/** Of a long message a first part may stand in the chat while the rest still waits. */
function speakerOfPart(sql: Sql, route: Route, messageId: string): Speaker | undefined {
  const rows = sql.all(
    `SELECT session, route, (SELECT scope FROM runs WHERE child = session LIMIT 1) AS scope FROM outbox
     WHERE state IN ('pending', 'sending') AND session IS NOT NULL
     AND EXISTS (SELECT 1 FROM json_each(message_ids) WHERE value = ?)`,
    messageId,
  );
  const place = routeKey(parentRoute(route));
  const row = rows.find((each) => routeKey(parentRoute(JSON.parse(String(each.route)) as Route)) === place);
  return row === undefined ? undefined : { session: String(row.session), scope: String(row.scope) };
}

/** Returns how many were forgotten. */
export function sweepSpoken(database: Database, now: number): Promise<number> {
  return database.write((sql) => sql.run('DELETE FROM sent_messages WHERE at < ?', now - keepMs).changes);
}
