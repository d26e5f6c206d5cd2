// One piece of work on its way through the lanes: session slot, shared slot, work, both slots back. Made by scheduler.ts.
// 1 wait for the session slot  2 wait for the shared slot  3 work, may park  4 end: settled, or forced after an abort
import type { Clock, Timer } from '../infra/clock.ts';
import type { Lane, Lease } from './lane.ts';

export type LaneName = 'main' | 'subagent';

/** What work sees of the slots it holds. */
export interface Slot {
  /** Aborts with the ticket's signal, or when a drain runs out of patience (`reason` is then `drainAbort`). */
  readonly signal: AbortSignal;
  readonly generation: number;
  /** False once the slots are gone: events arriving after that belong to a lost lease and are ignored. */
  held(): boolean;
  /**
   * Gives the shared slot back while `fn` waits for a person, keeps the session slot, and queues for the shared slot
   * again at the tail. After an abort it returns without the shared slot: aborted work only winds down.
   * Of several parks at the same time the first to start gives the slot back, the first to end takes it again.
   */
  park<R>(fn: () => Promise<R>): Promise<R>;
}

export type ScheduleResult<T> =
  | { readonly kind: 'done'; readonly value: T }
  /** The work threw. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Aborted before it started. */
  | { readonly kind: 'aborted' }
  /** Rejected, or turned away while waiting, because the process is going down. Never started. */
  | { readonly kind: 'draining' }
  /** Still going so long after its abort that the slots were taken from it. */
  | { readonly kind: 'forced' };

export interface WaitWarning {
  readonly lane: LaneName;
  readonly session: string;
  /** The slot it is waiting for. */
  readonly slot: 'session' | 'shared';
  readonly waitedMs: number;
  /** Waiters in line before it. */
  readonly ahead: number;
  /** Turns running on that lane. */
  readonly active: number;
}

/** What wedged work finally did, long after its slots were taken. For the log only. */
export interface LateResult {
  readonly lane: LaneName;
  readonly session: string;
  readonly result: { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: unknown };
}

/** A shared lane with the number of jobs that hold it, wait for it, or are about to. */
export interface SharedLane {
  readonly name: LaneName;
  readonly lane: Lane;
  contenders: number;
}

export interface JobPlan {
  readonly session: string;
  readonly sessionLane: Lane;
  readonly shared: SharedLane;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly warnAfterMs: number;
  readonly abortGraceMs: number;
  readonly onWait: (warning: WaitWarning) => void;
  readonly onLate: (late: LateResult) => void;
}

/** `slot.signal.reason` of work that a drain cut off. */
export const drainAbort: { readonly code: 'draining' } = { code: 'draining' };

export class Job<T> {
  readonly #plan: JobPlan;
  readonly #work: (slot: Slot) => Promise<T>;
  readonly #abort = new AbortController();
  #state: 'waiting' | 'running' | 'ended' = 'waiting';
  #contending = false;
  #parks = 0;
  #sessionLease: Lease | undefined;
  #sharedLease: Lease | undefined;
  #taking: Promise<void> | undefined;

  constructor(plan: JobPlan, work: (slot: Slot) => Promise<T>) {
    this.#plan = plan;
    this.#work = work;
  }

  running(): boolean {
    return this.#state === 'running';
  }

  /** Waiting work leaves the line; running work is told by its signal and has the abort grace to end. */
  cancel(reason: unknown): void {
    this.#abort.abort(reason);
  }

  /** @param first nothing of its session runs or waits: it contends for the shared lane at once */
  async run(first: boolean): Promise<ScheduleResult<T>> {
    const outside = this.#plan.signal;
    const forward = (): void => this.cancel(outside.reason);
    outside.addEventListener('abort', forward, { once: true });
    if (outside.aborted) forward();
    if (first) this.#contend();
    const warned = this.#warnWhenLong();
    await this.#takeBoth();
    warned.cancel();
    const lease = this.#sessionLease;
    const ready = lease !== undefined && this.#sharedLease !== undefined && !this.#abort.signal.aborted;
    const result = ready ? await this.#execute(lease) : this.#turnedAway();
    outside.removeEventListener('abort', forward);
    return result;
  }

