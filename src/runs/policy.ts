// May this spawn happen, and with which effective values? Pure: the facts come in, one refusal or one plan comes out.
// Called by spawn.ts for the tool and for /subagents spawn alike, so that both are refused in the same words.
import { spawnRefusal } from '../core/errors.ts';
import type { Refusal, Result } from '../core/result.ts';
import type { Run } from '../core/run.ts';
import { type ThinkingLevel, thinkingLevels } from '../core/session.ts';
import type { SpawnRequest } from '../core/spawn.ts';

export interface SpawnPolicy {
  /** `own`: no list configured, only the caller's own agent. */
  readonly allow: 'own' | 'any' | readonly string[];
  /** Config key that holds or would hold the list. */
  readonly key: string;
  readonly requireAgentId: boolean;
}

export type ModelCheck =
  | { readonly kind: 'ok' }
  | { readonly kind: 'unknown'; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string; readonly fix: string };

/** Everything the decision depends on, gathered before it is made. */
export interface SpawnFacts {
  readonly caller: { readonly agentId: string; readonly depth: number };
  /** Set when tool policy took sessions_spawn from this session. */
  readonly removed?: { readonly stage: string; readonly fix: string } | undefined;
  readonly draining: boolean;
  readonly policy: SpawnPolicy;
  readonly agents: ReadonlyMap<string, 'native' | 'acp'>;
  readonly harnesses: ReadonlySet<string>;
  readonly acp: AcpFacts;
  /** What this conversation offers: threads, none, or threads that may not be bound. */
  readonly threads: 'available' | 'none' | { readonly why: string; readonly fix: string };
  readonly defaultContext: 'isolated' | 'fork';
  readonly maxDepth: number;
  readonly activeChildren: number;
  readonly maxChildren: number;
  readonly defaultTimeoutSeconds: number;
  readonly model: (agentId: string, argument: string | undefined) => string;
  readonly thinking: (agentId: string) => ThinkingLevel;
  readonly checkModel: (ref: string, agentId: string) => ModelCheck;
  /** Budget and breaker, asked last. */
  readonly budget: (agentId: string) => Refusal | undefined;
}

export interface AcpFacts {
  readonly defaultAgent: string | undefined;
  /** `undefined`: only the default agent. */
  readonly allowedAgents: readonly string[] | undefined;
  /** Why a harness cannot be used right now: ACP code, message, next step. */
  readonly unavailable: (
    harness: string,
  ) => { readonly code: string; readonly message: string; readonly next: string } | undefined;
}

export interface SpawnPlan {
  readonly agentId: string;
  readonly runtime: 'native' | 'acp';
  readonly mode: 'run' | 'session';
  readonly thread: boolean;
  readonly context: 'isolated' | 'fork';
  readonly cleanup: 'keep' | 'delete';
  readonly model: string;
  readonly thinking: ThinkingLevel;
  readonly timeoutSeconds: number;
  /** Of a coding agent, see `Run`. */
  readonly external: Pick<Run, 'resumeSessionId' | 'streamTo'>;
  readonly role: 'orchestrator' | 'leaf';
  readonly warnings: readonly string[];
}

/** The first failed check answers; the order is fixed. */
export function decideSpawn(request: SpawnRequest, facts: SpawnFacts): Result<SpawnPlan> {
  const target = chooseTarget(request, facts);
  const refusal =
    removedRefusal(facts) ??
    (facts.draining ? spawnRefusal.draining() : undefined) ??
    agentIdRefusal(request, facts) ??
    knownRefusal(request, target, facts) ??
    allowRefusal(request, target, facts) ??
    runtimeRefusal(request, target, facts) ??
    threadRefusal(request, facts) ??
    (request.sandbox === 'require' ? spawnRefusal.sandboxUnavailable() : undefined) ??
    limitRefusal(facts);
  if (refusal !== undefined) return { ok: false, refusal };
  return plan(request, target ?? facts.caller.agentId, facts);
}

/** The agent meant; undefined when `runtime: "acp"` names none and no default is set. */
function chooseTarget(request: SpawnRequest, facts: SpawnFacts): string | undefined {
  if (request.agentId !== undefined) return request.agentId;
  return request.runtime === 'acp' ? facts.acp.defaultAgent : facts.caller.agentId;
}

