// What the agents section says and probably does not mean. Pure; called by registry.ts, logged at start.
import type { Config } from '../infra/config.ts';

export interface ConfigWarning {
  readonly code: 'short_form' | 'unknown_agent' | 'blocks_all';
  /** Key it is about. */
  readonly key: string;
  readonly message: string;
  readonly fix: string;
}

export function agentWarnings(config: Config): readonly ConfigWarning[] {
  const { list, defaults } = config.agents;
  const known = list.length === 0 ? ['main'] : list.map(({ id }) => id);
  const lists = list.flatMap((entry, index) => [
    { key: `agents.list[${index}].allowAgents`, ids: entry.allowAgents },
    { key: `agents.list[${index}].subagents.allowAgents`, ids: entry.subagents.allowAgents },
  ]);
  const all = [...lists, { key: 'agents.defaults.subagents.allowAgents', ids: defaults.subagents.allowAgents }];
  return [
    ...list.flatMap((entry, index) =>
      entry.allowAgents === undefined
        ? []
        : [shortForm(`agents.list[${index}]`, entry.subagents.allowAgents !== undefined)],
    ),
    ...all.flatMap(({ key, ids }) => (ids?.length === 0 ? [blocksAll(key)] : [])),
    ...all.flatMap(({ key, ids }) =>
      (ids ?? []).filter((id) => id !== '*' && !known.includes(id)).map((id) => unknownAgent(key, id, known)),
    ),
    ...config.bindings.flatMap(({ agentId }, index) =>
      known.includes(agentId) ? [] : [unknownAgent(`bindings[${index}].agentId`, agentId, known)],
    ),
  ];
}

function shortForm(agent: string, both: boolean): ConfigWarning {
  const place = `${agent}.subagents.allowAgents`;
  return {
    code: 'short_form',
    key: `${agent}.allowAgents`,
    message: both
      ? `${agent}.allowAgents is ignored, because ${place} is set too.`
      : `${agent}.allowAgents is a short form.`,
    fix: both ? `Remove ${agent}.allowAgents.` : `Move it to ${place}.`,
  };
}

function blocksAll(key: string): ConfigWarning {
  return {
    code: 'blocks_all',
    key,
    message: `${key} is [] and blocks every spawn.`,
    fix: 'Add agent ids, or remove the key to let an agent start itself.',
  };
}

function unknownAgent(key: string, id: string, known: readonly string[]): ConfigWarning {
  return {
    code: 'unknown_agent',
    key,
    message: `${key} names ${id}, which is no agent. Known: ${known.join(', ')}.`,
    fix: `Add ${id} to agents.list, or correct the name.`,
  };
}
