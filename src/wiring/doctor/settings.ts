// What the settings in use say, as the checks want it: from the same parts the engine decides with. Used by engine.ts of this
// folder, and by the command line while nothing runs.
import { enabledAccounts } from '../../../channels/index.ts';
import { canonical, findHarness, harnessIds } from '../../acp/harnesses.ts';
import { createPricing } from '../../agents/pricing.ts';
import type { AgentDefinition, AgentRegistry } from '../../agents/registry.ts';
import { toolPolicy } from '../../agents/tool-policy.ts';
import type { Route } from '../../core/route.ts';
import { accountKey } from '../../delivery/account.ts';
import type { AcpFacts, AgentFact, ModelFact, SettingFacts } from '../../doctor/facts.ts';
import { folderState } from '../../doctor/files.ts';
import type { Config } from '../../infra/config.ts';
import { harnessOf } from '../acp/facts.ts';
import type { EngineParts } from '../parts.ts';

export interface SettingsParts {
  readonly config: Config;
  readonly agents: AgentRegistry;
  readonly checkModel: EngineParts['checkModel'];
  /** How the coding agents that are meant to work were found. */
  readonly harnesses: AcpFacts['harnesses'];
}

export async function settingFacts(parts: SettingsParts): Promise<SettingFacts> {
  const { config, agents } = parts;
  const { defaults } = config.agents;
  const { providers } = config.models;
  return {
    agents: agents.list().map((agent) => agentFact(config, agents, agent)),
    warnings: agents.warnings,
    models: await modelFacts(parts),
    rates: Object.entries(providers).flatMap(([provider, { rpm }]) => (rpm === undefined ? [] : [{ provider, rpm }])),
    limits: {
      runTimeoutSeconds: defaults.subagents.runTimeoutSeconds,
      stallAbortSeconds: defaults.stall.abortSeconds,
      tree: config.budgets.tree,
      day: config.budgets.day,
      turnsAtOnce: defaults.maxConcurrent + defaults.subagents.maxConcurrent,
      maxSpawnDepth: defaults.subagents.maxSpawnDepth,
      maxChildren: defaults.subagents.maxChildrenPerAgent,
      subagentToolLimits: listWords(config.tools.subagents.tools),
    },
    acp: acpFacts(parts),
  };
}

const spawnTool = { name: 'sessions_spawn', group: 'session' } as const;

function agentFact(config: Config, agents: AgentRegistry, agent: AgentDefinition): AgentFact {
  const { id, model, runtime, workspace } = agent;
  const { allow, key, requireAgentId } = agents.spawnPolicy(id);
  const external = runtime.type === 'acp';
  const removed = external ? undefined : removal(config, agent);
  const accounts = external || removed !== undefined ? [] : enabledAccounts(config);
  return {
    ...{ id, model, isDefault: agents.default().id === id, runtime: runtime.type },
    ...(external ? { harness: runtime.agent ?? id } : {}),
    workspace: folderState(workspace),
    ...(removed === undefined ? {} : { spawnRemoved: removed }),
    spawnRemovedOn: accounts.flatMap(({ channel, name }) => {
      const place = { channel, account: name };
      const there = removal(config, agent, place);
      return there === undefined ? [] : [{ ...there, account: accountKey(place) }];
    }),
    ...{ allow, allowKey: key, requireAgentId },
    mayStart: agents.targets(id).map((target) => target.id),
    toolLimits: [...profileWords(agent.tools.profile ?? config.tools.profile), ...listWords(config.tools, agent.tools)],
  };
}

/** Why the spawn tool is not offered. As in a direct chat of the owner: what others lose is by rule, not by setting. */
function removal(config: Config, agent: AgentDefinition, place?: Pick<Route, 'channel' | 'account'>) {
  const session = { role: 'main', depth: 0, ownerOnly: true } as const;
  const [removed] = toolPolicy({ config, agent, session, place, catalogue: [spawnTool] }).removed;
  return removed === undefined ? undefined : { stage: removed.stage, fix: removed.fix };
}

const profileWords = (profile: string | undefined): readonly string[] =>
  profile === undefined || profile === 'full' ? [] : [`profile ${profile}`];

type Lists = Pick<Config['tools'], 'allow' | 'deny' | 'alsoAllow'>;

function listWords(...lists: readonly Lists[]): readonly string[] {
  const words = (name: string, of: (each: Lists) => readonly string[] | undefined): readonly string[] =>
    lists.flatMap((each) => {
      const names = of(each);
      return names === undefined || names.length === 0 ? [] : [`${name} ${names.join(' ')}`];
    });
  return [
    ...words('only', ({ allow }) => allow),
    ...words('without', ({ deny }) => deny),
    ...words('also', ({ alsoAllow }) => alsoAllow),
  ];
}

/** Every model an agent answers with, and the one it has as a sub-agent where that is another. */
async function modelFacts({ config, agents, checkModel }: SettingsParts): Promise<readonly ModelFact[]> {
  const price = createPricing(() => config.models.providers);
  const native = agents.list().filter(({ runtime }) => runtime.type === 'native');
  const used = native.flatMap(({ id, model, thinking }) => {
    const below = agents.modelFor({ caller: { agentId: id, model, thinking }, target: id });
    return [
      { ref: model, agentId: id, usedBy: id, need: 'required' as const },
      ...(below === model
        ? []
        : [{ ref: below, agentId: id, usedBy: `sub-agents run by ${id}`, need: 'optional' as const }]),
    ];
  });
  return Promise.all(
    used.map(async ({ ref, agentId, usedBy, need }): Promise<ModelFact> => {
      const found = checkModel(ref, agentId);
      const cost = await price(ref, { input: 1_000, output: 1_000 });
      const free = isFree(ref, config);
      return { ref, usedBy, need, state: stateOf(found), price: cost !== null ? 'known' : free ? 'free' : 'unknown' };
    }),
  );
}

function stateOf(found: ReturnType<EngineParts['checkModel']>): ModelFact['state'] {
  switch (found.kind) {
    case 'ok':
      return { kind: 'ok' };
    case 'unknown':
      return { kind: 'unknown', message: found.message, fix: 'Name a model that is there, as provider/model.' };
    case 'unavailable':
      return { kind: 'unavailable', message: found.message, fix: found.fix };
  }
}

const ownMachine = /^https?:\/\/(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?:[:/]|$)/i;

/** It runs on this machine, or only pretends: nobody is paid. */
function isFree(ref: string, config: Config): boolean {
  const [provider = ''] = ref.split('/');
  const baseUrl = config.models.providers[provider]?.baseUrl;
  return provider === 'demo' || provider === 'ollama' || (baseUrl !== undefined && ownMachine.test(baseUrl));
}

function acpFacts({ config, agents, harnesses }: SettingsParts): AcpFacts {
  const { enabled, control, defaultAgent, allowedAgents = [], agents: own } = config.acp;
  const backed = agents.list().flatMap(({ id, runtime }) => (runtime.type === 'acp' ? [id] : []));
  const known = [...new Set([...harnessIds(own), ...Object.keys(own), ...backed])];
  const strangers = allowedAgents.filter(
    (id) => id !== '*' && !known.includes(id) && findHarness(canonical(harnessOf(agents, id)), own) === undefined,
  );
  return {
    enabled,
    control,
    defaultAgent,
    allowedAgents: config.acp.allowedAgents,
    strangers,
    known,
    ...(harnesses === undefined ? {} : { harnesses }),
  };
}
