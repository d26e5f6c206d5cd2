import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agentRegistry } from '../../src/agents/registry.ts';
import { type PolicyTool, sessionTools, toolPolicy } from '../../src/agents/tool-policy.ts';
import type { Route } from '../../src/core/route.ts';
import type { Session } from '../../src/core/session.ts';
import { configSchema } from '../../src/infra/config.ts';

const catalogue: readonly PolicyTool[] = [
  ...sessionTools.map((name) => ({ name, group: 'session' as const })),
  ...['read', 'ls', 'grep'].map((name) => ({ name, group: 'read' as const })),
  ...['write', 'edit'].map((name) => ({ name, group: 'write' as const })),
  { name: 'exec', group: 'exec' },
  { name: 'web_fetch', group: 'web' },
  { name: 'github_search', group: 'mcp' },
  ...['gateway', 'cron'].map((name) => ({ name, group: 'exec' as const })),
];
const all = catalogue.map(({ name }) => name);

type Who = Pick<Session, 'role' | 'depth' | 'ownerOnly'>;
const owner: Who = { role: 'main', depth: 0, ownerOnly: true };
const guest: Who = { ...owner, ownerOnly: false };
const leaf: Who = { role: 'leaf', depth: 1, ownerOnly: true };
const orchestrator: Who = { role: 'orchestrator', depth: 1, ownerOnly: true };

function policy(raw: object, session: Who = owner, place?: Pick<Route, 'channel' | 'account'>) {
  const config = configSchema.parse(raw);
  const agent = agentRegistry(config, { fallbackModel: 'demo/demo', workingDirectory: '/' }).default();
  return toolPolicy({ config, agent, session, place, catalogue });
}

function removed(view: ReturnType<typeof policy>, name: string): string | undefined {
  const found = view.removed.find((tool) => tool.name === name);
  return found === undefined ? undefined : `${found.stage} | ${found.fix}`;
}

const without = (...names: readonly string[]): readonly string[] => all.filter((name) => !names.includes(name));

describe('profiles', () => {
  it.each([{}, { tools: { profile: 'full' } }, { tools: { profile: 'coding' } }])('%j holds every tool', (raw) => {
    expect(policy(raw)).toEqual({ available: all, removed: [] });
  });

  it('messaging only looks and talks', () => {
    const view = policy({ tools: { profile: 'messaging' } });
    expect(view.available).toEqual([
      'agents_list',
      'sessions_list',
      'sessions_history',
      'sessions_send',
      'read',
      'ls',
      'grep',
      'web_fetch',
    ]);
    expect(removed(view, 'sessions_spawn')).toBe(
      'profile messaging (tools.profile) | Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile.',
    );
    expect(removed(view, 'exec')).toBe(
      'profile messaging (tools.profile) | Set tools.alsoAllow: ["exec"], or another tools.profile.',
    );
  });

  it('an explicit allowlist of the agent, or alsoAllow, brings the spawn tools back', () => {
    const spawning = ['sessions_spawn', 'sessions_yield', 'subagents'];
    const listed = {
      tools: { profile: 'messaging' },
      agents: { list: [{ id: 'a', subagents: { allowAgents: ['a'] } }] },
    };
    expect(policy(listed).available).toEqual(expect.arrayContaining(spawning));
    expect(policy({ tools: { profile: 'messaging', alsoAllow: spawning } }).available).toEqual(
      expect.arrayContaining(spawning),
    );
    const empty = { tools: { profile: 'messaging' }, agents: { list: [{ id: 'a', subagents: { allowAgents: [] } }] } };
    expect(policy(empty).available).not.toContain('sessions_spawn');
  });

  it("an agent's profile replaces the general one and is named", () => {
    const view = policy({
      tools: { profile: 'full' },
      agents: { list: [{ id: 'a', tools: { profile: 'messaging', alsoAllow: ['github_*'] } }] },
    });
    expect(view.available).toContain('github_search');
    expect(removed(view, 'exec')).toBe(
      'profile messaging (agents.list[0].tools.profile) | Set agents.list[0].tools.alsoAllow: ["exec"], or another agents.list[0].tools.profile.',
    );
  });
});

describe('lists', () => {
  it('deny beats allow, every list narrows, each names its key', () => {
    const view = policy({
      tools: { allow: ['read', 'exec', 'write', 'web_fetch'], deny: ['exec'] },
      agents: { list: [{ id: 'a', tools: { allow: ['read', 'exec', 'web_fetch'] } }] },
    });
    expect(view.available).toEqual(['read', 'web_fetch']);
    expect(removed(view, 'exec')).toBe('tools.deny | Remove exec from tools.deny.');
    expect(removed(view, 'write')).toBe('agents.list[0].tools.allow | Add write to agents.list[0].tools.allow.');
    expect(removed(view, 'ls')).toBe(
      'tools.allow and agents.list[0].tools.allow | Add ls to tools.allow. Add ls to agents.list[0].tools.allow.',
    );
  });

  it('alsoAllow does not undo a deny', () => {
    expect(policy({ tools: { profile: 'messaging', alsoAllow: ['exec'], deny: ['exec'] } }).available).not.toContain(
      'exec',
    );
  });

  it('a channel has lists of its own, an account may differ', () => {
    const raw = {
      channels: {
        discord: { token: 't', tools: { deny: ['exec'] }, accounts: { safe: { token: 'u', tools: { deny: [] } } } },
      },
    };
    expect(removed(policy(raw, owner, { channel: 'discord', account: 'default' }), 'exec')).toBe(
      'channels.discord.tools.deny | Remove exec from channels.discord.tools.deny.',
    );
    expect(policy(raw, owner, { channel: 'discord', account: 'safe' }).available).toContain('exec');
    expect(policy(raw, owner, { channel: 'telegram', account: 'default' }).available).toEqual(all);
    expect(policy(raw, owner, { channel: 'console', account: 'local' }).available).toEqual(all);
  });
});

