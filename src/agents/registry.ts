// Who the agents are and what the config says about each: lookups over one config, rebuilt when it changes.
// Made by live-agents.ts.
import { resolve } from 'node:path';
import type { InboundMessage } from '../core/message.ts';
import { idsOf, samePerson } from '../core/person.ts';
import type { ThinkingLevel } from '../core/session.ts';
import type { Config } from '../infra/config.ts';
import type { SpawnPolicy } from '../runs/policy.ts';
import { agentWarnings, type ConfigWarning } from './agent-warnings.ts';

type AgentEntry = Config['agents']['list'][number];

/** One agent with its defaults filled in. */
export interface AgentDefinition {
  readonly id: string;
  readonly name: string;
  /** `provider/model` of its own chats; for an ACP agent whatever its harness calls a model, or the id of the harness. */
  readonly model: string;
  readonly thinking: ThinkingLevel;
  /** Absolute folder. */
  readonly workspace: string;
  readonly runtime: AgentEntry['runtime'];
  readonly tools: AgentEntry['tools'];
  /** Its own list of agents it may start, if it has one. */
  readonly allowAgents: readonly string[] | undefined;
  /** Where its keys stand, e.g. `agents.list[0]`; undefined for the agent that exists without any list. */
  readonly key: string | undefined;
}

export interface RegistryOptions {
  /** Used where no model is configured, `provider/model`. */
  readonly fallbackModel: string;
  /** Absolute. */
  readonly workingDirectory: string;
}

/** A spawn, as far as model and thinking level depend on it. */
export interface ModelRequest {
  readonly caller: { readonly agentId: string; readonly model: string; readonly thinking: ThinkingLevel };
  readonly target: string;
  /** From the call; undefined when it names none. */
  readonly argument?: string | undefined;
}

export interface AgentRegistry {
  /** At least one. */
  list(): readonly AgentDefinition[];
  get(id: string): AgentDefinition | undefined;
  default(): AgentDefinition;
  /** The agent that answers a message: the most specific binding, else the default agent. */
  bind(message: Pick<InboundMessage, 'route' | 'sender'>): AgentDefinition;
  /** What an agent may start. An id that is no agent (a harness) has only the default list. */
  spawnPolicy(agentId: string): SpawnPolicy;
  /** Existing agents it may start, for tool schemas and `agents_list`. */
  targets(agentId: string): readonly AgentDefinition[];
  /** Effective model of a spawn: argument, target's subagents.model, the default one, caller's (same agent) or target's own. */
  modelFor(request: ModelRequest): string;
  /** Thinking level of a spawn that names none, by the same order. */
  thinkingFor(request: Omit<ModelRequest, 'argument'>): ThinkingLevel;
  /** What is configured and probably not meant. */
  readonly warnings: readonly ConfigWarning[];
}

export function agentRegistry(config: Config, options: RegistryOptions): AgentRegistry {
  const agents = define(config, options);
  const byId = new Map(agents.map((agent) => [agent.id, agent]));
  const first = agents.find((_, index) => config.agents.list[index]?.default === true) ?? agents[0];
  const spawnPolicy = (agentId: string): SpawnPolicy => policyOf(config, byId.get(agentId));
  const entryOf = (agentId: string): AgentEntry | undefined => config.agents.list.find((entry) => entry.id === agentId);
  return {
    list: () => agents,
    get: (id) => byId.get(id),
    default: () => first,
    bind: (message) => byId.get(boundAgentId(config.bindings, message, byId) ?? '') ?? first,
    spawnPolicy,
    targets: (agentId) => targetsOf(spawnPolicy(agentId).allow, agentId, agents),
    modelFor: ({ caller, target, argument }) =>
      argument ??
      entryOf(target)?.subagents.model ??
      config.agents.defaults.subagents.model ??
      (caller.agentId === target ? caller.model : (byId.get(target)?.model ?? options.fallbackModel)),
    thinkingFor: ({ caller, target }) =>
      entryOf(target)?.subagents.thinking ??
      config.agents.defaults.subagents.thinking ??
      (caller.agentId === target
        ? caller.thinking
        : (byId.get(target)?.thinking ?? config.agents.defaults.thinking ?? 'off')),
    warnings: agentWarnings(config),
  };
}

