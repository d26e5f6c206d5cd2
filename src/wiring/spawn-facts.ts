// Gathers what a spawn decision depends on. Used by runs.ts.
import type { Profiles } from '../agents/profile.ts';
import type { ModelRequest } from '../agents/registry.ts';
import { threadBindingSettings } from '../bindings/expiry.ts';
import { opensThreads } from '../core/channel.ts';
import { unknown } from '../core/format.ts';
import type { Route } from '../core/route.ts';
import type { AgentInfo } from '../core/services.ts';
import type { Session } from '../core/session.ts';
import { adapterFor } from '../delivery/account.ts';
import { allowedHarnesses, type SpawnFacts } from '../runs/policy.ts';
import type { SpawnDeps } from '../runs/spawn.ts';
import type { EngineParts } from './parts.ts';
import type { Below } from './runs.ts';

const spawnTool = { name: 'sessions_spawn', group: 'session' } as const;

type Caller = ModelRequest['caller'];

/** A session as the one who asks: its own model and thinking level, which children of the same agent inherit. */
function callerOf(profiles: Profiles, session: Session): Caller {
  const own = profiles.agent(session);
  const { agentId } = session;
  return { agentId, model: session.model ?? own.model, thinking: session.thinking ?? own.thinking };
}

export function spawnFacts({ parts, process, acp: external }: Below, profiles: Profiles): SpawnDeps['facts'] {
  return (caller, origin) => {
    const config = parts.config();
    const agents = parts.agents();
    const { subagents } = config.agents.defaults;
    const asCaller = callerOf(profiles, caller);
    const acp = external.facts(caller);
    return {
      removed: profiles.removal(caller, spawnTool),
      draining: process.draining(),
      policy: agents.spawnPolicy(caller.agentId),
      agents: new Map(agents.list().map((agent) => [agent.id, agent.runtime.type])),
      harnesses: acp.harnesses,
      acp,
      threads: threadsAt(parts, origin),
      defaultContext: threadBindingSettings(config, origin).defaultSpawnContext,
      maxDepth: subagents.maxSpawnDepth,
      maxChildren: subagents.maxChildrenPerAgent,
      defaultTimeoutSeconds: subagents.runTimeoutSeconds,
      model: (target, argument) => agents.modelFor({ caller: asCaller, target, argument }),
      thinking: (target) => agents.thinkingFor({ caller: asCaller, target }),
      checkModel: parts.checkModel,
    };
  };
}

/** What a session may start now, each with the model it would run on; a harness brings its own. */
export function spawnTargets(
  below: Pick<Below, 'parts' | 'acp'>,
  profiles: Profiles,
  session: Session,
): readonly AgentInfo[] {
  const [agents, acp, caller] = [below.parts.agents(), below.acp.facts(session), callerOf(profiles, session)];
  const usable = (id: string): boolean => acp.enabled && acp.unavailable(id) === undefined;
  const own = agents.targets(session.agentId).flatMap(({ id, name, runtime }): readonly AgentInfo[] => {
    if (runtime.type === 'native')
      return [{ id, name, runtime: 'native', model: agents.modelFor({ caller, target: id }) }];
    return usable(id) ? [external(id, name)] : [];
  });
  const taken = new Set(agents.list().map((agent) => agent.id));
  const harnesses = allowedHarnesses({ acp, harnesses: acp.harnesses }).filter((id) => !taken.has(id) && usable(id));
  return [...own, ...harnesses.map((id) => external(id, id))];
}

function external(id: string, name: string): AgentInfo {
  return { id, name, model: unknown, runtime: 'acp' };
}

/** What a conversation offers a run, or a coding agent, that is to have a thread of its own. */
export function threadsAt(parts: EngineParts, origin: Route): SpawnFacts['threads'] {
  const adapter = adapterFor(parts.adapters, origin);
  const inThread = origin.thread !== undefined;
  if (adapter?.openThread === undefined || !(inThread || opensThreads(adapter, origin))) return 'none';
  const settings = threadBindingSettings(parts.config(), origin);
  const key = 'session.threadBindings';
  if (!settings.enabled) return { why: `bindings are switched off (${key}.enabled)`, fix: `Set ${key}.enabled: true.` };
  if (!settings.spawnSessions) {
    return {
      why: `agents may not open threads (${key}.spawnSessions)`,
      fix: `Set ${key}.spawnSessions: true, or use /focus.`,
    };
  }
  return 'available';
}
