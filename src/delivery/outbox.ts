// Everything that leaves: stored in the caller's transaction, sent in order per place, kept until the platform took it or
// it is visibly given up. Made by src/wiring/delivery.ts; CLI verbs repeat or dismiss by key.

import type { Timer } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import { Claims } from './claims.ts';
import { type Delivery, type DeliveryParts, deliverRow, endedOf } from './deliver-row.ts';
import { recallSends } from './earlier-sends.ts';
import {
  endRow,
  insertRow,
  type OutboxEntry,
  type OutboxRow,
  openRowsAfter,
  readRow,
  readRowOfRun,
  reopenRow,
  unmarkRow,
} from './outbox-row.ts';
import { targetOf } from './pacer.ts';
import { Schedule, type Waiting, waitingOf } from './schedule.ts';

export interface OutboxOptions extends DeliveryParts {
  /** Told once when more than 25 messages wait, and again only after the backlog fell. */
  readonly onBacklog?: ((waiting: number) => void) | undefined;
  /** Messages one account sends at the same time. */
  readonly concurrency?: number | undefined;
}

const backlogLimit = 25;
/** A row that cannot even be tried must not spin. */
const brokenRowMs = 60_000;
const keepMs = 7 * 24 * 60 * 60_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #database: Database;
  readonly #delivery: Delivery;
  readonly #concurrency: number;
  readonly #schedule: Schedule;
  readonly #claims: Claims;
  readonly #sending = new Map<string, number>();
  /** Rows up to here were written by an earlier process. */
  readonly #before: number;
  /** Rows up to here are in the schedule, or ended. */
  #loaded = 0;
  #lastNow = 0;
  #running = false;
  #resumedAt = 0;
  #stopped = false;
  #warned = false;
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  #idle: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#database = options.database;
    this.#concurrency = options.concurrency ?? 8;
    this.#claims = new Claims(options, this.#concurrency);
    this.#schedule = new Schedule((row) => options.pacer.freeAt(targetOf(options.adapters, row.route, row), 'owed'));
    this.#delivery = { ...options, stopped: () => this.#stopped, resumedAt: () => this.#resumedAt };
    this.#before = Number(options.database.read.get('SELECT max(id) AS id FROM outbox')?.id ?? 0);
    options.pacer.watch(() => this.#pump());
  }

  /**
   * Adds a message inside the caller's transaction; call `kick` once that is committed.
   * @returns its number, or undefined when a message with this key was added before: nothing changes then
   */
  enqueue(sql: Sql, entry: OutboxEntry, now: number): number | undefined {
    const claimed = this.#running && !this.#stopped && this.#claims.expected(sql, entry);
    return insertRow(sql, entry, { now, claimed });
  }

  /** Adds a message in a transaction of its own and starts sending. Resolves once it is stored. */
  async enqueueNow(entry: OutboxEntry): Promise<number | undefined> {
    const id = await this.#database.write((sql) => this.enqueue(sql, entry, this.#options.clock.now()));
    this.kick();
    return id;
  }

  /** Starts sending: first what an earlier process left. Enqueued messages wait until this was called. */
  resume(): void {
    this.#running = true;
    const now = this.#now();
    this.#resumedAt = now;
    recallSends(this.#database.read, { ...this.#options, now });
    this.kick();
  }

  /** Looks for newly committed messages and sends what is due. */
  kick(): void {
    if (!this.#running || this.#stopped) return;
    this.#now();
    for (const row of openRowsAfter(this.#database.read, this.#loaded)) {
      this.#loaded = row.id;
      this.#add(waitingOf(row, row.id <= this.#before));
    }
    this.#watchBacklog();
    this.#pump();
  }

  /** The account is connected again: what waits for it is due at once, except where the platform asked for silence. */
  wake(account: string): void {
    const now = this.#options.clock.now();
    for (const row of this.#schedule.rows()) {
      if (row.account !== account) continue;
      row.dueAt = Math.min(row.dueAt, Math.max(now, row.notBefore));
      Object.assign(row, { failures: 0, resumedAt: now });
    }
    this.kick();
  }

  /** Whether a message for this chat (see `chatKey`) waits or is being sent. */
  waitsFor(chat: string): boolean {
    return this.#schedule.hasChat(chat);
  }

  /**
   * Resolves when nothing is being sent and nothing is due. What waits for a later attempt does not count, nor what a
   * silence of the platform holds; what only waits for its turn within the limits does.
   */
  idle(): Promise<void> {
    this.kick();
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** For the end of the process: sends what is due until done or `signal` aborts, then stops for good. */
  async flush(signal: AbortSignal): Promise<void> {
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (this.#running) await Promise.race([this.idle(), aborted]);
    this.#stopped = true;
    this.#timer?.timer.cancel();
    const unsent = this.#schedule.rows().filter((row) => row.claimed);
    if (unsent.length === 0) return;
    await this.#database.write((sql) => {
      for (const { id } of unsent) unmarkRow(sql, id);
    });
  }

  stats(): { readonly pending: number; readonly undelivered: number } {
    const count = (states: string): number =>
      Number(this.#database.read.get(`SELECT count(*) AS n FROM outbox WHERE state IN (${states})`)?.n ?? 0);
    return { pending: count("'pending', 'sending'"), undelivered: count("'ambiguous', 'undelivered'") };
  }

  /** The newest message that carries a run's result, for views. */
  ofRun(runId: string): OutboxRow | undefined {
    return readRowOfRun(this.#database.read, runId);
  }

  /**
   * Sends a given-up message again, or a waiting one at once.
   * @param also runs in the same transaction, for what hangs on the message
   * @returns false for an unknown or delivered one
   */
  async retry(key: string, also?: (sql: Sql, row: OutboxRow) => void): Promise<boolean> {
    const now = this.#options.clock.now();
    const reopened = await this.#database.write((sql) => {
      const row = readRow(sql, { key });
      if (row === undefined || row.state === 'delivered') return undefined;
      if (row.state === 'pending' || row.state === 'sending') return { id: row.id, row: undefined };
      const fresh = reopenRow(sql, row, now);
      also?.(sql, fresh);
      return { id: row.id, row: fresh };
    });
    if (reopened === undefined) return false;
    this.#bringForward(reopened.id, reopened.row);
    this.kick();
    return true;
  }

  /** Gives a message up for good. False when there is none, or it was delivered. */
  async dismiss(key: string): Promise<boolean> {
    const reason = 'dismissed';
    const id = await this.#database.write((sql) => {
      const row = readRow(sql, { key });
      if (row === undefined || row.state === 'delivered' || row.state === 'skipped') return undefined;
      if (row.state === 'pending' || row.state === 'sending')
        endRow(sql, { ...row, state: 'skipped', reason }, this.#options.clock.now());
      else sql.run("UPDATE outbox SET state = 'skipped', reason = ? WHERE id = ?", reason, row.id);
      this.#options.onEnded?.(endedOf(row, 'skipped', reason), sql);
      return row.id;
    });
    if (id === undefined) return false;
    // What waits behind it goes on at once.
    this.#bringForward(id, undefined);
    this.kick();
    return true;
  }

  /** Removes messages that ended 7 days ago. Returns how many. */
  sweep(now: number): Promise<number> {
    return this.#database.write(
      (sql) => sql.run('DELETE FROM outbox WHERE ended_at IS NOT NULL AND ended_at < ?', now - keepMs).changes,
    );
  }

  #bringForward(id: number, reopened: OutboxRow | undefined): void {
    const now = this.#options.clock.now();
    const known = this.#schedule.rows().find((row) => row.id === id);
    if (known !== undefined) Object.assign(known, { dueAt: now, notBefore: now, failures: 0 });
    else if (reopened !== undefined && id <= this.#loaded) this.#add(waitingOf(reopened, false));
  }

  #add(row: Waiting): void {
    this.#schedule.add(row, this.#options.clock.now());
    this.#claims.add(row);
  }

  #pump(): void {
    if (this.#stopped) return;
    const { adapters, pacer } = this.#options;
    const now = this.#now();
    for (const account of this.#schedule.accounts()) {
      while ((this.#sending.get(account) ?? 0) < this.#concurrency) {
        const row = this.#schedule.take(account, now);
        if (row === undefined) break;
        row.permit = pacer.take(targetOf(adapters, row.route, row), 'owed');
        this.#claims.taken(row);
        this.#count(account, 1);
        void this.#send(row);
      }
    }
    this.#claims.settle();
    this.#arm(now);
    if (this.#idle.length === 0 || !this.#isIdle()) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }

  async #send(row: Waiting): Promise<void> {
    try {
      const step = await deliverRow(this.#delivery, row);
      this.#schedule.release(row, step.kind !== 'later');
      if (step.kind === 'moved') this.#add(waitingOf(step.row, false));
    } catch (error) {
      // At the end of the process the row is on disk as it was, and the next start goes on from there.
      if (!this.#stopped) this.#options.log.error({ err: error, id: row.id }, 'a message could not be handled');
      row.dueAt = this.#options.clock.now() + brokenRowMs;
      this.#schedule.release(row, false);
    }
    row.permit?.drop();
    row.permit = undefined;
    this.#count(row.account, -1);
    this.#watchBacklog();
    this.#pump();
  }

  #count(account: string, by: number): void {
    this.#sending.set(account, (this.#sending.get(account) ?? 0) + by);
  }

  #now(): number {
    const now = this.#options.clock.now();
    if (now < this.#lastNow) this.#schedule.putBack(this.#lastNow - now);
    this.#lastNow = now;
    return now;
  }

  /** @param now the time for which was looked what may start: what may start a moment later has nothing else to wake it */
  #arm(now: number): void {
    const { clock } = this.#options;
    const at = this.#schedule.nextDue(now);
    if (at === this.#timer?.at) return;
    this.#timer?.timer.cancel();
    this.#timer = undefined;
    if (at === undefined) return;
    const timer = clock.after(Math.max(0, at - clock.now()), () => {
      this.#timer = undefined;
      this.#pump();
    });
    this.#timer = { at, timer };
  }

  /** Only right after a pump, when whatever was due and free has started. */
  #isIdle(): boolean {
    if (this.#stopped) return true;
    if (!this.#running || this.#schedule.busy > 0) return false;
    const { clock, pacer } = this.#options;
    const now = clock.now();
    return this.#schedule.dueHeads(now).every((row) => pacer.silentUntil(row) > now);
  }

  #watchBacklog(): void {
    const { size } = this.#schedule;
    if (size <= backlogLimit) this.#warned = false;
    else if (!this.#warned) {
      this.#warned = true;
      this.#options.onBacklog?.(size);
    }
  }
}
