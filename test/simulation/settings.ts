// The config of a simulation, parsed once for each combination of settings. Used by world.ts and the invariants.
import { type AgentRegistry, agentRegistry } from '../../src/agents/registry.ts';
import { type Config, configSchema } from '../../src/infra/config.ts';
import type { Settings } from './plan.ts';

/** Narrower than by default, so that few turns fill them. */
export const widths = { main: 2, subagent: 3 } as const;

/** Grace for turns when the process ends. */
export const drainSeconds = 10;

export interface Configured {
  readonly config: Config;
  readonly agents: AgentRegistry;
}

const known = new Map<string, Configured>();

export function configured(settings: Settings): Configured {
  const key = JSON.stringify(settings);
  const found = known.get(key) ?? make(settings);
  known.set(key, found);
  return found;
}

function make(settings: Settings): Configured {
  const people = { allowFrom: ['*'], dmPolicy: 'open', requireMention: false };
  const groups = Object.fromEntries(Array.from({ length: 4 }, (_, index) => [`g${index}`, {}]));
  const config = configSchema.parse({
    channels: {
      telegram: { token: 't', ...people, groups },
      discord: { token: 't', ...people, groups },
      whatsapp: { enabled: true, ...people, groups },
    },
    commands: {
      ownerAllowFrom: ['telegram', 'discord', 'whatsapp'].flatMap((channel) =>
        ['ann', 'ann0', 'ann1', 'ann2', 'ann3'].map((id) => `${channel}:${id}`),
      ),
    },
    session: { dmScope: 'per-channel-peer' },
    agents: {
      defaults: {
        maxConcurrent: widths.main,
        stall: { warnSeconds: 120, abortSeconds: 300 },
        subagents: {
          maxConcurrent: widths.subagent,
          maxSpawnDepth: 3,
          maxChildrenPerAgent: 3,
          runTimeoutSeconds: settings.runTimeout,
          archiveAfterMinutes: settings.archiveMinutes,
        },
      },
    },
    announce: { mode: { agentRuns: settings.agentRuns, userRuns: settings.userRuns } },
    messages: { queue: { mode: settings.mode, cap: settings.cap, drop: settings.drop } },
    gateway: { drainSeconds },
    budgets: { tree: { tokens: settings.treeTokens } },
  });
  return { config, agents: agentRegistry(config, { fallbackModel: 'scripted/one', workingDirectory: '/nowhere' }) };
}
