import { describe, expect, test } from 'vitest';
import { prelaunchPassed, prelaunchText, topologyText } from '../../src/core/doctor.ts';
import { prelaunch, topology } from '../../src/doctor/topology.ts';
import { noon } from '../fakes/builders.ts';
import { anAgent, someFacts, someSettings } from './facts.ts';

test('the topology says who may start whom, one fact a line', () => {
  const spawnRemoved = { stage: 'profile messaging (tools.profile)', fix: '' };
  const settings = someSettings({
    agents: [
      anAgent({ allow: 'any', allowKey: 'agents.list[0].subagents.allowAgents', mayStart: ['main', 'clerk', 'coder'] }),
      anAgent({ id: 'clerk', isDefault: false, allow: [], toolLimits: ['without exec'], mayStart: [], spawnRemoved }),
      anAgent({ id: 'idle', isDefault: false, allow: [], mayStart: [] }),
      anAgent({ id: 'coder', isDefault: false, runtime: 'acp', harness: 'claude', model: 'claude' }),
    ],
    acp: { ...someSettings().acp, enabled: true, allowedAgents: ['claude', 'codex'] },
    limits: { ...someSettings().limits, maxSpawnDepth: 2, subagentToolLimits: ['without web_fetch'] },
  });
  expect(topologyText(topology(settings))).toBe(
    [
      'Agents:',
      '-----',
      'main (default)',
      '  model: openai/gpt-5.4-mini',
      '  allowAgents: ["*"] (agents.list[0].subagents.allowAgents)',
      '  tools: all',
      '  └─ may start: main, clerk, coder',
      'clerk',
      '  model: openai/gpt-5.4-mini',
      '  allowAgents: [] (agents.defaults.subagents.allowAgents)',
      '  tools: without exec',
      '  └─ may start: nobody: sessions_spawn was removed by profile messaging (tools.profile)',
      'idle',
      '  model: openai/gpt-5.4-mini',
      '  allowAgents: [] (agents.defaults.subagents.allowAgents)',
      '  tools: all',
      '  └─ may start: nobody',
      'coder',
      '  model: claude (coding agent claude)',
      '  allowAgents: (unset) (agents.defaults.subagents.allowAgents)',
      '  tools: all',
      '  └─ may start: nobody here; it has sub-agents of its own',
      'Coding agents: claude, codex',
      'Depth: 2; children at once: 5',
      'Tool limits of sub-agents: without web_fetch',
    ].join('\n'),
  );
});

describe('before the launch', () => {
  const live = { passed: true, fact: '«WORKING»' };
  const judged = (
    agent = anAgent(),
    change: Parameters<typeof someSettings>[0] = {},
    rest: Parameters<typeof someFacts>[0] = {},
  ) => prelaunch(agent, { ...someFacts(rest), settings: someSettings(change) }, live);
  const failed = (report: ReturnType<typeof judged>) =>
    report.items.filter(({ status }) => status === 'fail').map(({ title, fact }) => `${title}: ${fact}`);

  test('everything is ready, and three things are left to people', () => {
    const report = judged();
    expect(prelaunchPassed(report)).toBe(true);
    expect(report.items.map(({ title }) => title)).toEqual(['list', 'tool', 'live spawn', 'config']);
    expect(report.reminders.map((text) => text.split(':')[0])).toEqual(['timeout', 'task', 'cost']);
    expect(prelaunchText(report).split('\n').at(-1)).toBe('prelaunch: ready');
  });

  test('the list is in the wrong place', () => {
    const warning = {
      code: 'short_form',
      key: 'agents.list[0].allowAgents',
      message: 'agents.list[0].allowAgents is a short form.',
      fix: 'Move it.',
    } as const;
    const agent = anAgent({ allowKey: 'agents.list[0].allowAgents', allow: ['main'] });
    expect(failed(judged(agent, { warnings: [warning] }))).toEqual([
      'list: agents.list[0].allowAgents is a short form.',
    ]);
  });

  test('the tool is gone', () => {
    const report = judged(anAgent({ spawnRemoved: { stage: 'tools.deny', fix: 'Remove it there.' } }));
    expect(failed(report)).toEqual(['tool: sessions_spawn was removed by tools.deny.']);
  });

  test('the live spawn brought nothing', () => {
    const report = prelaunch(
      anAgent(),
      { ...someFacts(), settings: someSettings() },
      { passed: false, fact: 'refused: no key' },
    );
    expect(failed(report)).toEqual(['live spawn: refused: no key']);
    expect(prelaunchText(report).split('\n').at(-1)).toBe('prelaunch: not ready, 1 failed');
  });

  test('the config is stale, or faulty', () => {
    const { config } = someFacts();
    expect(failed(judged(anAgent(), {}, { config: { ...config, changedAt: noon } }))[0]).toContain(
      'config: the file changed',
    );
    expect(failed(judged(anAgent(), {}, { config: { ...config, error: 'unknown field x' } }))[0]).toContain(
      'unknown field x',
    );
  });
});
