// Starts a run: decide, record, open its session, hand its task to the turn engine, and answer at once.
// 1 same call, same run  2 decide and record in one transaction  3 session and fork  4 number  5 first turn, not awaited
// Called by the sessions_spawn tool and by /subagents spawn.
import { deriveLabel } from '../core/format.ts';
import { ok, type Refusal, type Result } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import { isTerminal, type Run } from '../core/run.ts';
import { noUsage, type Session, subagentKey } from '../core/session.ts';
import type { SpawnAccepted, SpawnRequest } from '../core/spawn.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import type { Budgets } from './budget.ts';
import type { Numbers } from './numbers.ts';
import { decideSpawn, type SpawnFacts, type SpawnPlan } from './policy.ts';
import type { RunRegistry } from './registry.ts';

/** Work given to the turn engine; the parts of its items that runs need. */
export interface RunItem {
  readonly id: string;
  readonly kind: 'task' | 'note' | 'completion' | 'wake';
  readonly text: string;
  readonly at: number;
  readonly tree: string;
  readonly group?: string;
  readonly route?: Route;
  readonly from?: string;
  readonly steerable: boolean;
}

export interface SpawnAsk {
  readonly request: SpawnRequest;
  readonly caller: Session;
  readonly askedBy: 'agent' | 'person';
  /** Turn or command that asks; its completions are handed over together. */
  readonly turn: string;
  readonly tree: string;
  /** Requester turn + tool-call id, or the command's intake row: repeated, it is the same run. */
  readonly key: string;
  readonly origin: Route;
}

export interface SpawnDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly sessions: Sessions;
  readonly transcripts: Pick<Transcripts, 'read' | 'append' | 'fork'>;
  readonly numbers: Numbers;
  readonly budgets: Budgets;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Facts that do not live in the runs table. */
  readonly facts: (caller: Session, origin: Route) => Omit<SpawnFacts, 'activeChildren' | 'budget' | 'caller'>;
  readonly offer: (session: Session, item: RunItem) => { readonly ahead: number };
  /** Opens and binds a thread of its own before the first output; a refusal undoes nothing, since nothing exists yet. */
  readonly openThread: (
    origin: Route,
    run: { readonly label: string; readonly child: string; readonly agentId: string },
  ) => Promise<Result<Route>>;
}

export type Spawned = SpawnAccepted & { readonly number: number; readonly ahead: number };

/** Silent for longer than this, or than its own time limit and ten minutes, a run no longer counts as alive. */
const staleMs = 2 * 60 * 60_000;

export function isStale(run: Run, now: number): boolean {
  if (isTerminal(run.state.status) || run.state.status === 'waiting') return false;
  const limit = Math.max(staleMs, run.timeoutSeconds * 1000 + 10 * 60_000);
  return now - run.lastEventAt > limit;
}

export class Spawner {
  readonly #deps: SpawnDeps;

  constructor(deps: SpawnDeps) {
    this.#deps = deps;
  }

  async spawn(ask: SpawnAsk): Promise<Result<Spawned>> {
    const { registry, log, database } = this.#deps;
    log.debug({ session: ask.caller.key, agent: ask.request.agentId, turn: ask.turn }, 'spawn attempted');
    const again = registry.bySpawnKey(ask.key);
    if (again !== undefined) return ok(await this.#answer(again, 0));
    const child = this.#deps.ids.uuid();
    const thread = ask.request.thread === true ? await this.#thread(ask, child) : undefined;
    if (thread !== undefined && !thread.ok) return this.#refused(ask, thread.refusal);
    const decided = await database.write((sql): Result<Run> => {
      const plan = this.#decide(ask, sql);
      if (!plan.ok) return plan;
      const run = this.#record(ask, plan.value, child, sql);
      this.#deps.budgets.open(sql, ask.tree, { session: ask.caller.controlScope, origin: ask.origin });
      registry.insert(sql, ask.key, run);
      return ok(run);
    });
    if (!decided.ok) return this.#refused(ask, decided.refusal);
    const run = decided.value;
    log.info(
      { run: run.id, session: run.child, requester: run.requester, agent: run.agentId, model: run.model },
      'run accepted',
    );
    const session = await this.openSession(run, ask.caller);
    await this.#fork(run, ask.caller, session);
    const ahead = this.start(run, session);
    return ok(await this.#answer(run, ahead));
  }

  /** The child's session; also called for a run whose session was never written because the process died between. */
  openSession(run: Run, caller: Pick<Session, 'controlScope' | 'ownerOnly'>): Promise<Session> {
    return this.#deps.sessions.open(run.child, {
      id: run.childSessionId,
      kind: run.runtime === 'acp' ? 'acp' : 'subagent',
      agentId: run.agentId,
      depth: run.depth,
      role: run.role,
      requester: run.requester,
      runId: run.id,
      controlScope: caller.controlScope,
      ownerOnly: caller.ownerOnly,
      model: run.model,
      thinking: run.thinking,
    });
  }

