// Stops runs with everything below them: recorded as stopped first, then their turns are aborted side by side.
// What is recorded as stopped stays so: whatever still arrives from a turn that does not obey is dropped.
// Called by /stop, /subagents kill, the subagents tool, time limits, budgets and a parent's failure.
// 1 record  2 abort and clear  3 the same for what was just being spawned  4 wait for all turns at once, at most 1 s

import type { MailItem } from '../agents/mailbox.ts';
import type { AbortCause, ActiveTurn } from '../agents/turn-types.ts';
import type { Outcome, Run } from '../core/run.ts';
import { isTerminal } from '../core/run.ts';
import type { StopReport } from '../core/services.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import { dropOwed, endRun } from './end-run.ts';
import type { RunRegistry } from './registry.ts';

/** Time a turn has to end after its abort before it is named as forced. */
const patienceMs = 1_000;

export interface StopDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly archiveMinutes: () => number;
  readonly abort: (session: SessionKey, cause: AbortCause) => ActiveTurn | undefined;
  /** Removes what no turn has taken yet. `results`: what becomes of children's results among it. */
  readonly clear: (session: SessionKey, results: 'dropped' | 'passed on') => readonly MailItem[];
  readonly inboxDone: (itemIds: readonly string[], reason: string) => Promise<void>;
  /** What a session has in hand now. */
  readonly inHand: (session: SessionKey) => Omit<InHand, 'session'>;
  /** Inside the transaction of the stop, so that no later start goes on with it: `inHand`, and what was cut off before. */
  readonly forget: (sql: Sql, stopped: InHand) => void;
  /** Nothing that a restart cut off is left to be done in these sessions. */
  readonly unmark: (sessions: readonly SessionKey[]) => Promise<void>;
  readonly ended: (run: Run) => void;
  /** What `StopAsk.announce` wrote is committed. */
  readonly sent: () => void;
  /** Ends the binding of a session, with its farewell. */
  readonly unbind: (session: SessionKey) => Promise<void>;
}

export interface StopAsk {
  readonly cause: Extract<AbortCause, 'user' | 'cascade' | 'budget' | 'timeout'>;
  /** How the runs themselves end; default: stopped by the cause. Those below them are stopped by cascade. */
  readonly outcome?: Outcome;
  /** Tells of the runs that ended this way, in the same transaction: one message is the announcement of them all. */
  readonly announce?: (sql: Sql, ended: readonly Run[]) => void;
}

/** The turn under way in a session, unless its result is being recorded already, and what no turn has taken yet. */
export interface InHand {
  readonly session: SessionKey;
  readonly turn: ActiveTurn | undefined;
  readonly items: readonly MailItem[];
}

/** What is stopped, asked again for what was being spawned meanwhile. */
interface Scope {
  readonly roots: () => readonly Run[];
  /** A session that is stopped itself, and its turn under way. */
  readonly session?: SessionKey;
  readonly turn?: ActiveTurn | undefined;
  /** What that session had in hand; not asked again: what comes to it after the stop is a new beginning. */
  readonly own?: InHand;
}

interface Stopped {
  readonly runs: readonly Run[];
  readonly finished: readonly Run[];
  readonly turns: readonly ActiveTurn[];
  readonly messages: number;
  readonly untold: readonly Run[];
}

export class Stopper {
  readonly #deps: StopDeps;
  readonly #underway = new Set<Promise<StopReport>>();

  constructor(deps: StopDeps) {
    this.#deps = deps;
  }

  /** Stops these runs and every run below them. Counts include descendants. */
  stopRuns(roots: readonly Run[], ask: StopAsk): Promise<StopReport> {
    const { registry } = this.#deps;
    return this.#stop({ roots: () => roots.map((run) => registry.get(run.id) ?? run) }, ask);
  }

  /** Stops runs for good: a conversation bound to one of them is its own again. */
  async kill(roots: readonly Run[]): Promise<StopReport> {
    const report = await this.stopRuns(roots, { cause: 'user' });
    const { stopped, failed, alreadyFinished } = report;
    for (const run of [...stopped, ...failed, ...alreadyFinished]) await this.#deps.unbind(run.child);
    return report;
  }

