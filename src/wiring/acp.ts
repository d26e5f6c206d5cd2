// What spawn checks know of external coding agents in this version, which has no backend for them. Used by app.ts.
import type { Config } from '../infra/config.ts';
import type { EngineParts } from './parts.ts';

/** Ids people know, so that they get a true sentence instead of "unknown agent". */
const harnesses = ['claude', 'codex', 'gemini', 'opencode', 'copilot', 'qwen', 'droid', 'pi', 'cursor'];

export function acpFacts(config: () => Config): EngineParts['acp'] {
  return () => {
    const { enabled, defaultAgent, allowedAgents, agents } = config().acp;
    return {
      enabled,
      defaultAgent,
      allowedAgents,
      harnesses: new Set([...harnesses, ...Object.keys(agents)]),
      unavailable: (harness) =>
        enabled
          ? {
              code: 'ACP_BACKEND_MISSING',
              message: `this version has no backend for ${harness}.`,
              next: 'use a native agent: leave runtime out',
            }
          : {
              code: 'ACP_DISPATCH_DISABLED',
              message: 'external coding agents are switched off.',
              next: 'switchyard config set acp.enabled true',
            },
    };
  };
}