  /** Hands the task to the turn engine. Returns how many turns are ahead of it. */
  start(run: Run, session: Session): number {
    const item: RunItem = {
      id: `task:${run.id}`,
      kind: 'task',
      text: run.task,
      at: this.#deps.clock.now(),
      tree: run.tree,
      steerable: false,
    };
    return this.#deps.offer(session, item).ahead;
  }

  #decide(ask: SpawnAsk, sql: Sql): Result<SpawnPlan> {
    const { registry, clock, budgets } = this.#deps;
    const now = clock.now();
    const active = registry.activeChildren(ask.caller.key, sql).filter((run) => !isStale(run, now));
    return decideSpawn(ask.request, {
      ...this.#deps.facts(ask.caller, ask.origin),
      caller: { agentId: ask.caller.agentId, depth: ask.caller.depth },
      activeChildren: active.length,
      budget: (agentId) => budgets.refusal(ask.tree) ?? budgets.breaker(ask.tree, agentId, ask.request.task),
    });
  }

  #record(ask: SpawnAsk, plan: SpawnPlan, child: string, sql: Sql): Run {
    const { clock, ids, registry } = this.#deps;
    const now = clock.now();
    const siblings = registry.labelsIn(ask.caller.controlScope, sql);
    return {
      id: ids.uuid(),
      tree: ask.tree,
      child: subagentKey(plan.agentId, ask.caller.key, child),
      childSessionId: ids.uuid(),
      requester: ask.caller.key,
      requesterTurn: ask.turn,
      ...(ask.caller.runId === undefined ? {} : { parent: ask.caller.runId }),
      origin: ask.origin,
      askedBy: ask.askedBy,
      agentId: plan.agentId,
      runtime: plan.runtime,
      mode: plan.mode,
      depth: ask.caller.depth + 1,
      role: plan.role,
      task: ask.request.task,
      label: uniqueLabel(ask.request.label ?? deriveLabel(ask.request.task), siblings),
      model: plan.model,
      thinking: plan.thinking,
      context: plan.context,
      cleanup: plan.cleanup,
      timeoutSeconds: plan.timeoutSeconds,
      warnings: [...plan.warnings],
      usage: noUsage,
      acceptedAt: now,
      lastEventAt: now,
      state: { status: 'queued' },
      delivery: { state: 'none', attempts: 0 },
    };
  }

  async #thread(ask: SpawnAsk, child: string): Promise<Result<Route>> {
    const plan = this.#decide(ask, this.#deps.database.read);
    if (!plan.ok) return plan;
    const label = ask.request.label ?? deriveLabel(ask.request.task);
    const key = subagentKey(plan.value.agentId, ask.caller.key, child);
    return this.#deps.openThread(ask.origin, { label, child: key, agentId: plan.value.agentId });
  }

  async #fork(run: Run, caller: Session, session: Session): Promise<void> {
    if (run.context !== 'fork') return;
    await this.#deps.transcripts.fork(caller.id, session.id);
  }

  async #answer(run: Run, ahead: number): Promise<Spawned> {
    return {
      status: 'accepted',
      runId: run.id,
      childSessionKey: run.child,
      label: run.label,
      agentId: run.agentId,
      runtime: run.runtime === 'acp' ? 'acp' : 'subagent',
      mode: run.mode,
      context: run.context,
      model: run.model,
      thinking: run.thinking,
      runTimeoutSeconds: run.timeoutSeconds,
      warnings: run.warnings,
      number: await this.#deps.numbers.of(run.origin, run.id),
      ahead,
    };
  }

  #refused(ask: SpawnAsk, refusal: Refusal): Result<never> {
    this.#deps.log.error(
      { session: ask.caller.key, code: refusal.code, agent: ask.request.agentId, reason: refusal.message },
      'spawn refused',
    );
    return { ok: false, refusal };
  }
}

/** `name`, or `name-2`, `name-3`, … so that a label names one run. `last` and `all` mean something else in commands. */
export function uniqueLabel(wanted: string, taken: ReadonlySet<string>): string {
  const base = wanted === 'last' || wanted === 'all' ? `${wanted}-1` : wanted;
  if (!taken.has(base.toLowerCase())) return base;
  for (let suffix = 2; ; suffix += 1) {
    const label = `${base}-${suffix}`;
    if (!taken.has(label.toLowerCase())) return label;
  }
}
