// Starts a run: decide, record, open its session, hand its task to the turn engine, and answer at once.
// 1 same call, same run  2 its thread, if it gets one  3 decide and record in one transaction  4 session and fork
// 5 first turn, not awaited  6 number. Called by the sessions_spawn tool and by /subagents spawn.
import { spawnRefusal } from '../core/errors.ts';
import { deriveLabel, oneLine } from '../core/format.ts';
import { ok, type Refusal, type Result } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import { acpKey, noUsage, type Session, type SessionKey, subagentKey } from '../core/session.ts';
import type { SpawnAccepted, SpawnRequest } from '../core/spawn.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import type { Budgets } from './budget.ts';
import { isStale } from './liveness.ts';
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
  /** Person who asks, or whose work asks. */
  readonly startedBy?: Run['startedBy'];
  /** Turn or command that asks; its completions are handed over together. */
  readonly turn: string;
  readonly tree: string;
  /** Requester turn + tool-call id, or the command's intake row: repeated, it is the same run. */
  readonly key: string;
  readonly origin: Route;
  /** Id of the message that asks (see `InboundMessage`), in `origin`. */
  readonly messageId?: string | undefined;
  /** Nobody is to be told of its end. */
  readonly quiet?: true;
  /** Of the turn that asks: a stop that came first wins. */
  readonly signal?: AbortSignal;
}

/** Whom a thread is opened for. */
export interface NewThread {
  readonly label: string;
  readonly child: SessionKey;
  readonly agentId: string;
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
  /** Opens a thread and binds the child's session to it, before its first output. */
  readonly openThread: (ask: Pick<SpawnAsk, 'origin' | 'messageId'>, run: NewThread) => Promise<Result<Route>>;
  /** Takes that binding back: the run was refused after all. */
  readonly closeThread: (child: SessionKey) => Promise<void>;
}

export type Spawned = SpawnAccepted & { readonly number: number; readonly ahead: number };

/** What a run is going to be called, before it exists. */
interface Names {
  /** uuid at the end of the child's key. */
  readonly child: string;
  /** Given by the thread opened for it. */
  readonly label?: string;
}

export class Spawner {
  readonly #deps: SpawnDeps;
  /** The latest spawn of each session: one after another, so that none takes a place another one was promised. */
  readonly #spawning = new Map<SessionKey, Promise<unknown>>();

  constructor(deps: SpawnDeps) {
    this.#deps = deps;
  }

  async spawn(ask: SpawnAsk): Promise<Result<Spawned>> {
    const { caller, request, turn } = ask;
    this.#deps.log.debug({ session: caller.key, agent: request.agentId, turn }, 'spawn attempted');
    return this.#inOrder(caller.key, () => this.#spawn(ask));
  }

  async #spawn(ask: SpawnAsk): Promise<Result<Spawned>> {
    const { registry, log } = this.#deps;
    const again = registry.bySpawnKey(ask.key);
    if (again !== undefined) return ok(await this.#answer(again, 0));
    const decided = await this.#accept(ask);
    if (!decided.ok) return this.#refused(ask, decided.refusal);
    const run = decided.value;
    log.info(
      { run: run.id, session: run.child, requester: run.requester, agent: run.agentId, model: run.model },
      'run accepted',
    );
    const ahead = await this.begin(run, ask.caller);
    return ok(await this.#answer(run, ahead));
  }

  async #accept(ask: SpawnAsk): Promise<Result<Run>> {
    const { registry, database, budgets } = this.#deps;
    const child = this.#deps.ids.uuid();
    const thread = ask.request.thread === true ? await this.#thread(ask, child) : undefined;
    if (thread !== undefined && !thread.ok) return thread;
    const names = { child, ...(thread === undefined ? {} : { label: thread.value.label }) };
    const decided = await database.write((sql): Result<Run> => {
      const plan = ask.signal?.aborted
        ? ({ ok: false, refusal: spawnRefusal.turnStopped() } as const)
        : this.#decide(ask, sql);
      if (!plan.ok) return plan;
      const run = this.#record(ask, plan.value, names, sql);
      budgets.open(sql, ask.tree, { session: ask.caller.controlScope, origin: ask.origin });
      registry.insert(sql, ask.key, run);
      return ok(run);
    });
    if (!decided.ok && thread !== undefined) await this.#deps.closeThread(thread.value.child);
    return decided;
  }

