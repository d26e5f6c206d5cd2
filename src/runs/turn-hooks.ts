// How turns move runs on while they work: started, alive, time limits, what they spend, silence. Implements most of TurnHooks;
// the end of a turn is in turn-end.ts, the end of a budget in budget-end.ts.
import type { ActiveTurn } from '../agents/turn-types.ts';
import { elapsed } from '../core/format.ts';
import type { Route } from '../core/route.ts';
import { isTerminal, type Run, shortId } from '../core/run.ts';
import type { Session, SessionKey, Usage } from '../core/session.ts';
import type { Clock, Timer } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { BudgetEvent, Budgets } from './budget.ts';
import type { RunRegistry } from './registry.ts';
import type { StopAsk } from './stop.ts';
import { WorkMeter } from './work-meter.ts';

/** A sign of life is written at most this often; the stale rule counts in hours. */
const aliveEveryMs = 30_000;

export interface RunClockDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly budgets: Budgets;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopRuns: (runs: readonly Run[], ask: StopAsk) => Promise<unknown>;
  readonly abort: (session: SessionKey, cause: 'budget' | 'cascade') => void;
  /** Text streamed by the run's turn that no transcript holds yet. */
  readonly partialOf: (session: SessionKey) => string | undefined;
  readonly originOf: (turn: ActiveTurn) => Route | undefined;
  readonly notify: (key: string, route: Route, text: string) => void;
  /** Tells of a budget's lines, and ends what went beyond one. */
  readonly spent: (events: readonly BudgetEvent[]) => void;
  /** A person was told that this tree's budget is used up. */
  readonly toldOf: (tree: string) => boolean;
}

export class RunClock {
  readonly #deps: RunClockDeps;
  readonly #limits = new Map<string, Timer>();
  readonly #alive = new Map<string, number>();
  readonly #meter = new WorkMeter();
  /** Per tree: when its time budget reaches the next line, at the pace of the turns at work. */
  readonly #lines = new Map<string, Timer>();

  constructor(deps: RunClockDeps) {
    this.#deps = deps;
  }

