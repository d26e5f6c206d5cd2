// Checks of the agents section: the spawn tool and whether it is used, the agents themselves, and their allowlists. Pure.
// Called by checks.ts.
import type { Finding } from '../core/doctor.ts';
import type { AcpFacts, AgentFact, AgentWarning, SettingFacts, SpawnHabit } from './facts.ts';
import { finding, orPass } from './finding.ts';

/** Turns without a spawn after which it is worth a word. */
const quietTurns = 10;
/** Providers whose models mostly run on the machine itself, where they are small. */
const smallModels = /^(ollama|lmstudio|llamacpp|local)\//i;

/** Check 1: the tool is there, and agents that talk of sub-agents call it. */
export function spawnTool(
  { agents }: Pick<SettingFacts, 'agents'>,
  habits: readonly SpawnHabit[] | undefined,
): readonly Finding[] {
  const native = agents.filter(({ runtime }) => runtime === 'native');
  const missing = native.flatMap(withoutTool);
  const fact =
    native.length === 0
      ? 'every agent is a coding agent, which brings its own tools.'
      : `sessions_spawn is offered to ${native.map(({ id }) => id).join(', ')}.`;
  return orPass([...missing, ...(habits ?? []).flatMap(habit)], 'spawn-tool', { fact });
}

function withoutTool({ id, spawnRemoved, spawnRemovedOn }: AgentFact): readonly Finding[] {
  const everywhere = spawnRemoved === undefined ? [] : [{ ...spawnRemoved, where: '' }];
  const there = spawnRemovedOn.map((each) => ({ ...each, where: ` on ${each.account}` }));
  return [...everywhere, ...there].map(({ stage, fix, where }) =>
    finding('spawn-tool', 'warn', {
      fact: `${id} has no sessions_spawn${where}, so it starts no sub-agents: removed by ${stage}.`,
      fix,
    }),
  );
}

/** A model that speaks of sub-agents and never calls the tool is a fault; one that needs none is not. */
function habit({ agentId, model, turns, claims, everCalled }: SpawnHabit): readonly Finding[] {
  if (turns < (claims > 0 ? 1 : quietTurns)) return [];
  const turnsWords = turns === 1 ? 'the last turn' : `the last ${turns} turns`;
  const fact = `no spawn attempt by ${agentId} (${model}) in ${turnsWords}${everCalled ? '' : ' since the start'}${
    claims > 0 ? `, though it spoke of sub-agents ${claims === 1 ? 'once' : `${claims} times`}` : ''
  }.`;
  const hint = smallModels.test(model)
    ? 'Small local models often describe a tool call in place of making it: try a stronger model (agents.defaults.model).'
    : 'Ask it to call sessions_spawn; if it only talks of it, use /new or a stronger model (agents.defaults.model).';
  return [finding('spawn-tool', claims > 0 ? 'warn' : 'pass', { fact, fix: hint })];
}

/** Check 2: somebody answers, in a folder that is there. */
export function agentsSection({ agents, warnings }: Pick<SettingFacts, 'agents' | 'warnings'>): readonly Finding[] {
  const found = [
    ...agents.flatMap(workspace),
    ...warnings.filter(({ key }) => key.startsWith('bindings[')).map((each) => orphan('agents', each)),
  ];
  const answering = agents.find(({ isDefault }) => isDefault) ?? agents[0];
  const count = agents.length === 1 ? '1 agent' : `${agents.length} agents`;
  return orPass(found, 'agents', { fact: `${count}; ${answering?.id ?? 'none'} answers where nothing else is bound.` });
}

function workspace({ id, workspace: folder }: AgentFact): readonly Finding[] {
  switch (folder.state) {
    case 'there':
      return [];
    case 'missing':
      return [
        finding('agents', 'fail', {
          fact: `the workspace of ${id} is not there: ${folder.path}.`,
          fix: `Make the folder (doctor --fix does), or correct the workspace of ${id} in agents.list.`,
          repair: { kind: 'folder', path: folder.path },
        }),
      ];
    case 'closed':
      return [
        finding('agents', 'fail', {
          fact: `the workspace of ${id} cannot be read: ${folder.path}.`,
          fix: 'Let it be a folder this account may read.',
        }),
      ];
  }
}

/** Check 4: lists that are empty, in the wrong place, or name nobody. */
export function allowlists({ agents, warnings, acp }: SettingFacts): readonly Finding[] {
  const found = [
    ...warnings.filter(({ key }) => !key.startsWith('bindings[')).map((each) => orphan('allowlists', each)),
    ...harnessLists(acp),
  ];
  const lists = agents.map(({ id, allow }) => `${id} may start ${allowWords(allow)}`).join('; ');
  return orPass(found, 'allowlists', { fact: `${lists}.` });
}

function orphan(id: 'agents' | 'allowlists', { message, fix }: AgentWarning): Finding {
  return finding(id, 'warn', { fact: message, fix });
}

function harnessLists({ enabled, allowedAgents = [], defaultAgent, strangers, known }: AcpFacts): readonly Finding[] {
  if (!enabled) return [];
  const found = strangers.map((id) =>
    finding('allowlists', 'warn', {
      fact: `acp.allowedAgents names ${id}, which is no coding agent.`,
      fix: `Known: ${known.join(', ')}. Others are described under acp.agents.`,
    }),
  );
  const shut = allowedAgents.length > 0 && defaultAgent !== undefined && !opens(allowedAgents, defaultAgent);
  return shut
    ? [
        ...found,
        finding('allowlists', 'warn', {
          fact: `acp.defaultAgent is ${defaultAgent}, which acp.allowedAgents does not let through.`,
          fix: `Add "${defaultAgent}" to acp.allowedAgents.`,
        }),
      ]
    : found;
}

const opens = (list: readonly string[], id: string): boolean => list.includes('*') || list.includes(id);

/** A list in force, for people. */
export function allowWords(allow: AgentFact['allow']): string {
  if (allow === 'own') return 'only itself';
  if (allow === 'any') return 'any agent';
  return allow.length === 0 ? 'nobody' : allow.join(', ');
}
