import { describe, expect, it } from 'vitest';
import { type AgentRegistry, agentRegistry } from '../../src/agents/registry.ts';
import type { ChannelId } from '../../src/core/route.ts';
import { configSchema } from '../../src/infra/config.ts';

function registry(raw: object): AgentRegistry {
  return agentRegistry(configSchema.parse(raw), { fallbackModel: 'demo/demo', workingDirectory: '/srv/yard' });
}

const message = (channel: ChannelId, more: { account?: string; chat?: string; sender?: string } = {}) => ({
  route: { channel, account: more.account ?? 'default', chat: more.chat ?? 'c' },
  sender: { id: more.sender ?? 's', name: 'S' },
});

describe('the agents', () => {
  it('without a list there is one agent, main, in the working directory', () => {
    const agents = registry({});
    expect(agents.list()).toMatchObject([
      { id: 'main', name: 'main', model: 'demo/demo', thinking: 'off', workspace: '/srv/yard' },
    ]);
    expect(agents.default().id).toBe('main');
    expect(agents.get('other')).toBeUndefined();
  });

  it('the marked agent is the default, else the first', () => {
    expect(registry({ agents: { list: [{ id: 'a' }, { id: 'b' }] } }).default().id).toBe('a');
    expect(registry({ agents: { list: [{ id: 'a' }, { id: 'b', default: true }] } }).default().id).toBe('b');
  });

  it('an agent takes from the defaults what it does not say', () => {
    const agents = registry({
      agents: {
        defaults: { model: 'x/y', thinking: 'low' },
        list: [
          { id: 'a', workspace: 'a' },
          { id: 'b', model: 'x/z', thinking: 'high', workspace: '/abs' },
        ],
      },
    });
    expect(agents.list()).toMatchObject([
      { model: 'x/y', thinking: 'low', workspace: '/srv/yard/a' },
      { model: 'x/z', thinking: 'high', workspace: '/abs' },
    ]);
  });
});

describe('which agent answers', () => {
  const agents = registry({
    agents: { list: [{ id: 'main' }, { id: 'chan' }, { id: 'acc' }, { id: 'chat' }, { id: 'person' }, { id: 'both' }] },
    bindings: [
      { agentId: 'gone', match: { channel: 'telegram', sender: '7', chat: '9', account: 'work' } },
      { agentId: 'chan', match: { channel: 'telegram' } },
      { agentId: 'acc', match: { channel: 'telegram', account: 'work' } },
      { agentId: 'chat', match: { channel: 'telegram', chat: '-100' } },
      { agentId: 'person', match: { channel: 'telegram', sender: '7' } },
      { agentId: 'both', match: { channel: 'telegram', sender: '7', chat: '9' } },
      { agentId: 'person', match: { channel: 'whatsapp', sender: '+4915' } },
    ],
  });

  it.each([
    ['no binding: the default agent', message('discord'), 'main'],
    ['the channel', message('telegram'), 'chan'],
    ['the account over the channel', message('telegram', { account: 'work' }), 'acc'],
    ['the chat over the account', message('telegram', { account: 'work', chat: '-100' }), 'chat'],
    ['the sender over the account', message('telegram', { account: 'work', sender: '7' }), 'person'],
    ['of chat and sender alone the first in the file', message('telegram', { chat: '-100', sender: '7' }), 'chat'],
    [
      'both over each alone; an unknown agent is passed over',
      message('telegram', { account: 'work', chat: '9', sender: '7' }),
      'both',
    ],
    ['a number with or without plus', message('whatsapp', { sender: '4915' }), 'person'],
  ])('%s', (_, from, agentId) => {
    expect(agents.bind(from).id).toBe(agentId);
  });
});