describe('others than the owner', () => {
  it('get no write, edit and exec, unless the agent grants them', () => {
    expect(policy({}, guest).available).toEqual(without('write', 'edit', 'exec'));
    const granted = policy({ agents: { list: [{ id: 'a', tools: { nonOwner: ['write', 'edit'] } }] } }, guest);
    expect(granted.available).toEqual(without('exec'));
    expect(removed(granted, 'exec')).toBe(
      'the non-owner rule (others than the owner speak here) | To grant it here too, set agents.list[0].tools.nonOwner: ["exec"].',
    );
  });

  it('alsoAllow is no grant', () => {
    expect(policy({ tools: { alsoAllow: ['exec'] } }, guest).available).not.toContain('exec');
  });
});

describe('sub-agents', () => {
  it('a leaf has no session and no system tools', () => {
    const view = policy({}, leaf);
    expect(view.available).toEqual(without(...sessionTools, 'gateway', 'cron'));
    expect(removed(view, 'sessions_spawn')).toBe(
      'role leaf (depth 1) | To let sub-agents of depth 1 start agents, set agents.defaults.subagents.maxSpawnDepth above 1 (now 1).',
    );
    expect(policy({ tools: { alsoAllow: ['sessions_spawn'] } }, leaf).available).not.toContain('sessions_spawn');
  });

  it('an orchestrator has what it needs to lead, and no more', () => {
    expect(policy({}, orchestrator).available).toEqual(without('sessions_send', 'gateway', 'cron'));
  });

  it('what a role never has is not blamed on a setting beside it', () => {
    const view = policy({ tools: { profile: 'messaging', deny: ['sessions_send'] } }, leaf);
    expect(removed(view, 'sessions_send')).toBe(
      'role leaf (depth 1) | Sub-agents never have it; their last text is their answer.',
    );
    expect(removed(view, 'sessions_spawn')).toMatch(/^profile messaging .* and role leaf .*alsoAllow.*maxSpawnDepth/);
  });

  it('the stored role decides, whatever the limit says now', () => {
    const view = policy({ agents: { defaults: { subagents: { maxSpawnDepth: 3 } } } }, leaf);
    expect(view.available).not.toContain('sessions_spawn');
    expect(removed(view, 'sessions_spawn')).toContain('start it again');
  });

  it('their own lists narrow: deny wins, allow adds nothing, chats are not touched', () => {
    const raw = { tools: { subagents: { tools: { allow: ['read', 'exec', 'sessions_spawn'], deny: ['exec'] } } } };
    expect(policy(raw, leaf).available).toEqual(['read']);
    expect(policy(raw).available).toEqual(all);
    expect(removed(policy(raw, leaf), 'exec')).toBe(
      'tools.subagents.tools.deny | Remove exec from tools.subagents.tools.deny.',
    );
    expect(removed(policy(raw, leaf), 'ls')).toBe(
      'tools.subagents.tools.allow | Add ls to tools.subagents.tools.allow.',
    );
  });
});

describe('whatever the lists say', () => {
  const names = fc.uniqueArray(fc.constantFrom(...all, '*', 'sessions_*'), { maxLength: 5 });
  const lists = fc.record(
    { profile: fc.constantFrom('messaging', 'coding', 'full'), allow: names, deny: names, alsoAllow: names },
    { requiredKeys: [] },
  );

  it('each tool is either available or removed with a reason and a fix, and no list lifts a rule about people and roles', () => {
    fc.assert(
      fc.property(lists, lists, fc.constantFrom(owner, guest, leaf, orchestrator), (general, own, session) => {
        const view = policy({ tools: general, agents: { list: [{ id: 'a', tools: own }] } }, session);
        expect([...view.available, ...view.removed.map(({ name }) => name)].toSorted()).toEqual(all.toSorted());
        for (const { stage, fix } of view.removed) expect([stage, fix]).not.toContain('');
        if (session === leaf)
          expect(view.available.filter((name) => /^sessions_|subagents|agents_list/.test(name))).toEqual([]);
        if (session === guest)
          expect(view.available.filter((name) => ['write', 'edit', 'exec'].includes(name))).toEqual([]);
        const denied = [...(general.deny ?? []), ...(own.deny ?? [])];
        expect(view.available.filter((name) => denied.includes(name))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