  async started(turn: ActiveTurn): Promise<void> {
    this.#meter.begin(turn);
    this.#watchWork(turn.tree);
    const known = this.#deps.registry.byChild(turn.session);
    if (known === undefined) return;
    if (isTerminal(known.state.status)) {
      // It was stopped between being accepted and being handed to the lanes.
      if (turn.items[0]?.kind === 'task') this.#deps.abort(turn.session, 'cascade');
      return;
    }
    if (known.state.status === 'running') return;
    const now = this.#deps.clock.now();
    const startedAt = known.state.status === 'waiting' ? known.state.startedAt : now;
    const after = await this.#deps.registry.update(known.id, (each) =>
      isTerminal(each.state.status) ? each : { ...each, lastEventAt: now, state: { status: 'running', startedAt } },
    );
    if (after !== undefined && !isTerminal(after.state.status)) this.watch(after);
  }

  /** Arms the run's time limit, counted from its first start; also after a restart. */
  watch(run: Run): void {
    if (run.timeoutSeconds === 0 || this.#limits.has(run.id) || !('startedAt' in run.state)) return;
    const due = (run.state.startedAt ?? this.#deps.clock.now()) + run.timeoutSeconds * 1000;
    const timer = this.#deps.clock.after(Math.max(0, due - this.#deps.clock.now()), () => void this.#timeOut(run));
    this.#limits.set(run.id, timer);
  }

  /** The run has ended, however: nothing of it is watched any more. */
  forget(run: Run): void {
    this.#limits.get(run.id)?.cancel();
    this.#limits.delete(run.id);
    this.#alive.delete(run.child);
  }

  close(): void {
    for (const timer of [...this.#limits.values(), ...this.#lines.values()]) timer.cancel();
    this.#limits.clear();
    this.#lines.clear();
  }

  alive(turn: ActiveTurn): void {
    if (turn.lane !== 'subagent') return;
    const last = this.#alive.get(turn.session) ?? turn.startedAt;
    if (turn.lastEventAt - last < aliveEveryMs) return;
    this.#alive.set(turn.session, turn.lastEventAt);
    const run = this.#run(turn.session);
    if (run === undefined) return;
    void this.#deps.registry
      .update(run.id, ({ stalledSince: _, ...each }) => ({ ...each, lastEventAt: turn.lastEventAt }))
      .catch((error: unknown) => this.#deps.log.error({ err: error, run: run.id }, 'sign of life was not stored'));
  }

  async refuseCall(turn: ActiveTurn): Promise<{ readonly code: string; readonly message: string } | undefined> {
    const refusal = this.#deps.budgets.refusal(turn.tree);
    // One notice for the whole tree: this turn ends without a word of its own.
    if (refusal !== undefined && this.#deps.toldOf(turn.tree)) this.#deps.abort(turn.session, 'budget');
    return refusal;
  }

  async spend(turn: ActiveTurn, session: Session, usage: Usage): Promise<void> {
    const { database, budgets } = this.#deps;
    const origin = this.#deps.originOf(turn);
    const place = { session: session.controlScope, agentId: session.agentId, origin };
    const seconds = this.#meter.take(turn.id, this.#deps.clock.now());
    this.#deps.spent(await database.write((sql) => budgets.spend(sql, { tree: turn.tree, place, usage, seconds })));
  }

  /** Seconds of a turn that ends now which no budget has been charged with. */
  workLeft(turn: string): number {
    return this.#meter.end(turn, this.#deps.clock.now());
  }

  /** Silence is asked about once per turn; waiting for children or for an answer is no silence. */
  stalled(turn: ActiveTurn, silentMs: number): void {
    const { registry, notify } = this.#deps;
    const run = this.#run(turn.session);
    const route = run?.origin ?? this.#deps.originOf(turn);
    this.#deps.log.warn({ session: turn.session, run: run?.id, silentMs, code: 'stalled' }, 'turn is silent');
    if (run !== undefined) {
      const silence = { stalledSince: turn.lastEventAt, lastEventAt: turn.lastEventAt };
      registry
        .update(run.id, (each) => (isTerminal(each.state.status) ? each : { ...each, ...silence }))
        .catch((error: unknown) => this.#deps.log.error({ err: error, run: run.id }, 'silence was not stored'));
    }
    if (route === undefined) return;
    const age = elapsed(silentMs);
    const text =
      run === undefined
        ? `⏳ no sign of life for ${age}. It goes on; /stop ends it.`
        : `⏳ ${run.label} (run ${shortId(run.id)}) has been silent for ${age}. Keep it, or end it with /subagents kill ${shortId(run.id)}?`;
    notify(`stalled:${turn.id}`, route, text);
  }

  #run(session: SessionKey): Run | undefined {
    const run = this.#deps.registry.byChild(session);
    return run === undefined || isTerminal(run.state.status) ? undefined : run;
  }

  async #timeOut(run: Run): Promise<void> {
    this.#limits.delete(run.id);
    const partial = this.#deps.partialOf(run.child)?.trim();
    this.#deps.log.info({ run: run.id, code: 'run_timeout' }, 'run reached its time limit');
    const outcome = { kind: 'timeout', ...(partial ? { partial } : {}) } as const;
    await this.#deps.stopRuns([run], { cause: 'timeout', outcome });
  }

  /** A tree's time runs out between model calls too. */
  #watchWork(tree: string): void {
    const { budgets, clock } = this.#deps;
    this.#lines.get(tree)?.cancel();
    this.#lines.delete(tree);
    const left = budgets.secondsToLine(tree);
    const { turns, seconds } = this.#meter.of(tree, clock.now());
    if (left === undefined || turns === 0) return;
    const due = Math.max(1, Math.ceil(((left - seconds) / turns) * 1000));
    this.#lines.set(
      tree,
      clock.after(due, () => void this.#charge(tree)),
    );
  }

  async #charge(tree: string): Promise<void> {
    const { database, budgets, clock, log } = this.#deps;
    const seconds = this.#meter.takeTree(tree, clock.now());
    try {
      this.#deps.spent(await database.write((sql) => budgets.work(sql, tree, seconds)));
      this.#watchWork(tree);
    } catch (error) {
      log.error({ err: error, tree }, 'seconds of work were not stored');
    }
  }
}
