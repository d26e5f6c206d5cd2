// Which tools a session gets, and for every missing one which stage took it and how to get it back. Pure.
// Called per turn by the turn's profile, by spawn checks and by /tools. Stages, in order:
//   1 profile  2 alsoAllow  3 allow and deny of all agents, the agent, the channel  4 non-owner rule
//   5 role (sub-agents lose session and system tools)  6 tools.subagents.tools
import type { Route } from '../core/route.ts';
import type { ToolsView } from '../core/services.ts';
import type { Session } from '../core/session.ts';
import type { ToolGroup } from '../core/tool.ts';
import type { Config } from '../infra/config.ts';
import type { AgentDefinition } from './registry.ts';

export interface PolicyTool {
  readonly name: string;
  readonly group: ToolGroup;
}

export interface ToolPolicyInput {
  readonly config: Config;
  readonly agent: Pick<AgentDefinition, 'tools' | 'allowAgents' | 'key'>;
  readonly session: Pick<Session, 'role' | 'depth' | 'ownerOnly'>;
  /** Place the session's tree belongs to; channel lists hold for everything started from there. */
  readonly place: Pick<Route, 'channel' | 'account'> | undefined;
  readonly catalogue: readonly PolicyTool[];
}

/** Tools by which an agent starts, watches and reaches runs. */
export const sessionTools = [
  'sessions_spawn',
  'sessions_yield',
  'agents_list',
  'subagents',
  'sessions_list',
  'sessions_history',
  'sessions_send',
] as const;
/** Reserved names: tools that would act on the process itself. */
const systemTools = ['gateway', 'cron'];
const notMessaging: readonly string[] = ['sessions_spawn', 'sessions_yield', 'subagents'];
const orchestratorTools: readonly string[] = [
  'sessions_spawn',
  'sessions_yield',
  'subagents',
  'agents_list',
  'sessions_list',
  'sessions_history',
];
const nonOwnerLoses = ['write', 'edit', 'exec'] as const;

interface Removal {
  readonly stage: string;
  readonly fix: string;
  /** No setting brings the tool back, so that no other stage's fix would help. */
  readonly final?: true;
}
/** Undefined keeps the tool. */
type Stage = (tool: PolicyTool) => Removal | undefined;

/** @returns the names of the tools the session gets, in catalogue order, and each other one with the stage that took it */
export function toolPolicy(input: ToolPolicyInput): ToolsView {
  const stages = [
    profileStage(input),
    ...listStages(input),
    nonOwnerStage(input),
    roleStage(input),
    subagentStage(input),
  ];
  const judged = input.catalogue.map((tool) => ({ tool, removal: removalOf(tool, stages) }));
  return {
    available: judged.flatMap(({ tool, removal }) => (removal === undefined ? [tool.name] : [])),
    removed: judged.flatMap(({ tool, removal }) => (removal === undefined ? [] : [{ name: tool.name, ...removal }])),
  };
}

/** Every stage that takes the tool, since the fix of one alone would not bring it back. */
function removalOf(tool: PolicyTool, stages: readonly Stage[]): Pick<Removal, 'stage' | 'fix'> | undefined {
  const all = stages.flatMap((stage) => stage(tool) ?? []);
  if (all.length === 0) return undefined;
  const final = all.find((removal) => removal.final === true);
  const named = final === undefined ? all : [final];
  return {
    stage: named.map((removal) => removal.stage).join(' and '),
    fix: named.map((removal) => removal.fix).join(' '),
  };
}

/** Stages 1 and 2: what the profile lacks, unless alsoAllow adds it. */
function profileStage({ config, agent }: ToolPolicyInput): Stage {
  const own = agent.tools.profile;
  const profile = own ?? config.tools.profile ?? 'full';
  const key = own === undefined ? 'tools' : `${agent.key ?? ''}.tools`;
  const added = [...(config.tools.alsoAllow ?? []), ...(agent.tools.alsoAllow ?? [])];
  const hasAllowlist = agent.allowAgents !== undefined && agent.allowAgents.length > 0;
  return (tool) => {
    if (profile !== 'messaging' || inMessaging(tool, hasAllowlist) || matches(added, tool.name)) return undefined;
    const together = notMessaging.includes(tool.name) ? notMessaging : [tool.name];
    return {
      stage: `profile messaging (${key}.profile)`,
      fix: `Set ${key}.alsoAllow: ${JSON.stringify(together)}, or another ${key}.profile.`,
    };
  };
}

