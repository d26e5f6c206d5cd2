// Stops runs with everything below them: recorded as stopped first, then their turns are aborted side by side.
// What is recorded as stopped stays so: whatever still arrives from a turn that does not obey is dropped.
// Called by /stop, /subagents kill, the subagents tool, time limits, budgets and a parent's failure.

import type { MailItem } from '../agents/mailbox.ts';
import type { AbortCause, ActiveTurn } from '../agents/turn-types.ts';
import type { Outcome, Run } from '../core/run.ts';
import { isTerminal } from '../core/run.ts';
import type { StopReport } from '../core/services.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import { endRun } from './end-run.ts';
import type { RunRegistry } from './registry.ts';

/** Time a turn has to end after its abort before it is named as forced. */
const patienceMs = 1_000;

export interface StopDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly clock: Clock;
  readonly log: Log;
  readonly abort: (session: SessionKey, cause: AbortCause) => ActiveTurn | undefined;
  /** Removes what no turn has taken yet. */
  readonly clear: (session: SessionKey) => readonly MailItem[];
  readonly inboxDone: (itemIds: readonly string[], reason: string) => Promise<void>;
  readonly ended: (run: Run) => void;
}

export interface StopAsk {
  readonly cause: Extract<AbortCause, 'user' | 'cascade' | 'budget' | 'timeout'>;
  /** How the runs themselves end; default: stopped by the cause. Those below them are stopped by cascade. */
  readonly outcome?: Outcome;
}

export class Stopper {
  readonly #deps: StopDeps;

  constructor(deps: StopDeps) {
    this.#deps = deps;
  }

  /** Stops these runs and every run below them. Counts include descendants. */
  async stopRuns(roots: readonly Run[], ask: StopAsk): Promise<StopReport> {
    const all = this.#withBelow(roots);
    const finished = roots.filter((run) => isTerminal(run.state.status));
    const stopped = await this.#record(all, roots, ask);
    const turns = stopped.flatMap((run) => this.#abort(run.child, ask.cause));
    const messages = await this.#clear(stopped.map((run) => run.child));
    const failed = await this.#await(turns, stopped);
    for (const run of stopped) this.#deps.ended(run);
    return { stopped, alreadyFinished: finished, failed, turns: 0, messages };
  }

  /** Stops a session's own turn, what waits in it, and every run below it. */
  async stopSession(session: SessionKey, ask: StopAsk): Promise<StopReport> {
    const below = this.#deps.registry.activeBelow(session);
    const own = this.#deps.registry.byChild(session);
    const roots = own !== undefined && !isTerminal(own.state.status) ? [own, ...below] : below;
    const messages = await this.#clear([session]);
    const turn = this.#deps.abort(session, ask.cause);
    const report = await this.stopRuns(roots, ask);
    if (turn !== undefined) await this.#settled(turn);
    return { ...report, turns: turn === undefined ? 0 : 1, messages: messages + report.messages };
  }

  /** Everything below a session that failed or timed out. */
  async stopBelow(session: SessionKey): Promise<void> {
    const below = this.#deps.registry.activeBelow(session);
    if (below.length > 0) await this.stopRuns(below, { cause: 'cascade' });
  }

  #withBelow(roots: readonly Run[]): readonly Run[] {
    const all = new Map<string, Run>();
    for (const root of roots) {
      all.set(root.id, root);
      for (const run of this.#deps.registry.activeBelow(root.child)) all.set(run.id, run);
    }
    return [...all.values()].filter((run) => !isTerminal(run.state.status));
  }

  #record(all: readonly Run[], roots: readonly Run[], ask: StopAsk): Promise<readonly Run[]> {
    const { database, registry, clock } = this.#deps;
    const chosen = new Set(roots.map((run) => run.id));
    const now = clock.now();
    const by = ask.cause === 'timeout' ? 'cascade' : ask.cause;
    return database.write((sql) =>
      all.flatMap((run) => {
        const own: Outcome = ask.outcome ?? { kind: 'stopped', by };
        const outcome: Outcome = chosen.has(run.id)
          ? own
          : { kind: 'stopped', by: by === 'budget' ? 'budget' : 'cascade' };
        const ended = endRun(sql, registry, run.id, { outcome, now });
        return ended === undefined ? [] : [ended];
      }),
    );
  }

  #abort(session: SessionKey, cause: AbortCause): readonly ActiveTurn[] {
    const turn = this.#deps.abort(session, cause);
    return turn === undefined ? [] : [turn];
  }

  async #clear(sessions: readonly SessionKey[]): Promise<number> {
    const removed = sessions.flatMap((session) => [...this.#deps.clear(session)]);
    const ids = removed.flatMap((item) => [item.id, ...(item.folds ?? [])]);
    if (ids.length > 0) await this.#deps.inboxDone(ids, 'stopped by a person');
    return removed.filter((item) => item.kind === 'message' || item.kind === 'note').length;
  }

  /** Runs whose turn did not end in time; their slots are taken from them by the scheduler. */
  async #await(turns: readonly ActiveTurn[], stopped: readonly Run[]): Promise<readonly Run[]> {
    const obeyed = await Promise.all(turns.map((turn) => this.#settled(turn)));
    const wedged = new Set(turns.filter((_, index) => obeyed[index] === false).map((turn) => turn.session));
    const failed = stopped.filter((run) => wedged.has(run.child));
    for (const run of failed)
      this.#deps.log.error({ run: run.id, session: run.child, code: 'stop_forced' }, 'turn did not stop in 1 s');
    return failed;
  }

  async #settled(turn: ActiveTurn): Promise<boolean> {
    const over = new AbortController();
    const ended = turn.ended.then(() => over.abort());
    await Promise.race([ended, this.#deps.clock.sleep(patienceMs, over.signal)]);
    return over.signal.aborted;
  }
}
