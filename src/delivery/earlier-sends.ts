// What an earlier process sent shortly before it ended still counts against the limits of the platforms. Read by outbox.ts
// when it begins; what is sent beside the outbox is noted by src/wiring/delivery.ts.
import { type Route, routeSchema } from '../core/route.ts';
import type { Sql } from '../infra/database.ts';
import { allReadable } from '../infra/set-aside.ts';
import type { Adapters } from './account.ts';
import { recentRows } from './outbox-row.ts';
import { type Pacer, type Target, targetOf } from './pacer.ts';

/** No limit of a platform looks back further. */
const longestMs = 2 * 60_000;

/** Notes that something which is no row of the outbox is about to be sent. */
export function noteSend(sql: Sql, route: Route, now: number): void {
  sql.run('DELETE FROM brief_sends WHERE at < ?', now - longestMs);
  sql.run('INSERT INTO brief_sends (route, at) VALUES (?, ?)', JSON.stringify(route), now);
}

/**
 * Tells the pacer of what was sent lately and of what was perhaps under way. Where it is not known when the answer came,
 * the latest possible time counts.
 */
export function recallSends(
  sql: Sql,
  at: { readonly pacer: Pacer; readonly adapters: Adapters; readonly now: number },
): void {
  const { pacer, adapters, now } = at;
  const recall = (route: Route, sends: number, until: number): void => {
    const target = targetOf(adapters, route);
    const times = Math.min(sends, mostIn(target));
    for (let sent = 0; sent < times; sent += 1) pacer.recall(target, Math.min(until, now));
  };
  for (const { route, at } of briefSends(sql, now - longestMs)) recall(route, 1, at + answerMs);
  for (const { route, endedAt, sends } of recentRows(sql, now - longestMs)) recall(route, sends, endedAt ?? now);
}

/** The longest for which an answer to progress is waited. */
const answerMs = 10_000;

/** More sends than the widest window takes change nothing. */
function mostIn({ limits }: Target): number {
  return Math.max(0, ...limits.map(({ count }) => count));
}

function briefSends(sql: Sql, since: number): readonly { readonly route: Route; readonly at: number }[] {
  const rows = sql.all('SELECT rowid, route, at FROM brief_sends WHERE at > ?', since);
  return allReadable(sql, 'brief_sends', rows, (row) => ({
    route: routeSchema.parse(JSON.parse(String(row.route))),
    at: Number(row.at),
  }));
}