function removedRefusal(facts: SpawnFacts): Refusal | undefined {
  return facts.removed === undefined
    ? undefined
    : spawnRefusal.toolUnavailable('sessions_spawn', facts.removed.stage, facts.removed.fix);
}

function allowedIds(request: SpawnRequest, facts: SpawnFacts): readonly string[] {
  const harnesses = request.runtime === 'acp' ? allowedHarnesses(facts) : [];
  return [...new Set([...allowedAgents(facts), ...harnesses])];
}

/** Harnesses may be started by `acp.allowedAgents`, whatever allowAgents says. */
export function allowedHarnesses({ acp, harnesses }: Pick<SpawnFacts, 'acp' | 'harnesses'>): readonly string[] {
  const allowed = acp.allowedAgents ?? (acp.defaultAgent === undefined ? [] : [acp.defaultAgent]);
  return allowed.includes('*') ? [...harnesses] : allowed;
}

function allowedAgents(facts: SpawnFacts): readonly string[] {
  const { allow } = facts.policy;
  if (allow === 'any') return [...facts.agents.keys()];
  if (allow === 'own') return [facts.caller.agentId];
  return allow.filter((id) => facts.agents.has(id));
}

function agentIdRefusal(request: SpawnRequest, facts: SpawnFacts): Refusal | undefined {
  const needed = facts.policy.requireAgentId && request.agentId === undefined;
  return needed ? spawnRefusal.agentIdRequired(allowedIds(request, facts)) : undefined;
}

function knownRefusal(request: SpawnRequest, target: string | undefined, facts: SpawnFacts): Refusal | undefined {
  if (target === undefined) return spawnRefusal.acpAgentRequired();
  if (facts.agents.has(target)) return undefined;
  const known = [...facts.agents.keys()];
  if (!facts.harnesses.has(target)) return spawnRefusal.agentUnknown(target, known);
  return request.runtime === 'acp' ? undefined : spawnRefusal.agentIsHarness(target, known);
}

/** Native targets obey allowAgents; harnesses obey acp.allowedAgents, checked with the runtime. */
function allowRefusal(request: SpawnRequest, target: string | undefined, facts: SpawnFacts): Refusal | undefined {
  const { caller, policy } = facts;
  if (target === undefined || !facts.agents.has(target)) return undefined;
  if (policy.allow === 'any') return undefined;
  if (policy.allow !== 'own' && policy.allow.length === 0)
    return spawnRefusal.allowlistEmpty(caller.agentId, policy.key);
  if (request.agentId === undefined) return undefined;
  if (policy.allow === 'own') {
    return target === caller.agentId ? undefined : spawnRefusal.onlyItself(caller.agentId, target, policy.key);
  }
  if (policy.allow.includes(target)) return undefined;
  return spawnRefusal.notInList(caller.agentId, target, allowedAgents(facts), policy.key);
}

function runtimeRefusal(request: SpawnRequest, target: string | undefined, facts: SpawnFacts): Refusal | undefined {
  if (target === undefined) return undefined;
  const backed = facts.agents.get(target);
  if (request.runtime === 'acp' && backed === 'native') return spawnRefusal.wrongRuntime(target);
  if (request.runtime !== 'acp' && backed !== 'acp') return undefined;
  const { acp } = facts;
  if (backed === undefined) {
    const allowed = allowedHarnesses(facts);
    if (!allowed.includes(target)) return spawnRefusal.acpAgentNotAllowed(target, allowed);
  }
  const problem = acp.unavailable(target);
  return problem === undefined ? undefined : spawnRefusal.acpUnavailable(problem.code, problem.message, problem.next);
}

function threadRefusal(request: SpawnRequest, facts: SpawnFacts): Refusal | undefined {
  if (request.mode === 'session' && request.thread !== true) return spawnRefusal.modeRequiresThread();
  if (request.thread !== true) return undefined;
  if (facts.threads === 'none') return spawnRefusal.threadRequired();
  if (facts.threads === 'available') return undefined;
  return spawnRefusal.threadBindingInvalid(facts.threads.why, facts.threads.fix);
}

