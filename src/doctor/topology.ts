// Who may start whom, and before that: whether one agent is ready to. Pure. Called by src/wiring/doctor.
import type { PrelaunchReport, Topology, TopologyNode } from '../core/doctor.ts';
import { timestamp } from '../core/format.ts';
import { allowWords } from './agents.ts';
import type { AgentFact, ConfigFacts, DoctorFacts, SettingFacts } from './facts.ts';
import { staleWords } from './setup.ts';

export function topology({ agents, limits, acp }: SettingFacts): Topology {
  const { maxSpawnDepth, maxChildren, subagentToolLimits } = limits;
  const { enabled, allowedAgents, defaultAgent } = acp;
  const listed = allowedAgents ?? (defaultAgent === undefined ? [] : [defaultAgent]);
  return {
    agents: agents.map(node),
    harnesses: enabled ? listed : [],
    maxSpawnDepth,
    maxChildren,
    subagentLimits: subagentToolLimits,
  };
}

function node(agent: AgentFact): TopologyNode {
  const { id, isDefault, model, harness, allowKey, mayStart, spawnRemoved, toolLimits, runtime } = agent;
  const blocked =
    runtime === 'acp'
      ? 'nobody here; it has sub-agents of its own'
      : spawnRemoved === undefined
        ? undefined
        : `nobody: sessions_spawn was removed by ${spawnRemoved.stage}`;
  return {
    ...{ id, isDefault, model, toolLimits, mayStart },
    allowAgents: { list: listWords(agent), key: allowKey },
    ...(harness === undefined ? {} : { harness }),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

function listWords({ allow }: AgentFact): string {
  if (allow === 'own') return '(unset)';
  return JSON.stringify(allow === 'any' ? ['*'] : allow);
}

export interface LiveSpawn {
  readonly passed: boolean;
  /** What came back, or why nothing did. */
  readonly fact: string;
  readonly fix?: string;
}

/** The four things that have to be so before an agent is told to delegate. */
export function prelaunch(
  agent: AgentFact,
  facts: Pick<DoctorFacts, 'config' | 'now'> & { readonly settings: SettingFacts },
  live: LiveSpawn,
): PrelaunchReport {
  return {
    agentId: agent.id,
    items: [listPlace(agent, facts.settings), tool(agent), spawn(live), fresh(facts.config, facts.now)],
    reminders: reminders(facts.settings),
  };
}

const moreOfSpawns = '`switchyard doctor --spawn-test` shows more, and `switchyard logs` the reason.';

type Item = PrelaunchReport['items'][number];

function item(title: string, fact: string, fix?: string): Item {
  return fix === undefined ? { title, status: 'pass', fact } : { title, status: 'fail', fact, fix };
}

function listPlace({ id, allow, allowKey }: AgentFact, { warnings }: SettingFacts): Item {
  const wrong = warnings.find(({ key }) => key === allowKey || key === `${allowKey.replace('.subagents', '')}`);
  if (wrong !== undefined) return item('list', wrong.message, wrong.fix);
  return item('list', `${id} may start ${allowWords(allow)} (${allowKey}).`);
}

function tool({ runtime, spawnRemoved }: AgentFact): Item {
  if (runtime === 'acp') return item('tool', 'a coding agent, with tools of its own.');
  if (spawnRemoved === undefined) return item('tool', 'sessions_spawn is offered.');
  return item('tool', `sessions_spawn was removed by ${spawnRemoved.stage}.`, spawnRemoved.fix);
}

function spawn({ passed, fact, fix = moreOfSpawns }: LiveSpawn): Item {
  return passed ? item('live spawn', fact) : item('live spawn', fact, fix);
}

function fresh(config: ConfigFacts, now: number): Item {
  if (config.error !== undefined)
    return item('config', `${config.path} is not in use: ${config.error.split('\n').join('; ')}`, 'Correct the file.');
  const stale = staleWords(config, now);
  if (stale !== undefined) return item('config', stale, 'Send the process SIGHUP, or save the file again.');
  return item(
    'config',
    config.exists ? `what is in use was loaded ${timestamp(config.loadedAt, now)}.` : 'all defaults.',
  );
}

function reminders({ limits, models }: SettingFacts): readonly string[] {
  const { runTimeoutSeconds, tree } = limits;
  const time =
    runTimeoutSeconds > 0
      ? `runs end after ${runTimeoutSeconds} s (agents.defaults.subagents.runTimeoutSeconds).`
      : 'runs have no time limit (agents.defaults.subagents.runTimeoutSeconds).';
  const cap =
    tree.costUsd > 0 ? `$${tree.costUsd} a tree` : tree.tokens > 0 ? `${tree.tokens} tokens a tree` : 'no budget';
  const dear = models.some(({ usedBy }) => usedBy.startsWith('sub-agents'))
    ? ''
    : ' A cheaper model for sub-agents: agents.defaults.subagents.model.';
  return [
    `timeout: ${time}`,
    'task: a sub-agent sees nothing of the chat; its task must name every file, fact and format it needs.',
    `cost: ${cap} (budgets.tree).${dear}`,
  ];
}
