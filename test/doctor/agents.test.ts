import { describe, expect, test } from 'vitest';
import type { AcpFacts, SpawnHabit } from '../../src/doctor/facts.ts';
import { about, anAgent, problems, someFacts, someSettings } from './facts.ts';

const of = (change: Parameters<typeof someSettings>[0]) => someFacts({ settings: someSettings(change) });

test('a healthy installation has nothing to complain of', () => {
  expect(problems(someFacts())).toEqual([]);
});

describe('the spawn tool', () => {
  test('is there', () => {
    expect(about('spawn-tool', someFacts())).toEqual(['pass spawn-tool: sessions_spawn is offered to main.']);
  });

  test('was removed from one agent: the stage and the key are named', () => {
    const spawnRemoved = { stage: 'tools.deny', fix: 'Remove sessions_spawn from tools.deny.' };
    expect(problems(of({ agents: [anAgent(), anAgent({ id: 'quiet', spawnRemoved })] }))).toEqual([
      'warn spawn-tool: quiet has no sessions_spawn, so it starts no sub-agents: removed by tools.deny.\nRemove sessions_spawn from tools.deny.',
    ]);
  });

  test('was removed on one channel alone', () => {
    const there = { account: 'discord:default', stage: 'channels.discord.tools.deny', fix: 'Remove it there.' };
    expect(problems(of({ agents: [anAgent({ spawnRemovedOn: [there] })] }))).toEqual([
      'warn spawn-tool: main has no sessions_spawn on discord:default, so it starts no sub-agents: removed by channels.discord.tools.deny.\nRemove it there.',
    ]);
  });

  test('is nothing a coding agent needs from us', () => {
    const coder = anAgent({ id: 'coder', runtime: 'acp', harness: 'claude' });
    expect(about('spawn-tool', of({ agents: [coder] }))).toEqual([
      'pass spawn-tool: every agent is a coding agent, which brings its own tools.',
    ]);
  });
});

describe('a model that never calls the spawn tool', () => {
  const habit = (change: Partial<SpawnHabit>): SpawnHabit => ({
    ...{ agentId: 'main', model: 'openai/gpt-5.4-mini', turns: 0, claims: 0, everCalled: false },
    ...change,
  });
  const judged = (change: Partial<SpawnHabit>) => about('spawn-tool', someFacts({ habits: [habit(change)] }));

  test('is no word worth while it has had few turns', () => {
    expect(judged({ turns: 9 })).toHaveLength(1);
  });

  test('is mentioned after ten turns, and is no fault: nobody may have needed it', () => {
    const found = judged({ turns: 10 });
    expect(found[1]).toContain(
      'pass spawn-tool: no spawn attempt by main (openai/gpt-5.4-mini) in the last 10 turns since the start.',
    );
  });

  test('is a warning as soon as it speaks of sub-agents it did not start', () => {
    expect(judged({ turns: 2, claims: 1, everCalled: true })[0]).toContain(
      'warn spawn-tool: no spawn attempt by main (openai/gpt-5.4-mini) in the last 2 turns, though it spoke of sub-agents once.',
    );
  });

  test('gets a hint about small models where it runs on the machine itself', () => {
    expect(judged({ model: 'ollama/qwen3:4b', turns: 3, claims: 2 })[0]).toContain('Small local models often describe');
    expect(judged({ turns: 3, claims: 2 })[0]).not.toContain('Small local models');
  });
});

describe('the agents section', () => {
  test('says who answers', () => {
    const agents = [anAgent({ isDefault: false }), anAgent({ id: 'clerk', isDefault: true })];
    expect(about('agents', of({ agents }))).toEqual([
      'pass agents: 2 agents; clerk answers where nothing else is bound.',
    ]);
  });

  test('has an agent whose workspace is missing, which can be made', () => {
    const agents = [anAgent({ workspace: { path: '/srv/gone', state: 'missing' } })];
    expect(problems(of({ agents }))[0]).toContain('fail agents: the workspace of main is not there: /srv/gone.');
  });

  test('has an agent whose workspace cannot be read', () => {
    const agents = [anAgent({ workspace: { path: '/root', state: 'closed' } })];
    expect(problems(of({ agents }))[0]).toContain('fail agents: the workspace of main cannot be read: /root.');
  });

  test('has a binding to an agent that is not there', () => {
    const warning = {
      code: 'unknown_agent',
      key: 'bindings[0].agentId',
      message: 'It names x.',
      fix: 'Add x.',
    } as const;
    expect(problems(of({ warnings: [warning] }))).toEqual(['warn agents: It names x.\nAdd x.']);
  });
});

describe('allowlists', () => {
  test('say who may start whom', () => {
    const agents = [anAgent({ allow: 'any' }), anAgent({ id: 'clerk', allow: ['main', 'clerk'] })];
    expect(about('allowlists', of({ agents }))).toEqual([
      'pass allowlists: main may start any agent; clerk may start main, clerk.',
    ]);
  });

  test('are empty, misplaced or name nobody: each is a warning of its own', () => {
    const key = 'agents.list[0].subagents.allowAgents';
    const warnings = [
      { code: 'blocks_all', key, message: `${key} is [] and blocks every spawn.`, fix: 'Add ids.' },
      {
        code: 'short_form',
        key: 'agents.list[0].allowAgents',
        message: 'It is a short form.',
        fix: `Move it to ${key}.`,
      },
      { code: 'unknown_agent', key, message: 'It names writer.', fix: 'Add writer.' },
    ] as const;
    expect(problems(of({ warnings }))).toEqual([
      `warn allowlists: ${key} is [] and blocks every spawn.\nAdd ids.`,
      `warn allowlists: It is a short form.\nMove it to ${key}.`,
      'warn allowlists: It names writer.\nAdd writer.',
    ]);
  });

  test('of coding agents are looked at while those are on', () => {
    const acp: AcpFacts = {
      ...someSettings().acp,
      enabled: true,
      strangers: ['cladue'],
      allowedAgents: ['cladue'],
      defaultAgent: 'claude',
      harnesses: [],
    };
    expect(problems(of({ acp }))).toEqual([
      'warn allowlists: acp.allowedAgents names cladue, which is no coding agent.\nKnown: claude, codex. Others are described under acp.agents.',
      'warn allowlists: acp.defaultAgent is claude, which acp.allowedAgents does not let through.\nAdd "claude" to acp.allowedAgents.',
    ]);
    expect(problems(of({ acp: { ...acp, enabled: false } }))).toEqual([]);
    expect(problems(of({ acp: { ...acp, allowedAgents: ['*'], strangers: [] } }))).toEqual([]);
  });
});