describe('what an agent may start', () => {
  it('nothing configured: only itself, and the key to set', () => {
    expect(registry({}).spawnPolicy('main')).toEqual({
      allow: 'own',
      key: 'agents.defaults.subagents.allowAgents',
      requireAgentId: false,
    });
    expect(registry({ agents: { list: [{ id: 'a' }, { id: 'b' }] } }).spawnPolicy('b')).toEqual({
      allow: 'own',
      key: 'agents.list[1].subagents.allowAgents',
      requireAgentId: false,
    });
  });

  it('own list over short form over the default list', () => {
    const agents = registry({
      agents: {
        defaults: { subagents: { allowAgents: ['d'], requireAgentId: true } },
        list: [
          { id: 'a', allowAgents: ['x'], subagents: { allowAgents: ['b'], requireAgentId: false } },
          { id: 'b', allowAgents: ['a'] },
          { id: 'd' },
          { id: 'e', subagents: { allowAgents: [] } },
          { id: 'f', subagents: { allowAgents: ['*'] } },
        ],
      },
    });
    expect(agents.spawnPolicy('a')).toEqual({
      allow: ['b'],
      key: 'agents.list[0].subagents.allowAgents',
      requireAgentId: false,
    });
    expect(agents.spawnPolicy('b')).toEqual({ allow: ['a'], key: 'agents.list[1].allowAgents', requireAgentId: true });
    expect(agents.spawnPolicy('d')).toEqual({
      allow: ['d'],
      key: 'agents.defaults.subagents.allowAgents',
      requireAgentId: true,
    });
    expect(agents.spawnPolicy('e').allow).toEqual([]);
    expect(agents.spawnPolicy('f').allow).toBe('any');
    expect(agents.spawnPolicy('claude').key).toBe('agents.defaults.subagents.allowAgents');
  });

  it('only agents that exist are offered', () => {
    const agents = registry({
      agents: {
        list: [
          { id: 'a', subagents: { allowAgents: ['b', 'ghost'] } },
          { id: 'b' },
          { id: 'c', subagents: { allowAgents: ['*'] } },
        ],
      },
    });
    expect(agents.targets('a').map(({ id }) => id)).toEqual(['b']);
    expect(agents.targets('b').map(({ id }) => id)).toEqual(['b']);
    expect(agents.targets('c').map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  });

  it('what is configured and probably not meant is said', () => {
    const agents = registry({
      agents: {
        list: [
          { id: 'a', allowAgents: [] },
          { id: 'b', allowAgents: ['a'], subagents: { allowAgents: ['ghost'] } },
        ],
      },
      bindings: [{ agentId: 'nobody', match: { channel: 'discord' } }],
    });
    expect(agents.warnings.map(({ message, fix }) => `${message} ${fix}`)).toEqual([
      'agents.list[0].allowAgents is a short form. Move it to agents.list[0].subagents.allowAgents.',
      'agents.list[1].allowAgents is ignored, because agents.list[1].subagents.allowAgents is set too. Remove agents.list[1].allowAgents.',
      'agents.list[0].allowAgents is [] and blocks every spawn. Add agent ids, or remove the key to let an agent start itself.',
      'agents.list[1].subagents.allowAgents names ghost, which is no agent. Known: a, b. Add ghost to agents.list, or correct the name.',
      'bindings[0].agentId names nobody, which is no agent. Known: a, b. Add nobody to agents.list, or correct the name.',
    ]);
    expect(registry({}).warnings).toEqual([]);
  });
});

describe('model and thinking of a spawn', () => {
  const caller = { agentId: 'a', model: 'x/now', thinking: 'high' } as const;
  const list = [
    { id: 'a', model: 'x/a' },
    { id: 'b', model: 'x/b', thinking: 'low' },
  ];

  it('the caller runs on for itself, another agent uses its own', () => {
    const agents = registry({ agents: { list } });
    expect(agents.modelFor({ caller, target: 'a' })).toBe('x/now');
    expect(agents.modelFor({ caller, target: 'b' })).toBe('x/b');
    expect(agents.thinkingFor({ caller, target: 'a' })).toBe('high');
    expect(agents.thinkingFor({ caller, target: 'b' })).toBe('low');
  });

  it('default for sub-agents over that, target over default, argument over all', () => {
    const subagents = { model: 'x/cheap', thinking: 'minimal' };
    const defaults = registry({ agents: { defaults: { subagents }, list } });
    expect([defaults.modelFor({ caller, target: 'a' }), defaults.thinkingFor({ caller, target: 'b' })]).toEqual([
      'x/cheap',
      'minimal',
    ]);
    const own = registry({
      agents: {
        defaults: { subagents },
        list: [...list.slice(0, 1), { id: 'b', subagents: { model: 'x/own', thinking: 'medium' } }],
      },
    });
    expect([own.modelFor({ caller, target: 'b' }), own.thinkingFor({ caller, target: 'b' })]).toEqual([
      'x/own',
      'medium',
    ]);
    expect(own.modelFor({ caller, target: 'b', argument: 'x/arg' })).toBe('x/arg');
  });
});
