// Messages that no turn will take: recorded as dropped with their reason, together with the sentence for the person who
// wrote them. A burst of them is told once. Called by the turn engine's `dropped` hook.
import type { MailItem } from '../agents/mailbox.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { OutgoingEntry } from '../runs/turn-end.ts';
import type { Inbox } from './inbox.ts';
import { ticketsOf } from './tickets.ts';

/** Drops of one place within this time are told together. */
const burstMs = 1_000;

export interface UnprocessedDeps {
  readonly database: Database;
  readonly inbox: Inbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
}

export type UnprocessedWhy = 'cap' | 'gone';

interface Burst {
  readonly session: SessionKey;
  readonly route: Route | undefined;
  readonly why: UnprocessedWhy;
  readonly items: MailItem[];
}

const reasons: Record<UnprocessedWhy, string> = { cap: 'queue_full', gone: 'session_gone' };

export class Unprocessed {
  readonly #deps: UnprocessedDeps;
  readonly #bursts = new Map<string, { readonly burst: Burst; readonly timer: Timer }>();

  constructor(deps: UnprocessedDeps) {
    this.#deps = deps;
  }

  /** Until the burst is over the messages stay open in the inbox, so that a crash forgets neither them nor the sentence. */
  add(session: SessionKey, items: readonly MailItem[], why: UnprocessedWhy): void {
    for (const item of items) {
      const key = `${why} ${session} ${item.route === undefined ? '' : routeKey(item.route)}`;
      const known = this.#bursts.get(key)?.burst;
      if (known !== undefined) {
        known.items.push(item);
        continue;
      }
      const burst: Burst = { session, route: item.route, why, items: [item] };
      const timer = this.#deps.clock.after(burstMs, () => void this.#tell(key));
      this.#bursts.set(key, { burst, timer });
    }
  }

  /** Inside the transaction of a stop: what is held of the session is recorded with it, so that no later start answers it. */
  tellIn(sql: Sql, session: SessionKey): void {
    for (const { burst } of this.#bursts.values()) if (burst.session === session) this.#record(sql, burst);
  }

  /** Some burst is not recorded yet. */
  busy(): boolean {
    return this.#bursts.size > 0;
  }

  /** For the end of the process: what waits to be told together is told now. */
  async close(): Promise<void> {
    const open = [...this.#bursts];
    for (const [, { timer }] of open) timer.cancel();
    await Promise.all(open.map(([key]) => this.#tell(key)));
  }

  async #tell(key: string): Promise<void> {
    const burst = this.#bursts.get(key)?.burst;
    this.#bursts.delete(key);
    if (burst === undefined) return;
    const { database, log, sent } = this.#deps;
    const { session, why, items } = burst;
    log.warn({ session, count: items.length, code: reasons[why] }, 'messages were not processed');
    try {
      await database.write((sql) => this.#record(sql, burst));
      sent();
    } catch (error) {
      log.error({ err: error, session }, 'dropped messages were not recorded');
    }
  }

  /** What is recorded already is not told again. */
  #record(sql: Sql, { session, route, why, items }: Burst): void {
    const { inbox, enqueue } = this.#deps;
    const dropped = items
      .map(({ id, folds = [] }) => ({ id, open: inbox.dropIn(sql, ticketsOf([id, ...folds]), reasons[why]) }))
      .filter(({ open }) => open > 0);
    const [first] = dropped;
    if (route === undefined || first === undefined) return;
    const count = dropped.reduce((sum, { open }) => sum + open, 0);
    const message = { text: sentence(why, count) };
    // After a stop the same burst may have more to tell: that is another message.
    enqueue(sql, { key: `dropped:${first.id}`, route, message, priority: 'reply', session });
  }
}

function sentence(why: UnprocessedWhy, count: number): string {
  const messages = count === 1 ? '1 message' : `${count} messages`;
  switch (why) {
    case 'cap':
      return `⚠️ ${messages} not processed: too many are waiting here (messages.queue.cap). /queue shows the settings.`;
    case 'gone':
      return `⚠️ ${messages} not processed: the session has been archived. /unfocus to talk to the agent here again.`;
  }
}