function define(config: Config, options: RegistryOptions): readonly [AgentDefinition, ...AgentDefinition[]] {
  const { defaults, list } = config.agents;
  const model = defaults.model ?? options.fallbackModel;
  const thinking = defaults.thinking ?? 'off';
  const main: AgentDefinition = {
    ...{ id: 'main', name: 'main', model, thinking, workspace: options.workingDirectory },
    ...{ runtime: { type: 'native' }, tools: { nonOwner: [] }, allowAgents: undefined, key: undefined },
  };
  const [head, ...rest] = list.map(
    (entry, index): AgentDefinition => ({
      id: entry.id,
      name: entry.name ?? entry.id,
      model: entry.model ?? (entry.runtime.type === 'acp' ? (entry.runtime.agent ?? entry.id) : model),
      thinking: entry.thinking ?? thinking,
      workspace: resolve(options.workingDirectory, entry.workspace ?? ''),
      runtime: entry.runtime,
      tools: entry.tools,
      allowAgents: entry.subagents.allowAgents ?? entry.allowAgents,
      key: `agents.list[${index}]`,
    }),
  );
  return [head ?? main, ...rest];
}

const defaultsKey = 'agents.defaults.subagents.allowAgents';

/** The list that holds for this agent, and the key it stands at, or would have to. */
function policyOf(config: Config, agent: AgentDefinition | undefined): SpawnPolicy {
  const entry = config.agents.list.find(({ id }) => id === agent?.id);
  const { defaults } = config.agents;
  const requireAgentId = entry?.subagents.requireAgentId ?? defaults.subagents.requireAgentId;
  const own = agent?.key === undefined ? defaultsKey : `${agent.key}.subagents.allowAgents`;
  const short = entry?.subagents.allowAgents === undefined && entry?.allowAgents !== undefined;
  const ownList = agent?.allowAgents;
  const list = ownList ?? defaults.subagents.allowAgents;
  if (list === undefined) return { allow: 'own', key: own, requireAgentId };
  const key = ownList === undefined ? defaultsKey : short ? `${agent?.key ?? ''}.allowAgents` : own;
  return { allow: list.includes('*') ? 'any' : list, key, requireAgentId };
}

function targetsOf(
  allow: SpawnPolicy['allow'],
  agentId: string,
  agents: readonly AgentDefinition[],
): readonly AgentDefinition[] {
  if (allow === 'any') return agents;
  return agents.filter(({ id }) => (allow === 'own' ? id === agentId : allow.includes(id)));
}

/** Sender or chat outweighs account, which outweighs channel; of equals the first in the file. Unknown agents never match. */
function boundAgentId(
  bindings: Config['bindings'],
  message: Pick<InboundMessage, 'route' | 'sender'>,
  known: ReadonlyMap<string, unknown>,
): string | undefined {
  const { route, sender } = message;
  const matching = bindings.filter(
    ({ agentId, match }) =>
      known.has(agentId) &&
      match.channel === route.channel &&
      (match.account === undefined || match.account === route.account) &&
      (match.chat === undefined || samePlace(match.chat, route.chat) || isPerson(match.chat, message, [route.chat])) &&
      (match.sender === undefined || isPerson(match.sender, message, idsOf(sender))),
  );
  const weight = ({ match }: Config['bindings'][number]): number =>
    (match.sender === undefined ? 0 : 2) + (match.chat === undefined ? 0 : 2) + (match.account === undefined ? 0 : 1);
  return matching.toSorted((a, b) => weight(b) - weight(a))[0]?.agentId;
}

/** With or without the channel in front. */
function isPerson(configured: string, { route }: Pick<InboundMessage, 'route'>, ids: readonly string[]): boolean {
  const { channel } = route;
  const named = configured.startsWith(`${channel}:`) ? configured.slice(channel.length + 1) : configured;
  return ids.some((id) => samePlace(named, id) || samePerson(channel, named, id));
}

/** People write numbers with a plus, platforms without. */
function samePlace(configured: string, actual: string): boolean {
  const plain = (id: string): string => id.toLowerCase().replace(/(^|:)\+/, '$1');
  return plain(configured) === plain(actual);
}