  async #takeBoth(): Promise<void> {
    const lease = await this.#plan.sessionLane.acquire(this.#abort.signal, this);
    if (lease.kind !== 'lease') return;
    this.#sessionLease = lease;
    await this.#takeShared();
  }

  /** Leaves the job without a shared slot when it was aborted or has ended. */
  async #takeShared(): Promise<void> {
    this.#contend();
    const lease = await this.#plan.shared.lane.acquire(this.#abort.signal, this);
    if (lease.kind !== 'lease') {
      this.#withdraw();
    } else if (this.#state === 'ended') {
      lease.release();
    } else {
      this.#sharedLease = lease;
    }
  }

  #execute(lease: Lease): Promise<ScheduleResult<T>> {
    this.#state = 'running';
    const { clock, abortGraceMs } = this.#plan;
    const signal = this.#abort.signal;
    return new Promise((resolve) => {
      let deadline: Timer | undefined;
      const settle = (result: ScheduleResult<T>): void => {
        deadline?.cancel();
        signal.removeEventListener('abort', onAbort);
        this.#end();
        resolve(result);
      };
      const onAbort = (): void => {
        deadline = clock.after(abortGraceMs, () => settle({ kind: 'forced' }));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      const late = (result: LateResult['result']): void => {
        this.#plan.onLate({ lane: this.#plan.shared.name, session: this.#plan.session, result });
      };
      const started = (async () => this.#work(this.#slot(lease)))();
      started.then(
        (value) => (this.#ended() ? late({ kind: 'done' }) : settle({ kind: 'done', value })),
        (error: unknown) => (this.#ended() ? late({ kind: 'failed', error }) : settle({ kind: 'failed', error })),
      );
    });
  }

  #ended(): boolean {
    return this.#state === 'ended';
  }

  #slot(lease: Lease): Slot {
    return {
      signal: this.#abort.signal,
      generation: lease.generation,
      held: lease.held,
      park: (fn) => this.#park(fn),
    };
  }

  async #park<R>(fn: () => Promise<R>): Promise<R> {
    if (this.#parks === 0) this.#giveShared();
    this.#parks += 1;
    try {
      return await fn();
    } finally {
      this.#parks -= 1;
      if (this.#state === 'running' && this.#sharedLease === undefined) await this.#retake();
    }
  }

  #retake(): Promise<void> {
    this.#taking ??= this.#takeAgain();
    return this.#taking;
  }

  async #takeAgain(): Promise<void> {
    const warned = this.#warnWhenLong();
    await this.#takeShared();
    warned.cancel();
    this.#taking = undefined;
  }

  #turnedAway(): ScheduleResult<T> {
    this.#end();
    return this.#abort.signal.reason === drainAbort ? { kind: 'draining' } : { kind: 'aborted' };
  }

  #end(): void {
    this.#state = 'ended';
    this.#giveShared();
    this.#sessionLease?.release();
    this.#withdraw();
  }

  #giveShared(): void {
    if (this.#sharedLease === undefined) return;
    this.#sharedLease.release();
    this.#sharedLease = undefined;
    this.#withdraw();
  }

  #contend(): void {
    if (this.#contending) return;
    this.#contending = true;
    this.#plan.shared.contenders += 1;
  }

  #withdraw(): void {
    if (!this.#contending) return;
    this.#contending = false;
    this.#plan.shared.contenders -= 1;
  }

  /** One warning per wait, whichever of the two slots it is for. */
  #warnWhenLong(): Timer {
    const { clock, shared, session, sessionLane, warnAfterMs, onWait } = this.#plan;
    const since = clock.now();
    return clock.after(warnAfterMs, () => {
      const slot = this.#sessionLease === undefined ? 'session' : 'shared';
      const lane = slot === 'session' ? sessionLane : shared.lane;
      const { active } = lane.stats();
      onWait({ lane: shared.name, session, slot, waitedMs: clock.now() - since, ahead: lane.ahead(this), active });
    });
  }
}
