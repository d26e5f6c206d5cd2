// Gathers what a spawn decision depends on. Used by runs.ts.
import type { Profiles } from '../agents/profile.ts';
import { threadBindingSettings } from '../bindings/expiry.ts';
import type { Route } from '../core/route.ts';
import { adapterFor } from '../delivery/account.ts';
import type { SpawnFacts } from '../runs/policy.ts';
import type { SpawnDeps } from '../runs/spawn.ts';
import type { EngineParts } from './parts.ts';
import type { Below } from './runs.ts';

const spawnTool = { name: 'sessions_spawn', group: 'session' } as const;

export function spawnFacts({ parts, process }: Below, profiles: Profiles): SpawnDeps['facts'] {
  return (caller, origin) => {
    const config = parts.config();
    const agents = parts.agents();
    const { subagents } = config.agents.defaults;
    const own = profiles.agent(caller);
    const asCaller = {
      agentId: caller.agentId,
      model: caller.model ?? own.model,
      thinking: caller.thinking ?? own.thinking,
    };
    const acp = parts.acp();
    return {
      removed: profiles.removal(caller, spawnTool),
      draining: process.draining(),
      policy: agents.spawnPolicy(caller.agentId),
      agents: new Map(agents.list().map((agent) => [agent.id, agent.runtime.type])),
      harnesses: acp.harnesses,
      acp,
      threads: threads(parts, origin),
      defaultContext: threadBindingSettings(config, origin).defaultSpawnContext,
      maxDepth: subagents.maxSpawnDepth,
      maxChildren: subagents.maxChildrenPerAgent,
      defaultTimeoutSeconds: subagents.runTimeoutSeconds,
      model: (target, argument) => agents.modelFor({ caller: asCaller, target, argument }),
      thinking: (target) => agents.thinkingFor({ caller: asCaller, target }).thinking,
      checkModel: parts.checkModel,
    };
  };
}

/** What this conversation offers a run that asks for a thread of its own. */
function threads(parts: EngineParts, origin: Route): SpawnFacts['threads'] {
  const adapter = adapterFor(parts.adapters, origin);
  if (adapter?.can.threads !== true || adapter.openThread === undefined) return 'none';
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
