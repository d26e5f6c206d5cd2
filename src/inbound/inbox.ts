// Durable intake: nothing acts on a message before it is here, and nothing here is forgotten before it is done or dropped.
// Called by receive.ts and unprocessed.ts, and by the wiring when turns have taken messages in.
import { z } from 'zod';
import { type InboundMessage, inboundSchema } from '../core/message.ts';
import { parentRoute, type Route, routeKey, routeSchema } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Row, Sql } from '../infra/database.ts';
import { allReadable, readable } from '../infra/set-aside.ts';

/** A message for a session that no channel delivered: a note of the runtime, or a command or agent speaking to it. */
const internalSchema = z.object({
  kind: z.enum(['note', 'user']),
  text: z.string(),
  /** Who said it, as shown to the agent. */
  from: z.string().optional(),
  /** Where an answer is expected. */
  route: routeSchema.optional(),
  /** May go into a running turn. */
  steer: z.boolean().optional(),
  /** The session answers in `route` itself. */
  inPlace: z.boolean().optional(),
});
const itemSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('message'),
    message: inboundSchema,
    /** Lines for the agent about what could not be brought along, e.g. a file that is too large. */
    notes: z.array(z.string()).optional(),
  }),
  z.object({ kind: z.literal('internal'), item: internalSchema }),
]);
type Item = z.infer<typeof itemSchema>;

/** A channel's message as it is kept while it is open. */
export interface StoredMessage {
  readonly message: InboundMessage;
  readonly notes?: readonly string[] | undefined;
}

export interface InternalItem {
  readonly session: SessionKey;
  readonly kind: 'note' | 'user';
  readonly text: string;
  readonly from?: string | undefined;
  readonly route?: Route | undefined;
  readonly steer?: boolean | undefined;
  readonly inPlace?: boolean | undefined;
  /** The same key is taken in once. */
  readonly key: string;
}

/** One open row. The ticket orders the messages of a session. */
export type InboxRow = {
  readonly ticket: number;
  /** Unix time in milliseconds of acceptance. */
  readonly at: number;
  /** Of a note put in by a command or an agent; where a channel's message goes is decided when it is taken up. */
  readonly session: SessionKey | undefined;
} & (
  | ({ readonly kind: 'message' } & StoredMessage)
  | { readonly kind: 'internal'; readonly item: Omit<InternalItem, 'session'> }
);

export interface InboxStats {
  readonly open: number;
  /** Acceptance time of the oldest open row. */
  readonly oldestAt: number | undefined;
}

/** A platform repeats a message for at most a day; longer than that, a row has no use. */
const keepMs = 24 * 60 * 60_000;

export class Inbox {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /**
   * Stores a channel's message; resolves once it is on disk. A repeat within 24 hours answers the first one's ticket.
   * @param chats other ids of its chat under which it would be the same message
   */
  accept(message: InboundMessage, chats: readonly Route[] = []): Promise<Accepted> {
    return this.#database.write((sql) => this.acceptIn(sql, message, chats));
  }

  /** `accept` inside the caller's transaction. */
  acceptIn(sql: Sql, message: InboundMessage, chats: readonly Route[] = []): Accepted {
    const dedupe = dedupeOf(message);
    for (const route of chats) {
      const before = sql.get('SELECT ticket FROM inbox WHERE dedupe = ?', dedupeOf({ id: message.id, route }));
      if (before !== undefined) return { ticket: Number(before.ticket), duplicate: true };
    }
    const item: Item = { kind: 'message', message };
    const ticket = insert(sql, { dedupe, item, session: undefined, now: this.#clock.now() });
    if (ticket !== undefined) return { ticket, duplicate: false };
    const first = sql.get('SELECT ticket FROM inbox WHERE dedupe = ?', dedupe);
    return { ticket: Number(first?.ticket), duplicate: true };
  }

  /** Whether a message with this place and id was accepted within 24 hours, whatever became of it. */
  knows(sql: Sql, message: Pick<InboundMessage, 'id' | 'route'>): boolean {
    return sql.get('SELECT 1 FROM inbox WHERE dedupe = ?', dedupeOf(message)) !== undefined;
  }

  /** The open row of a message; `whole`: nothing was joined to it. Undefined when there is none, or it was closed. */
  openOf(
    message: Pick<InboundMessage, 'id' | 'route'>,
  ): (StoredMessage & { readonly ticket: number; readonly whole: boolean }) | undefined {
    const { read } = this.#database;
    const row = read.get("SELECT * FROM inbox WHERE dedupe = ? AND state = 'accepted'", dedupeOf(message));
    const open = row === undefined ? undefined : readable(read, 'inbox', row, parse);
    if (open?.kind !== 'message') return undefined;
    const { ticket, message: stored, notes } = open;
    const whole =
      read.get('SELECT 1 FROM inbox WHERE ticket > ? AND reason = ?', ticket, joinedTo(ticket)) === undefined;
    return { ticket, whole, message: stored, notes };
  }

  /** Changes what an open row holds, inside the caller's transaction. Undefined when it is closed: nothing changes. */
  change(sql: Sql, ticket: number, change: (stored: StoredMessage) => StoredMessage): StoredMessage | undefined {
    const row = sql.get("SELECT * FROM inbox WHERE ticket = ? AND state = 'accepted'", ticket);
    const open = row === undefined ? undefined : readable(sql, 'inbox', row, parse);
    if (open?.kind !== 'message') return undefined;
    const changed = change({ message: open.message, notes: open.notes });
    sql.run('UPDATE inbox SET message = ? WHERE ticket = ?', JSON.stringify({ kind: 'message', ...changed }), ticket);
    return changed;
  }

  /** Puts a message into a session inside the caller's transaction. Returns its ticket, or undefined for a known key. */
  acceptInternal(sql: Sql, entry: InternalItem, now: number): number | undefined {
    const { session, key, ...said } = entry;
    const item: Item = { kind: 'internal', item: said };
    return insert(sql, { dedupe: `internal:${key}`, item, session, now });
  }

  /** Keeps the whole text of several rows in the first of them; the others are done. */
  join(tickets: readonly number[], whole: StoredMessage): Promise<void> {
    const [first = 0, ...rest] = tickets;
    return this.#database.write((sql) => {
      this.change(sql, first, () => whole);
      this.done(sql, rest, joinedTo(first));
    });
  }

