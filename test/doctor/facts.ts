// A healthy installation as the checks see it, to be changed in one place by each test.
import type { Finding } from '../../src/core/doctor.ts';
import { runChecks } from '../../src/doctor/checks.ts';
import type { AgentFact, DoctorFacts, ModelFact, SettingFacts } from '../../src/doctor/facts.ts';
import { noon } from '../fakes/builders.ts';

export function anAgent(change: Partial<AgentFact> = {}): AgentFact {
  return {
    id: 'main',
    isDefault: true,
    runtime: 'native',
    model: 'openai/gpt-5.4-mini',
    workspace: { path: '/srv/main', state: 'there' },
    spawnRemovedOn: [],
    allow: 'own',
    allowKey: 'agents.defaults.subagents.allowAgents',
    mayStart: ['main'],
    requireAgentId: false,
    toolLimits: [],
    ...change,
  };
}

export function aModel(change: Partial<ModelFact> = {}): ModelFact {
  return {
    ref: 'openai/gpt-5.4-mini',
    usedBy: 'main',
    need: 'required',
    state: { kind: 'ok' },
    price: 'known',
    ...change,
  };
}

export function someSettings(change: Partial<SettingFacts> = {}): SettingFacts {
  return {
    agents: [anAgent()],
    warnings: [],
    models: [aModel()],
    rates: [],
    limits: {
      runTimeoutSeconds: 900,
      stallAbortSeconds: 1800,
      tree: { tokens: 2_000_000, costUsd: 5, seconds: 0 },
      day: { tokens: 0, costUsd: 0 },
      turnsAtOnce: 12,
      maxSpawnDepth: 1,
      maxChildren: 5,
      subagentToolLimits: [],
    },
    acp: { enabled: false, control: 'owner', strangers: [], known: ['claude', 'codex'] },
    ...change,
  };
}

export function someFacts(change: Partial<DoctorFacts> = {}): DoctorFacts {
  return {
    now: noon,
    running: true,
    config: { path: '/srv/switchyard.json5', exists: true, loadedAt: noon - 60_000 },
    settings: someSettings(),
    channels: {
      accounts: ['telegram:default'],
      health: [{ id: 'telegram:default', state: 'connected', detail: 'as @yard_bot' }],
      links: [],
    },
    owner: 'telegram:1',
    habits: [],
    store: {
      path: '/srv/.switchyard/switchyard.db',
      state: { kind: 'open' },
      writable: true,
      free: 10_000_000_000,
      outbox: { pending: 0, undelivered: 0 },
      leftovers: [],
    },
    secrets: [{ path: '/srv/.switchyard', folder: true, mode: 0o700 }],
    ...change,
  };
}

/** `status check: fact` of everything that is not well, with its fix below. */
export function problems(facts: DoctorFacts): readonly string[] {
  return runChecks(facts)
    .filter(({ status }) => status !== 'pass')
    .map(words);
}

/** The same of one check, whatever came of it. */
export function about(id: Finding['id'], facts: DoctorFacts): readonly string[] {
  return runChecks(facts)
    .filter((finding) => finding.id === id)
    .map(words);
}

function words({ id, status, fact, fix }: Finding): string {
  return `${status} ${id}: ${fact}${fix === undefined ? '' : `\n${fix}`}`;
}