function limitRefusal(facts: SpawnFacts): Refusal | undefined {
  if (facts.caller.depth >= facts.maxDepth) return spawnRefusal.depthExceeded(facts.caller.depth, facts.maxDepth);
  if (facts.activeChildren >= facts.maxChildren) {
    return spawnRefusal.childrenExceeded(facts.activeChildren, facts.maxChildren);
  }
  return undefined;
}

function plan(request: SpawnRequest, agentId: string, facts: SpawnFacts): Result<SpawnPlan> {
  const acp = request.runtime === 'acp' || facts.agents.get(agentId) === 'acp';
  const warnings: string[] = [];
  const model = acp ? agentId : chooseModel(request, agentId, facts, warnings);
  if (typeof model !== 'string') return { ok: false, refusal: model };
  const spent = facts.budget(agentId);
  if (spent !== undefined) return { ok: false, refusal: spent };
  noteUnused(request, acp, warnings);
  const thread = request.thread === true;
  return {
    ok: true,
    value: {
      agentId,
      runtime: acp ? 'acp' : 'native',
      mode: request.mode ?? (thread ? 'session' : 'run'),
      thread,
      context: acp ? 'isolated' : (request.context ?? (thread ? facts.defaultContext : 'isolated')),
      cleanup: request.cleanup ?? 'keep',
      model,
      thinking: chooseThinking(request, agentId, facts, warnings),
      timeoutSeconds: request.runTimeoutSeconds ?? facts.defaultTimeoutSeconds,
      external: acp ? external(request) : {},
      role: facts.caller.depth + 1 < facts.maxDepth ? 'orchestrator' : 'leaf',
      warnings,
    },
  };
}

function external({ resumeSessionId, streamTo }: SpawnRequest): SpawnPlan['external'] {
  return {
    ...(resumeSessionId === undefined ? {} : { resumeSessionId }),
    ...(streamTo === undefined ? {} : { streamTo }),
  };
}

const modelFix = 'Set a known provider/model in agents.defaults.subagents.model or agents.defaults.model.';

function chooseModel(request: SpawnRequest, agentId: string, facts: SpawnFacts, warnings: string[]): string | Refusal {
  const fallback = facts.model(agentId, undefined);
  const wanted = facts.model(agentId, request.model);
  const check = facts.checkModel(wanted, agentId);
  switch (check.kind) {
    case 'ok':
      return wanted;
    case 'unavailable':
      return spawnRefusal.modelUnavailable(check.message, check.fix);
    case 'unknown': {
      const second = wanted === fallback ? check : facts.checkModel(fallback, agentId);
      if (second.kind === 'unavailable') return spawnRefusal.modelUnavailable(second.message, second.fix);
      if (second.kind === 'unknown') return spawnRefusal.modelUnavailable(second.message, modelFix);
      warnings.push(`${check.message} Using ${fallback}.`);
      return fallback;
    }
  }
}

function chooseThinking(request: SpawnRequest, agentId: string, facts: SpawnFacts, warnings: string[]): ThinkingLevel {
  const usual = facts.thinking(agentId);
  if (request.thinking === undefined) return usual;
  const asked = request.thinking.toLowerCase();
  const level = thinkingLevels.find((known) => known === asked);
  if (level !== undefined) return level;
  warnings.push(`thinking "${request.thinking}" is not one of ${thinkingLevels.join(', ')}. Using ${usual}.`);
  return usual;
}

/** Parameters that mean something only to the other runtime are ignored, and say so. */
function noteUnused(request: SpawnRequest, acp: boolean, warnings: string[]): void {
  if (acp) {
    if (request.context === 'fork') warnings.push('context "fork" is for native agents and was ignored.');
    if (request.model !== undefined) warnings.push('model is for native agents and was ignored; /acp model sets it.');
    return;
  }
  if (request.resumeSessionId !== undefined) warnings.push('resumeSessionId is for ACP agents and was ignored.');
  if (request.streamTo !== undefined) warnings.push('streamTo is for ACP agents and was ignored.');
}