  /** Opens a recorded run's session and starts it; also what a start does with a run no process had started yet. */
  async begin(run: Run, caller: Session): Promise<number> {
    const session = await this.openSession(run, caller);
    if (run.context === 'fork') await this.#deps.transcripts.fork(caller.id, session.id, run.requesterTurn);
    return this.start(run, session);
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
      text: run.context === 'fork' ? `${forkNote}\n${run.task}` : run.task,
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

  #record(ask: SpawnAsk, plan: SpawnPlan, names: Names, sql: Sql): Run {
    const { clock, ids } = this.#deps;
    const now = clock.now();
    return {
      id: ids.uuid(),
      tree: ask.tree,
      child: childKey(plan, ask.caller, names.child),
      childSessionId: ids.uuid(),
      requester: ask.caller.key,
      requesterTurn: ask.turn,
      ...(ask.caller.runId === undefined ? {} : { parent: ask.caller.runId }),
      origin: ask.origin,
      ...{ askedBy: ask.askedBy, startedBy: ask.startedBy, quiet: ask.quiet },
      ...{ agentId: plan.agentId, runtime: plan.runtime, mode: plan.mode },
      depth: ask.caller.depth + 1,
      role: plan.role,
      task: ask.request.task,
      label: names.label ?? this.#label(ask, sql),
      model: plan.model,
      thinking: plan.thinking,
      context: plan.context,
      ...{ cleanup: plan.cleanup, timeoutSeconds: plan.timeoutSeconds },
      ...plan.external,
      warnings: [...plan.warnings],
      usage: noUsage,
      acceptedAt: now,
      lastEventAt: now,
      state: { status: 'queued' },
      delivery: { state: 'none', attempts: 0 },
    };
  }

  async #thread(ask: SpawnAsk, uuid: string): Promise<Result<{ readonly child: SessionKey; readonly label: string }>> {
    const { read } = this.#deps.database;
    const plan = this.#decide(ask, read);
    if (!plan.ok) return plan;
    const [label, child] = [this.#label(ask, read), childKey(plan.value, ask.caller, uuid)];
    const opened = await this.#deps.openThread(ask, { label, child, agentId: plan.value.agentId });
    return opened.ok ? ok({ child, label }) : opened;
  }

  #label(ask: SpawnAsk, sql: Sql): string {
    const given = oneLine(ask.request.label ?? '');
    const wanted = given === '' ? deriveLabel(ask.request.task) : given;
    return uniqueLabel(wanted, this.#deps.registry.labelsLike(ask.caller.controlScope, wanted, sql));
  }

  #inOrder<T>(session: SessionKey, work: () => Promise<T>): Promise<T> {
    const mine = (this.#spawning.get(session) ?? Promise.resolve()).then(work, work);
    const done = (): void => {
      if (this.#spawning.get(session) === mine) this.#spawning.delete(session);
    };
    this.#spawning.set(session, mine);
    mine.then(done, done);
    return mine;
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

/** A forked transcript begins with somebody else's words; the task has to stand out from them. */
const forkNote =
  '[Everything above was copied from the session that started you, as background. You are its sub-agent; your task is only this:]';

function childKey(plan: SpawnPlan, caller: Session, uuid: string): SessionKey {
  return plan.runtime === 'acp' ? acpKey(plan.agentId, uuid) : subagentKey(plan.agentId, caller.key, uuid);
}

/** `name`, or `name-2`, `name-3`, … so that a label names one run. `last` and `all` mean something else in commands. */
export function uniqueLabel(wanted: string, taken: ReadonlySet<string>): string {
  const base = /^(?:last|all)$/i.test(wanted) ? `${wanted}-1` : wanted;
  if (!taken.has(base.toLowerCase())) return base;
  for (let suffix = 2; ; suffix += 1) {
    const label = `${base}-${suffix}`;
    if (!taken.has(label.toLowerCase())) return label;
  }
}
