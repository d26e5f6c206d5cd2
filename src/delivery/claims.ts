// The mark "being sent" that is written along with a new message. Where a repeated send is not recognised it must be on disk
// before the attempt, and so it costs no commit of its own. Only right where the attempt follows at once. Used by outbox.ts.
import { routeKey } from '../core/route.ts';
import type { Sql } from '../infra/database.ts';
import { adapterFor } from './account.ts';
import type { DeliveryParts } from './deliver-row.ts';
import { isFree, type OutboxEntry, unmarkRow } from './outbox-row.ts';
import { targetOf } from './pacer.ts';
import type { Waiting } from './schedule.ts';

export class Claims {
  readonly #parts: DeliveryParts;
  readonly #concurrency: number;
  /** Marked rows that nobody took yet. */
  readonly #open = new Set<Waiting>();

  constructor(parts: DeliveryParts, concurrency: number) {
    this.#parts = parts;
    this.#concurrency = concurrency;
  }

  /** Whether a new row would be attempted at once, as far as can be foreseen. Inside the transaction that adds it. */
  expected(sql: Sql, { route }: OutboxEntry): boolean {
    const { adapters, clock, pacer } = this.#parts;
    const adapter = adapterFor(adapters, route);
    if (adapter === undefined || adapter.can.idempotentSend || adapter.health().state !== 'connected') return false;
    if (pacer.freeAt(targetOf(adapters, route), 'owed') > clock.now()) return false;
    return isFree(sql, routeKey(route), this.#concurrency);
  }

  /** The row waits to be taken. */
  add(row: Waiting): void {
    if (row.claimed) this.#open.add(row);
  }

  /** Its attempt follows. */
  taken(row: Waiting): void {
    this.#open.delete(row);
  }

  /** What nobody took loses its mark: a process that dies meanwhile must not leave it in doubt. */
  settle(): void {
    for (const row of this.#open) {
      row.claimed = false;
      row.unmarking = this.#unmark(row);
    }
    this.#open.clear();
  }

  async #unmark(row: Waiting): Promise<void> {
    try {
      await this.#parts.database.write((sql) => unmarkRow(sql, row.id));
    } catch (error) {
      this.#parts.log.error({ err: error, id: row.id }, 'a message stays marked as being sent');
    }
    row.unmarking = undefined;
  }
}
