// The turn under way in each session, and what yielded sessions sleep for, on disk: what a start finds here was cut off.
// Written by src/wiring/turns.ts around each turn; read by what takes work up at start, and by maintenance.
import { z } from 'zod';
import type { SessionKey } from '../core/session.ts';
import type { Database, Row, Sql } from '../infra/database.ts';
import { allReadable, readable } from '../infra/set-aside.ts';
import type { Hold } from './mailbox.ts';
import type { ActiveTurn } from './turn-types.ts';

export interface OpenTurn {
  readonly session: SessionKey;
  readonly turn: string;
  /** The first of the turns, cut off one after another, that this one goes on with; its own id where it began by itself. */
  readonly since: string;
  /** How many turns were begun with this work, itself included. */
  readonly tries: number;
  /** Start of the process it began in. */
  readonly generation: number;
  readonly tree: string;
  /** Ids of the items it began with, and of the messages folded into them. */
  readonly items: readonly string[];
  /** Unix ms. */
  readonly at: number;
}

export class OpenTurns {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Records a turn before anything it does. Resolves, once that is on disk, with the one of an earlier generation whose
   * place it takes: that was cut off, and this turn goes on with it.
   */
  begin(turn: ActiveTurn, generation: number): Promise<OpenTurn | undefined> {
    const items = turn.items.flatMap((item) => [item.id, ...(item.folds ?? [])]);
    const { id, session, tree, startedAt } = turn;
    return this.#database.write((sql) => {
      const before = this.of(session, sql);
      this.awake(sql, session);
      const cut = before !== undefined && before.generation < generation ? before : undefined;
      sql.run(
        `INSERT OR REPLACE INTO open_turns (session, turn, since, tries, generation, tree, items, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[session, id, cut?.since ?? id, (cut?.tries ?? 0) + 1, generation, tree, JSON.stringify(items), startedAt],
      );
      return cut;
    });
  }

  /**
   * A turn is over: inside the transaction that records what it brought, so that neither is there without the other.
   * @param took ids of what it took in: with it ends the turn that was cut off with the same, though it never came to begin
   */
  ended(sql: Sql, session: SessionKey, turn: string, took: readonly string[] = []): void {
    const open = this.of(session, sql);
    const same = open?.items.some((id) => took.includes(id)) || took.includes(wakeId(open?.turn ?? ''));
    if (open?.turn === turn || same) sql.run('DELETE FROM open_turns WHERE session = ?', session);
  }

  /** Stopped: this turn, if it is under way, what earlier generations left, and the sleep. No start goes on with them. */
  stopped(sql: Sql, session: SessionKey, { turn, generation }: Pick<OpenTurn, 'generation'> & { turn?: string }): void {
    sql.run(
      'DELETE FROM open_turns WHERE session = ? AND (turn = ? OR generation < ?)',
      session,
      turn ?? null,
      generation,
    );
    this.awake(sql, session);
  }

  /** Nothing is left that the session sleeps for. */
  awake(sql: Sql, session: SessionKey): void {
    sql.run('DELETE FROM sleeps WHERE session = ?', session);
  }

  /** The turn that has ended yielded: its session sleeps until the next one begins. */
  sleeps(sql: Sql, session: SessionKey, sleep: Hold): void {
    sql.run('INSERT OR REPLACE INTO sleeps (session, sleep) VALUES (?, ?)', session, JSON.stringify(sleep));
  }

  asleep(): readonly { readonly session: SessionKey; readonly sleep: Hold }[] {
    const { read } = this.#database;
    return allReadable(read, 'sleeps', read.all('SELECT * FROM sleeps ORDER BY session'), (row) => ({
      session: String(row.session),
      sleep: sleepSchema.parse(JSON.parse(String(row.sleep))),
    }));
  }

  of(session: SessionKey, sql: Sql = this.#database.read): OpenTurn | undefined {
    const row = sql.get('SELECT * FROM open_turns WHERE session = ?', session);
    return row === undefined ? undefined : readable(sql, 'open_turns', row, parse);
  }

  /** All of them, oldest first. */
  all(): readonly OpenTurn[] {
    const { read } = this.#database;
    return allReadable(read, 'open_turns', read.all('SELECT * FROM open_turns ORDER BY at, turn'), parse);
  }
}

/** Id of the item that brings a turn back which something in memory had begun. */
export function wakeId(turn: string): string {
  return `wake:${turn}`;
}

const itemsSchema = z.array(z.string());

const sleepSchema = z.object({
  waitFor: z.enum(['all', 'any']),
  runIds: z.array(z.string()),
  due: z.object({ at: z.number(), seconds: z.number() }).optional(),
});

function parse(row: Row): OpenTurn {
  return {
    session: String(row.session),
    turn: String(row.turn),
    since: String(row.since),
    tries: Number(row.tries),
    generation: Number(row.generation),
    tree: String(row.tree),
    items: itemsSchema.parse(JSON.parse(String(row.items))),
    at: Number(row.at),
  };
}