  /** Stops a session's own turn, what waits in it, and every run below it. */
  async stopSession(session: SessionKey, ask: StopAsk): Promise<StopReport> {
    const { registry } = this.#deps;
    // Nothing can slip in between these two: no other work runs until the first wait.
    const turn = this.#deps.abort(session, ask.cause);
    const removed = this.#deps.clear(session, 'dropped');
    const roots = (): readonly Run[] => {
      const own = registry.byChild(session);
      return [...(own === undefined || isTerminal(own.state.status) ? [] : [own]), ...registry.activeBelow(session)];
    };
    const own = { session, turn, items: removed };
    const stopping = this.#stop({ roots, session, turn, own }, ask);
    const [messages, report] = await Promise.all([this.#discard(removed), stopping]);
    return { ...report, alreadyFinished: [], messages: messages + report.messages };
  }

  /** Everything below a session that failed or timed out. */
  async stopBelow(session: SessionKey): Promise<void> {
    const below = this.#deps.registry.activeBelow(session);
    if (below.length > 0) await this.stopRuns(below, { cause: 'cascade' });
  }

  /** Resolves when no stop is under way. */
  async idle(): Promise<void> {
    while (this.#underway.size > 0) await Promise.allSettled(this.#underway);
  }

  #stop(scope: Scope, ask: StopAsk): Promise<StopReport> {
    const stop = this.#carryOut(scope, ask).finally(() => this.#underway.delete(stop));
    this.#underway.add(stop);
    return stop;
  }

  async #carryOut(scope: Scope, ask: StopAsk): Promise<StopReport> {
    const first = await this.#round(scope, ask);
    // A spawn under way was recorded by now, and its turn has been told to stop: no further one follows.
    const { own: _, ...later } = scope;
    const late = await this.#round(later, { cause: ask.cause });
    const runs = [...first.runs, ...late.runs];
    const turns = new Set([...(scope.turn === undefined ? [] : [scope.turn]), ...first.turns, ...late.turns]);
    const wedged = await this.#wedged([...turns]);
    const failed = runs.filter((run) => wedged.has(run.child));
    for (const run of failed)
      this.#deps.log.error({ run: run.id, session: run.child, code: 'stop_forced' }, 'turn did not stop in 1 s');
    for (const run of runs) this.#deps.ended(run);
    const own = scope.session;
    await this.#deps.unmark([...(own === undefined ? [] : [own]), ...runs.map((run) => run.child)]);
    const ended = scope.turn !== undefined && !wedged.has(scope.turn.session);
    return {
      // The session's own turn is counted as a turn, not once more as a run.
      stopped: runs.filter((run) => !wedged.has(run.child) && !(ended && run.child === own)),
      alreadyFinished: first.finished,
      failed,
      turns: ended ? 1 : 0,
      wedged: scope.turn !== undefined && !ended && !failed.some((run) => run.child === own),
      messages: first.messages + late.messages,
      untold: [...first.untold, ...late.untold],
    };
  }

  async #round(scope: Scope, ask: StopAsk): Promise<Stopped> {
    const { runs, finished, untold } = await this.#deps.database.write((sql) => this.#record(sql, scope, ask));
    if (ask.announce !== undefined) this.#deps.sent();
    const turns = runs.flatMap((run) => this.#deps.abort(run.child, ask.cause) ?? []);
    const removed = runs.flatMap((run) => [...this.#deps.clear(run.child, resultsOf(run))]);
    return { runs, finished, turns, untold, messages: await this.#discard(removed) };
  }

  /** Inside the transaction, so that nothing is started or ends between looking and recording. */
  #record(sql: Sql, scope: Scope, ask: StopAsk): Pick<Stopped, 'runs' | 'finished' | 'untold'> {
    const { registry, clock } = this.#deps;
    const roots = scope.roots();
    const chosen = new Set(roots.map((run) => run.id));
    const by = ask.cause === 'timeout' ? 'cascade' : ask.cause;
    const own = { outcome: ask.outcome ?? ({ kind: 'stopped', by } as const), ...(ask.announce && posted) };
    const below = { outcome: { kind: 'stopped', by: by === 'budget' ? 'budget' : 'cascade' } } as const;
    const untold = scope.session === undefined ? [] : [...this.#dropOwed(sql, scope.session)];
    if (scope.own !== undefined) this.#deps.forget(sql, scope.own);
    const runs = this.#withBelow(roots).flatMap((run) => {
      const end = { ...(chosen.has(run.id) ? own : below), now: clock.now() };
      if (end.outcome.kind === 'stopped') {
        untold.push(...this.#dropOwed(sql, run.child));
        this.#deps.forget(sql, { session: run.child, ...this.#deps.inHand(run.child) });
      }
      return endRun(sql, registry, run.id, end) ?? [];
    });
    const told = runs.filter((run) => chosen.has(run.id));
    if (told.length > 0) ask.announce?.(sql, told);
    return { runs, untold, finished: roots.filter((run) => isTerminal(run.state.status)) };
  }

  /** Returns what had a result. */
  #dropOwed(sql: Sql, session: SessionKey): readonly Run[] {
    const { registry, clock, archiveMinutes } = this.#deps;
    const owed = dropOwed(sql, registry, session, { now: clock.now(), archiveMinutes: archiveMinutes() });
    return owed.filter((run) => run.state.status !== 'stopped');
  }

  #withBelow(roots: readonly Run[]): readonly Run[] {
    const all = new Map<string, Run>();
    for (const root of roots) {
      if (all.has(root.id)) continue;
      all.set(root.id, root);
      for (const run of this.#deps.registry.activeBelow(root.child)) all.set(run.id, run);
    }
    return [...all.values()].filter((run) => !isTerminal(run.state.status));
  }

  /** Counts the messages; a folded one stands for several. */
  async #discard(removed: readonly MailItem[]): Promise<number> {
    const ids = removed.flatMap((item) => [item.id, ...(item.folds ?? [])]);
    if (ids.length > 0) await this.#deps.inboxDone(ids, 'stopped by a person');
    const messages = removed.filter((item) => item.kind === 'message' || item.kind === 'note');
    return messages.reduce((sum, item) => sum + (item.folds?.length ?? 1), 0);
  }

  /** Sessions whose turn did not end in time; their slots are taken from them by the scheduler. */
  async #wedged(turns: readonly ActiveTurn[]): Promise<ReadonlySet<SessionKey>> {
    const obeyed = await Promise.all(turns.map((turn) => this.#settled(turn)));
    return new Set(turns.filter((_, index) => obeyed[index] === false).map((turn) => turn.session));
  }

  async #settled(turn: ActiveTurn): Promise<boolean> {
    const over = new AbortController();
    const ended = turn.ended.then(() => over.abort());
    await Promise.race([ended, this.#deps.clock.sleep(patienceMs, over.signal)]);
    return over.signal.aborted;
  }
}

const posted = { delivery: { state: 'sending', attempts: 0 } } as const;

/** A run that failed on its own leaves its children's results to whoever asked for it; a stopped one takes them along. */
function resultsOf(run: Run): 'dropped' | 'passed on' {
  return run.state.status === 'stopped' ? 'dropped' : 'passed on';
}