  /** What waits for a session waits for another one. */
  readdress(sql: Sql, from: SessionKey, to: SessionKey): void {
    sql.run("UPDATE inbox SET session = ? WHERE session = ? AND state = 'accepted'", to, from);
  }

  /** Closes rows inside the caller's transaction, together with what they led to. Rows already closed stay as they are. */
  done(sql: Sql, tickets: readonly number[], reason: string): void {
    for (const ticket of tickets) end(sql, { ticket, state: 'done', reason, now: this.#clock.now() });
  }

  /** Closes rows that nothing was done about, inside the caller's transaction. Returns how many were still open. */
  dropIn(sql: Sql, tickets: readonly number[], reason: string): number {
    const now = this.#clock.now();
    return tickets.filter((ticket) => end(sql, { ticket, state: 'dropped', reason, now })).length;
  }

  async drop(ticket: number, reason: string): Promise<void> {
    await this.#database.write((sql) => this.dropIn(sql, [ticket], reason));
  }

  /** Every row neither done nor dropped, in ticket order. */
  open(): readonly InboxRow[] {
    const { read } = this.#database;
    return allReadable(read, 'inbox', read.all("SELECT * FROM inbox WHERE state = 'accepted' ORDER BY ticket"), parse);
  }

  /** Removes closed rows that are too old to be repeated by a platform. Returns how many. */
  sweep(now: number): Promise<number> {
    return this.#database.write((sql) => {
      const old = now - keepMs;
      return sql.run('DELETE FROM inbox WHERE done_at IS NOT NULL AND done_at < ?', old).changes;
    });
  }

  stats(): InboxStats {
    const row = this.#database.read.get(
      "SELECT count(*) AS open, min(at) AS oldest FROM inbox WHERE state = 'accepted'",
    );
    const oldest = row?.oldest;
    return { open: Number(row?.open ?? 0), oldestAt: typeof oldest === 'number' ? oldest : undefined };
  }
}

export interface Accepted {
  readonly ticket: number;
  readonly duplicate: boolean;
}

const joinedTo = (ticket: number): string => `joined to ${ticket}`;

function dedupeOf({ id, route }: Pick<InboundMessage, 'id' | 'route'>): string {
  return `${routeKey(parentRoute(route))}:${id}`;
}

interface NewRow {
  readonly dedupe: string;
  readonly item: Item;
  readonly session: SessionKey | undefined;
  readonly now: number;
}

function insert(sql: Sql, { dedupe, item, session, now }: NewRow): number | undefined {
  const done = sql.run(
    "INSERT INTO inbox (dedupe, state, session, message, at) VALUES (?, 'accepted', ?, ?, ?) ON CONFLICT (dedupe) DO NOTHING",
    dedupe,
    session ?? null,
    JSON.stringify(item),
    now,
  );
  return done.changes === 0 ? undefined : done.lastId;
}

interface End {
  readonly ticket: number;
  readonly state: 'done' | 'dropped';
  readonly reason: string;
  readonly now: number;
}

function end(sql: Sql, { ticket, state, reason, now }: End): boolean {
  const text = "UPDATE inbox SET state = ?, reason = ?, done_at = ? WHERE ticket = ? AND state = 'accepted'";
  return sql.run(text, state, reason, now, ticket).changes > 0;
}

function parse(row: Row): InboxRow {
  const head = {
    ticket: Number(row.ticket),
    at: Number(row.at),
    session: row.session === null ? undefined : String(row.session),
  };
  const stored = itemSchema.parse(JSON.parse(String(row.message)));
  if (stored.kind === 'message') return { ...head, ...stored };
  const key = String(row.dedupe).slice('internal:'.length);
  return { ...head, kind: 'internal', item: { ...stored.item, key } };
}
