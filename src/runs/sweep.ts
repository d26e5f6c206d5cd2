// What time brings by itself: archiving, stale runs, expired bindings, old rows. At start and every 60 s.
// Wired in src/wiring/engine.ts.
import type { Run } from '../core/run.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { endRun } from './end-run.ts';
import { isStale, lost } from './liveness.ts';
import type { RunRegistry } from './registry.ts';

export const sweepEveryMs = 60_000;

export interface SweepDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'archive'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Does the work, and no turn of the session runs meanwhile. False: one does now, or the work answered so. */
  readonly between: (session: string, work: () => Promise<boolean>) => Promise<boolean>;
  /** A bound session is never archived. False: it is bound, or is being bound, and the work was not done. */
  readonly ifUnbound: (session: string, work: () => Promise<void>) => Promise<boolean>;
  /** A turn of the session runs, or something waits for one. */
  readonly busy: (session: string) => boolean;
  readonly ended: (run: Run) => void;
  readonly stopBelow: (session: string) => Promise<void>;
  /** Sweeps of other rooms: bindings, inbox, outbox, expired keys. */
  readonly others: readonly ((now: number) => Promise<unknown>)[];
}

export class Sweeper {
  readonly #deps: SweepDeps;
  #timer: Timer | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: SweepDeps) {
    this.#deps = deps;
  }

  /**
   * Sweeps now, then every 60 s. Resolves after the first sweep, which leaves runs and their sessions to whoever takes up
   * what was cut off.
   */
  start(): Promise<void> {
    this.#running = this.#round(false);
    return this.#running;
  }

  /** Archives what is due by now, without waiting for the next round. */
  archiveSoon(): void {
    this.#running = this.#running
      .then(() => (this.#closed ? undefined : this.archive(this.#deps.clock.now())))
      .catch((error: unknown) => this.#deps.log.error({ err: error, code: 'sweep_failed' }, 'archiving failed'));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#running;
  }

  async #round(runs = true): Promise<void> {
    const { clock, log } = this.#deps;
    const now = clock.now();
    const work = [
      ...(runs ? [this.archive(now), this.#lost(now)] : []),
      ...this.#deps.others.map((sweep) => sweep(now)),
    ];
    for (const done of await Promise.allSettled(work)) {
      if (done.status === 'rejected') log.error({ err: done.reason, code: 'sweep_failed' }, 'a sweep failed');
    }
    if (this.#closed) return;
    this.#timer = clock.after(sweepEveryMs, () => {
      this.#running = this.#round();
    });
  }

  /** Archives what is due, unless it is bound, busy, or still has children at work. */
  async archive(now: number): Promise<void> {
    const { registry, log } = this.#deps;
    for (const run of registry.dueForArchive(now)) {
      if (this.#inUse(run) || !(await this.#deps.between(run.child, () => this.#archived(run)))) continue;
      await registry.update(run.id, (each) => ({ ...each, archivedAt: now }));
      log.info({ run: run.id, session: run.child }, 'session archived');
    }
  }

  /** Something may have come in just before. */
  async #archived(run: Run): Promise<boolean> {
    const { sessions, ifUnbound } = this.#deps;
    return !this.#inUse(run) && (await ifUnbound(run.child, () => sessions.archive(run.child)));
  }

  #inUse({ child }: Run): boolean {
    return this.#deps.busy(child) || this.#deps.registry.activeBelow(child).length > 0;
  }

  /** Runs that gave no sign of life for hours and have no turn: nobody will ever end them. */
  async #lost(now: number): Promise<void> {
    const { registry, database } = this.#deps;
    for (const run of registry.active()) {
      if (!isStale(run, now, registry.openChildren(run.child).length) || this.#deps.busy(run.child)) continue;
      const ended = await database.write((sql) => endRun(sql, registry, run.id, { outcome: lost, now, lost: true }));
      if (ended === undefined) continue;
      this.#deps.ended(ended);
      await this.#deps.stopBelow(ended.child);
    }
  }
}
