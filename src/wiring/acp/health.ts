// Which coding agents a check looks at, and how each was found. Used by services.ts for `/acp doctor`, and by the doctor.
import { probeHarness } from '../../acp/doctor.ts';
import { canonical, harnessIds } from '../../acp/harnesses.ts';
import type { AgentRegistry } from '../../agents/registry.ts';
import type { Config } from '../../infra/config.ts';
import type { Engine } from '../engine.ts';
import { harnessOf, isInstalled } from './facts.ts';

type Health = Awaited<ReturnType<typeof probeHarness>>;
type Checked = Pick<Engine, 'acp' | 'parts'>;

/** Those that are meant to be used: named in the settings, or behind an agent. */
export function meantToWork(settings: Config['acp'], agents: AgentRegistry): readonly string[] {
  const { defaultAgent, allowedAgents = [], agents: own } = settings;
  const backing = agents
    .list()
    .filter(({ runtime }) => runtime.type === 'acp')
    .map(({ id }) => harnessOf(agents, id));
  const usual = defaultAgent === undefined ? [] : [harnessOf(agents, defaultAgent)];
  const named = [...usual, ...allowedAgents, ...Object.keys(own)].filter((id) => id !== '*');
  return [...new Set([...named, ...backing].map(canonical))];
}

/** And those that are there; one to begin with where there are none. */
export function toCheck({ acp, parts }: Checked): readonly string[] {
  const settings = acp.open.settings();
  const present = harnessIds(settings.agents).filter((id) => isInstalled(acp.open, id));
  const all = [...meantToWork(settings, parts.agents()), ...present.map(canonical)];
  return all.length === 0 ? ['claude'] : [...new Set(all)];
}

/** Starts each of them once. One at a time: each is as large as a browser. */
export async function probeAll({ acp }: Checked, ids: readonly string[]): Promise<readonly Health[]> {
  const found: Health[] = [];
  for (const id of ids) found.push(await probeHarness(acp.open, id));
  return found;
}
