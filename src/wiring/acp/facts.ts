// What spawn checks know of external coding agents: which there are, which may be started, and why one cannot be used now.
// Part of layer.ts.
import { AcpError, type AcpFault, acpFault, faultOf } from '../../acp/errors.ts';
import { harnessIds } from '../../acp/harnesses.ts';
import { locate, type OpenDeps } from '../../acp/open.ts';
import type { AgentRegistry } from '../../agents/registry.ts';
import type { Session } from '../../core/session.ts';
import type { AcpFacts } from '../../runs/policy.ts';

export interface HarnessFacts extends AcpFacts {
  readonly enabled: boolean;
  readonly harnesses: ReadonlySet<string>;
}

export interface FactsDeps {
  readonly open: Pick<OpenDeps, 'settings' | 'lookup'>;
  readonly agents: () => AgentRegistry;
}

/** @param asker the session that wants to start one; absent: a person with every right */
export function harnessFacts({ open, agents }: FactsDeps, asker?: Pick<Session, 'ownerOnly'>): HarnessFacts {
  const { enabled, defaultAgent, allowedAgents, agents: overrides, control } = open.settings();
  const closed = control === 'owner' && asker?.ownerOnly === false;
  return {
    enabled,
    defaultAgent,
    allowedAgents,
    harnesses: new Set([...harnessIds(overrides), ...Object.keys(overrides)]),
    unavailable: (id) => {
      const fault = closed && enabled ? acpFault.notAllowedHere() : unusable(open, harnessOf(agents(), id));
      return fault === undefined
        ? undefined
        : { code: fault.code, message: fault.message, next: fault.next.join('\nnext: ') };
    },
  };
}

/** The harness behind an agent of the config; every other id is one itself. */
export function harnessOf(agents: AgentRegistry, id: string): string {
  const agent = agents.get(id);
  return agent?.runtime.type === 'acp' ? (agent.runtime.agent ?? id) : id;
}

type Lookups = Pick<OpenDeps, 'settings' | 'lookup'>;

/** Why this harness could not even be started. */
export function unusable(open: Lookups, harness: string): AcpFault | undefined {
  return open.settings().enabled ? missing(open, harness) : acpFault.disabled();
}

/** Its program is there, whether or not it may be used. */
export function isInstalled(open: Lookups, harness: string): boolean {
  return missing(open, harness) === undefined;
}

function missing(open: Lookups, harness: string): AcpFault | undefined {
  try {
    locate(open, harness);
    return undefined;
  } catch (error) {
    if (!(error instanceof AcpError)) throw error;
    return faultOf(error, (message) => acpFault.unhealthy(harness, message));
  }
}
