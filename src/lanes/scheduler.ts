// Decides when work may run: one turn per session, and no more turns at once than the shared lanes are wide.
// Made by src/wiring/runs.ts; src/agents/room.ts asks it for every turn, src/wiring/ puts sessions away between turns, sets widths
// and drains.
// In memory only, rebuilt from the stores.
import type { Clock } from '../infra/clock.ts';
import {
  drainAbort,
  Job,
  type JobPlan,
  type LaneName,
  type LateResult,
  type ScheduleResult,
  type SharedLane,
  type Slot,
  type WaitWarning,
} from './job.ts';
import { Lane, type LaneStats } from './lane.ts';

/** A wait longer than this is reported once. */
const warnAfterMs = 2_000;
/** Time aborted work has to end before its slots are taken from it. */
const abortGraceMs = 10_000;
const neverAborted = new AbortController().signal;

export interface SchedulerOptions {
  readonly clock: Clock;
  /** Number of this start of the process. */
  readonly generation: number;
  readonly widths: Readonly<Record<LaneName, number>>;
  /** Work has been waiting for more than 2 s. */
  readonly onWait: (warning: WaitWarning) => void;
  /** Wedged work came back after its slots were taken. */
  readonly onLate: (late: LateResult) => void;
}

export interface Ticket {
  readonly session: string;
  readonly lane: LaneName;
  readonly signal: AbortSignal;
  /** In place of the scheduler's own `onWait`. */
  readonly onWait?: ((warning: WaitWarning) => void) | undefined;
}

export interface Scheduled<T> {
  /** Turns that have to end before this one starts, as far as known now; 0: it starts at once. */
  readonly ahead: number;
  /** Never rejects. */
  readonly done: Promise<ScheduleResult<T>>;
}

export interface SchedulerStats {
  readonly lanes: readonly ({ readonly name: LaneName } & LaneStats)[];
  /** Sessions with a turn, or work between turns, running or waiting. */
  readonly sessions: number;
  readonly draining: boolean;
}

export interface DrainReport {
  /** Running turns that ended within the grace. */
  readonly finished: number;
  /** Running turns that were aborted. */
  readonly interrupted: number;
}

interface SessionLane {
  readonly lane: Lane;
  jobs: number;
}

export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #shared: Readonly<Record<LaneName, SharedLane>>;
  /** Only sessions with work: an idle session costs nothing. */
  readonly #sessions = new Map<string, SessionLane>();
  readonly #jobs = new Map<Job<unknown>, Promise<unknown>>();
  #drained: Promise<DrainReport> | undefined;

  constructor(options: SchedulerOptions) {
    const { generation, widths } = options;
    this.#options = options;
    this.#shared = {
      main: { name: 'main', lane: new Lane(widths.main, generation), contenders: 0 },
      subagent: { name: 'subagent', lane: new Lane(widths.subagent, generation), contenders: 0 },
    };
  }

  /**
   * Runs `work` when the session and the shared lane have a place for it, in the order of these calls per session.
   * `work` must not wait for other scheduled work while it runs, except inside `slot.park`.
   */
  run<T>(ticket: Ticket, work: (slot: Slot) => Promise<T>): Scheduled<T> {
    if (this.#drained !== undefined) return { ahead: 0, done: Promise.resolve({ kind: 'draining' }) };
    const session = this.#enter(ticket.session);
    const shared = this.#shared[ticket.lane];
    const first = session.jobs === 0;
    const ahead = Math.max(session.jobs, shared.contenders - shared.lane.stats().width + 1, 0);
    session.jobs += 1;
    const job = new Job<T>(this.#plan(ticket, session.lane), work);
    const done = job.run(first).finally(() => {
      this.#jobs.delete(job);
      this.#leave(ticket.session, session);
    });
    this.#jobs.set(job, done);
    return { ahead, done };
  }

  /**
   * Does `work` while no turn of the session runs, in its turn among those asked for, without a place in a shared lane.
   * A drain does not turn it away.
   */
  async between<T>(key: string, work: () => Promise<T>): Promise<T> {
    const session = this.#enter(key);
    session.jobs += 1;
    const place = await session.lane.acquire(neverAborted);
    try {
      return await work();
    } finally {
      if (place.kind === 'lease') place.release();
      this.#leave(key, session);
    }
  }

  /** Something of the session runs or waits to run. */
  busy(session: string): boolean {
    return this.#sessions.has(session);
  }

  /** Takes effect at once; running turns finish. */
  setWidth(lane: LaneName, width: number): void {
    this.#shared[lane].lane.setWidth(width);
  }

  /**
   * From now on new work is answered `draining`, and so is everything that waits. Running turns get `graceMs`, then
   * they are aborted; one that does not obey is forced 10 s later. A second call answers what the first one does.
   */
  drain(graceMs: number): Promise<DrainReport> {
    this.#drained ??= this.#drain(graceMs);
    return this.#drained;
  }

  stats(): SchedulerStats {
    const lanes = [this.#shared.main, this.#shared.subagent].map(({ name, lane }) => ({ name, ...lane.stats() }));
    return { lanes, sessions: this.#sessions.size, draining: this.#drained !== undefined };
  }

  async #drain(graceMs: number): Promise<DrainReport> {
    for (const job of this.#jobs.keys()) if (!job.running()) job.cancel(drainAbort);
    const running = [...this.#jobs].filter(([job]) => job.running());
    const all = Promise.allSettled([...this.#jobs.values()]);
    const over = new AbortController();
    await Promise.race([all.then(() => over.abort()), this.#options.clock.sleep(graceMs, over.signal)]);
    const left = running.filter(([job]) => job.running());
    for (const [job] of left) job.cancel(drainAbort);
    await all;
    return { finished: running.length - left.length, interrupted: left.length };
  }

  #plan(ticket: Ticket, sessionLane: Lane): JobPlan {
    const { clock, onWait, onLate } = this.#options;
    return {
      session: ticket.session,
      sessionLane,
      shared: this.#shared[ticket.lane],
      signal: ticket.signal,
      clock,
      warnAfterMs,
      abortGraceMs,
      onWait: ticket.onWait ?? onWait,
      onLate,
    };
  }

  #enter(key: string): SessionLane {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const made: SessionLane = { lane: new Lane(1, this.#options.generation), jobs: 0 };
    this.#sessions.set(key, made);
    return made;
  }

  #leave(key: string, session: SessionLane): void {
    session.jobs -= 1;
    if (session.jobs === 0) this.#sessions.delete(key);
  }
}
