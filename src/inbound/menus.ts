// Menus by number as they are stored: which messages show one, and which one a number means that quotes nothing. The lines
// themselves are in the choices table. Written with the end of a delivery, by the wiring; read by menu-answer.ts.
import type { OutboundMessage } from '../core/message.ts';
import type { Row, Sql } from '../infra/database.ts';

/** A number that quotes nothing picks a line of a menu only so soon after it was shown. */
export const aloneMs = 10 * 60_000;
const skewMs = 5_000;

export interface MenuLine {
  /** Id of the choice. */
  readonly id: string;
  readonly number: number;
  readonly thumb: string | undefined;
}

export interface Menu {
  readonly group: string;
  readonly lines: readonly MenuLine[];
  /** A message that shows it, once one is known. */
  readonly messageId: string | undefined;
}

export interface ShownMenu {
  /** Route key of the chat, without a thread. */
  readonly place: string;
  readonly messageIds: readonly string[];
  /** Key of the outgoing message. */
  readonly key: string;
  readonly choices: OutboundMessage['choices'];
}

/** Remembers where a menu stands, inside the transaction that records its delivery. */
export function menuShown(sql: Sql, { place, messageIds, key, choices = [] }: ShownMenu, now: number): void {
  const first = choices.find(({ number }) => number !== undefined);
  const row = first === undefined ? undefined : sql.get('SELECT grp FROM choices WHERE id = ?', first.id);
  if (row === undefined) return;
  const group = String(row.grp);
  for (const [part, id] of messageIds.entries())
    sql.run(
      'INSERT OR REPLACE INTO menu_messages (place, message_id, grp, key, part, at) VALUES (?, ?, ?, ?, ?, ?)',
      ...[place, id, group, key, part, now],
    );
  // It may have waited long to be sent. What is closed stays closed.
  sql.run('UPDATE choices SET alone_until = ? WHERE grp = ? AND alone_until > 0', now + aloneMs, group);
}

/** The menu that a message shows, under any id its chat had; without lines where they are forgotten. */
export function menuOn(sql: Sql, places: readonly string[], messageId: string): Menu | undefined {
  for (const place of places) {
    const text = 'SELECT grp FROM menu_messages WHERE place = ? AND message_id = ?';
    const row = sql.get(text, place, messageId);
    if (row === undefined) continue;
    const group = String(row.grp);
    const lines = sql.all('SELECT * FROM choices WHERE grp = ? AND number IS NOT NULL ORDER BY number', group);
    return { group, messageId, lines: lines.map(lineOf) };
  }
  return undefined;
}

export interface Asked {
  readonly places: readonly string[];
  /** `<channel>:<id>` of whoever wrote the number. */
  readonly person: string;
  readonly owner: boolean;
  /** Unix time in milliseconds at which it was written. */
  readonly at: number;
  /** It was written before we could know: of what was shown later it cannot speak. */
  readonly backlog: boolean;
}

/** Menus that a number quoting nothing may mean: for this person, shown lately, not decided, not left behind. */
export function openMenus(sql: Sql, { places, person, owner, at, backlog }: Asked): readonly Menu[] {
  // Platforms count in whole seconds, and their clock is not ours.
  const shownBy = backlog ? at + skewMs + aloneMs : Number.MAX_SAFE_INTEGER;
  const found = new Map<string, MenuLine[]>();
  for (const place of places) {
    const rows = sql.all(
      `SELECT * FROM choices c WHERE number IS NOT NULL AND place = ? AND alone_until BETWEEN ? AND ?
         AND (person = ? OR (person IS NULL AND ?))
         AND NOT EXISTS (SELECT 1 FROM choices u WHERE u.grp = c.grp AND u.used_by IS NOT NULL)
       ORDER BY at, number`,
      ...[place, at, shownBy, person, owner ? 1 : 0],
    );
    for (const row of rows) found.set(String(row.grp), [...(found.get(String(row.grp)) ?? []), lineOf(row)]);
  }
  return [...found].map(([group, lines]) => ({ group, lines, messageId: messageOf(sql, group) }));
}

/**
 * From now on a number that quotes nothing means no list of this person: a newer list was shown, or they talk of something
 * else, and a number may be an answer to that. Questions stay open.
 * @param person `<channel>:<id>`; null: the owner, as whom a question was asked
 */
export function closeLists(sql: Sql, places: readonly string[], person: string | null): void {
  for (const place of places)
    sql.run(
      `UPDATE choices SET alone_until = 0
       WHERE number IS NOT NULL AND place = ? AND alone_until > 0 AND once = 0 AND person IS ?`,
      ...[place, person],
    );
}

/** A question was decided in another way, or is over: a number that quotes nothing does not mean it any more. */
export function closeMenu(sql: Sql, choice: string): void {
  sql.run(
    'UPDATE choices SET alone_until = 0 WHERE number IS NOT NULL AND grp = (SELECT grp FROM choices WHERE id = ?)',
    choice,
  );
}

/** Key of the outgoing message that shows a menu. */
export function menuKey(sql: Sql, group: string): string | undefined {
  const row = sql.get('SELECT key FROM menu_messages WHERE grp = ? LIMIT 1', group);
  return row === undefined ? undefined : String(row.key);
}

/** Forgets messages from before that time. Returns how many. */
export function sweepMenus(sql: Sql, before: number): number {
  return sql.run('DELETE FROM menu_messages WHERE at <= ?', before).changes;
}

function messageOf(sql: Sql, group: string): string | undefined {
  // A long one stands in several messages; the last has the lines.
  const row = sql.get('SELECT message_id FROM menu_messages WHERE grp = ? ORDER BY part DESC LIMIT 1', group);
  return row === undefined ? undefined : String(row.message_id);
}

function lineOf(row: Row): MenuLine {
  const thumb = row.thumb === null ? undefined : String(row.thumb);
  return { id: String(row.id), number: Number(row.number), thumb };
}
