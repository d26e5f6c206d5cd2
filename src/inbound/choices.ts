// The choices table: what the buttons under our messages mean, and the lines of menus. The platform knows only an id nobody
// can guess, or a number; the command, the place and the person stay here. Offered by finish.ts, read and used up by press.ts;
// menus are found by menus.ts.
import type { ReplyChoice } from '../core/command.ts';
import type { OutboundMessage } from '../core/message.ts';
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Row, Sql } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import { aloneMs, closeLists, sweepMenus } from './menus.ts';

/** Longer than that nobody looks for a button, and what it would do may surprise. */
const validMs = 24 * 60 * 60_000;
/** A late answer to a menu is explained for so long. */
const explainMs = 7 * 24 * 60 * 60_000;
const idLength = 16;

/** Whom a reply's buttons are for. */
export type OfferedTo = { readonly id: string; readonly name: string } | 'owner';

export interface Offer {
  readonly route: Route;
  readonly to: OfferedTo;
  /** They are lines of a menu; `below`: under that line of one shown already. */
  readonly menu?: { readonly below?: string | undefined } | undefined;
}

export interface Choice {
  readonly id: string;
  readonly group: string;
  /** Route key of the chat, without a thread. */
  readonly place: string;
  readonly to: OfferedTo;
  readonly command: string;
  /** One press decides the whole group. */
  readonly once: boolean;
  /** A press of it comes with a text. */
  readonly asks: boolean;
  readonly usedBy: string | undefined;
  /** Unix time in milliseconds. */
  readonly expires: number;
}

export class Choices {
  readonly #database: Database;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #ids: Pick<Ids, 'code'>;

  constructor(database: Database, clock: Pick<Clock, 'now'>, ids: Pick<Ids, 'code'>) {
    this.#database = database;
    this.#clock = clock;
    this.#ids = ids;
  }

  /** Stores the choices of one reply inside the caller's transaction and gives what goes out with it. */
  offer(
    sql: Sql,
    choices: readonly ReplyChoice[],
    { route, to, menu }: Offer,
  ): NonNullable<OutboundMessage['choices']> {
    const now = this.#clock.now();
    const person = to === 'owner' ? { id: null, name: null } : to;
    const above = menu?.below === undefined ? undefined : lastLine(sql, menu.below);
    const group = above?.group ?? this.#ids.code(idLength);
    const lists = menu !== undefined && above === undefined && choices.every(({ once }) => once !== true);
    if (lists) closeLists(sql, [routeKey(parentRoute(route))], person.id);
    return choices.map(({ label, command, once = false, asks, thumb }, index) => {
      const id = this.#ids.code(idLength);
      const number = menu === undefined ? undefined : (above?.number ?? 0) + index + 1;
      sql.run(
        `INSERT INTO choices (id, grp, place, person, name, command, once, asks, at, expires, number, thumb, alone_until)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        group,
        routeKey(parentRoute(route)),
        person.id,
        person.name,
        command,
        once ? 1 : 0,
        asks === undefined ? 0 : 1,
        now,
        now + validMs,
        number ?? null,
        thumb ?? null,
        number === undefined ? null : (above?.aloneUntil ?? now + aloneMs),
      );
      return {
        ...{ label, id },
        ...(asks === undefined ? {} : { asks }),
        ...(number === undefined ? {} : { number, ...(thumb === undefined ? {} : { thumb }) }),
      };
    });
  }

  find(sql: Sql, id: string): Choice | undefined {
    // Of a group that one press decides, each choice knows who decided.
    const row = sql.get(
      `SELECT c.*, (SELECT used_by FROM choices u WHERE u.grp = c.grp AND u.used_by IS NOT NULL LIMIT 1) AS decided_by
       FROM choices c WHERE c.id = ?`,
      id,
    );
    return row === undefined ? undefined : parse(row);
  }

  /** Decides a group, inside the caller's transaction. @param person `<channel>:<id>` */
  use(sql: Sql, choice: Choice, person: string): void {
    sql.run('UPDATE choices SET used_by = ? WHERE id = ?', person, choice.id);
  }

  /** A person has another id now. @param from `<channel>:<id>`, as `to` */
  async rename(from: string, to: string): Promise<void> {
    await this.#database.write((sql) => {
      sql.run('UPDATE choices SET person = ? WHERE person = ?', to, from);
      sql.run('UPDATE choices SET used_by = ? WHERE used_by = ?', to, from);
    });
  }

  /** Removes what has expired; lines of menus stay while their message may be quoted. Returns how many. */
  sweep(now: number): Promise<number> {
    return this.#database.write((sql) => {
      const text = 'DELETE FROM choices WHERE expires <= CASE WHEN number IS NULL THEN ? ELSE ? END';
      return sql.run(text, now, now - explainMs).changes + sweepMenus(sql, now - validMs - explainMs);
    });
  }
}

/** The group of a line of a menu, and its highest number. */
function lastLine(
  sql: Sql,
  id: string,
): { readonly group: string; readonly number: number; readonly aloneUntil: number } | undefined {
  const row = sql.get(
    `SELECT grp, max(number) AS number, max(alone_until) AS alone_until FROM choices
     WHERE grp = (SELECT grp FROM choices WHERE id = ?) AND number IS NOT NULL GROUP BY grp`,
    id,
  );
  if (row === undefined) return undefined;
  return { group: String(row.grp), number: Number(row.number), aloneUntil: Number(row.alone_until) };
}

function parse(row: Row): Choice {
  const to = row.person === null ? 'owner' : { id: String(row.person), name: String(row.name) };
  return {
    ...{ id: String(row.id), group: String(row.grp), place: String(row.place), to, command: String(row.command) },
    once: Number(row.once) === 1,
    asks: Number(row.asks) === 1,
    usedBy: row.decided_by === null ? undefined : String(row.decided_by),
    expires: Number(row.expires),
  };
}