/** Tools that only look or talk. Nobody can know that of an MCP tool. */
function inMessaging(tool: PolicyTool, hasAllowlist: boolean): boolean {
  if (notMessaging.includes(tool.name)) return hasAllowlist;
  return tool.group === 'read' || tool.group === 'web' || tool.group === 'session';
}

/** Stage 3: every list narrows what is left; a deny beats every allow. */
function listStages({ config, agent, place }: ToolPolicyInput): readonly Stage[] {
  const lists: (readonly [string, ToolLists | undefined])[] = [
    ['tools', config.tools],
    [`${agent.key ?? ''}.tools`, agent.key === undefined ? undefined : agent.tools],
    ...(place === undefined ? [] : [channelLists(config, place)]),
  ];
  return lists.flatMap(([key, found]) =>
    found === undefined ? [] : [denyStage(key, found.deny), allowStage(key, found.allow)],
  );
}

interface ToolLists {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

function channelLists(
  config: Config,
  place: Pick<Route, 'channel' | 'account'>,
): readonly [string, ToolLists | undefined] {
  if (place.channel === 'console') return ['channels.console.tools', undefined];
  const channel = config.channels[place.channel];
  return [`channels.${place.channel}.tools`, (channel.accounts[place.account] ?? channel).tools];
}

function denyStage(key: string, deny: readonly string[] | undefined): Stage {
  return (tool) =>
    deny !== undefined && matches(deny, tool.name)
      ? { stage: `${key}.deny`, fix: `Remove ${tool.name} from ${key}.deny.` }
      : undefined;
}

function allowStage(key: string, allow: readonly string[] | undefined): Stage {
  return (tool) =>
    allow === undefined || matches(allow, tool.name)
      ? undefined
      : { stage: `${key}.allow`, fix: `Add ${tool.name} to ${key}.allow.` };
}

/** Stage 4: tools that act with the owner's rights are not for sessions where others speak, unless the agent's config says so. */
function nonOwnerStage({ agent, session }: ToolPolicyInput): Stage {
  const key = agent.key ?? 'agents.list[]';
  return (tool) => {
    const name = nonOwnerLoses.find((lost) => lost === tool.name);
    if (session.ownerOnly || name === undefined || agent.tools.nonOwner.includes(name)) return undefined;
    return {
      stage: 'the non-owner rule (others than the owner speak here)',
      fix: `To grant it here too, set ${key}.tools.nonOwner: ["${name}"].`,
    };
  };
}

/** Stage 5: read from the stored role and depth, never from a key. */
function roleStage({ config, session }: ToolPolicyInput): Stage {
  if (session.depth === 0 && session.role === 'main') return () => undefined;
  const { maxSpawnDepth } = config.agents.defaults.subagents;
  const kept = session.role === 'orchestrator' ? orchestratorTools : [];
  return (tool) => {
    const stage = `role ${session.role} (depth ${session.depth})`;
    if (systemTools.includes(tool.name))
      return { stage, fix: 'Sub-agents never have it; ask the agent that started this one.', final: true };
    if (!sessionTools.some((name) => name === tool.name) || kept.includes(tool.name)) return undefined;
    if (tool.name === 'sessions_send')
      return { stage, fix: 'Sub-agents never have it; their last text is their answer.', final: true };
    if (maxSpawnDepth > session.depth)
      return { stage, fix: 'It was started while agents.defaults.subagents.maxSpawnDepth was lower; start it again.' };
    return {
      stage,
      fix: `To let sub-agents of depth ${session.depth} start agents, set agents.defaults.subagents.maxSpawnDepth above ${session.depth} (now ${maxSpawnDepth}).`,
    };
  };
}

/** Stage 6: only for sub-agents. `deny` wins; `allow` narrows and adds nothing. */
function subagentStage({ config, session }: ToolPolicyInput): Stage {
  if (session.depth === 0) return () => undefined;
  const key = 'tools.subagents.tools';
  const { allow, deny } = config.tools.subagents.tools;
  return (tool) => denyStage(key, deny)(tool) ?? allowStage(key, allow)(tool);
}

/** Names, or `*` at the end for everything that starts so (`github_*`). */
function matches(patterns: readonly string[], name: string): boolean {
  return patterns.some((pattern) => (pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern));
}
