import { describe, expect, it } from 'vitest';
import { type Config, configSchema } from '../../src/infra/config.ts';
import { checkConfig } from '../../src/infra/config-faults.ts';
import { listKeys } from '../../src/infra/config-keys.ts';

function faults(raw: unknown): readonly string[] {
  const checked = checkConfig(raw);
  return checked.ok ? [] : checked.faults.map((fault) => fault.replace('schema validation failed: ', ''));
}

function config(raw: unknown): Config {
  const checked = checkConfig(raw);
  if (!checked.ok) throw new Error(checked.faults.join('\n'));
  return checked.config;
}

describe('defaults', () => {
  it('an empty config is complete', () => {
    const all = configSchema.parse({});
    expect(all.agents.defaults).toEqual({
      maxConcurrent: 4,
      contextTokens: 200_000,
      stall: { warnSeconds: 600, abortSeconds: 1800 },
      subagents: {
        maxConcurrent: 8,
        maxSpawnDepth: 1,
        maxChildrenPerAgent: 5,
        runTimeoutSeconds: 0,
        startTimeoutSeconds: 60,
        archiveAfterMinutes: 60,
        announceTimeoutMs: 120_000,
        requireAgentId: false,
      },
    });
    expect(all.session).toEqual({
      dmScope: 'per-channel-peer',
      threadBindings: {
        enabled: true,
        idleHours: 24,
        maxAgeHours: 0,
        spawnSessions: true,
        defaultSpawnContext: 'fork',
      },
    });
    expect(all.announce).toEqual({ mode: { agentRuns: 'agent', userRuns: 'direct' }, maxChars: 8000 });
    expect(all.messages).toEqual({
      queue: { mode: 'steer', debounceMs: 500, cap: 20, drop: 'summarize', byChannel: {} },
      inbound: { maxAgeMinutes: 60, maxFileMb: 20 },
      outbound: { fileOverChunks: 5 },
    });
    expect(all.acp).toEqual({
      enabled: false,
      permissionMode: 'approve-reads',
      permissionTimeoutSeconds: 300,
      control: 'owner',
      agents: {},
      allowNpx: false,
      initTimeoutSeconds: 60,
      turnTimeoutSeconds: 0,
      idleTtlMinutes: 30,
      maxSessions: 8,
    });
    expect(all.budgets).toEqual({
      tree: { tokens: 2_000_000, costUsd: 5, seconds: 0 },
      day: { tokens: 0, costUsd: 0 },
      warnAt: 0.8,
      breaker: { failures: 3, resetMinutes: 10 },
    });
    expect([
      all.gateway.drainSeconds,
      all.logging.level,
      all.commands,
      all.bindings,
      all.tools.web.allowPrivateAddresses,
    ]).toEqual([60, 'info', { ownerAllowFrom: [] }, [], false]);
  });

  it('WhatsApp is off and closed, the others wait for a token and ask for pairing', () => {
    const { channels } = configSchema.parse({});
    expect(channels.whatsapp).toMatchObject({
      enabled: false,
      dmPolicy: 'allowlist',
      groupPolicy: 'allowlist',
      requireMention: true,
    });
    expect(channels.telegram).toMatchObject({
      enabled: false,
      dmPolicy: 'pairing',
      allowFrom: [],
      groups: {},
      allowBots: false,
    });
  });

  it('every key says what it means', () => {
    expect(listKeys().filter((key) => key.description.length < 10)).toEqual([]);
    expect(listKeys().length).toBeGreaterThan(120);
  });
});

describe('accounts', () => {
  it('a token switches a channel on, `enabled: false` keeps it off', () => {
    expect(config({ channels: { telegram: { token: 't' } } }).channels.telegram.accounts.default?.enabled).toBe(true);
    const off = config({ channels: { telegram: { token: 't', enabled: false, accounts: { work: { token: 'w' } } } } })
      .channels.telegram;
    expect(Object.values(off.accounts).map((account) => account.enabled)).toEqual([false, false]);
  });

  it('an account holds what differs from its channel, but never its token', () => {
    const { telegram } = config({
      channels: {
        telegram: {
          token: 't',
          allowFrom: ['1'],
          threadBindings: { idleHours: 5 },
          tools: { deny: ['exec'] },
          accounts: { work: { token: 'w', dmPolicy: 'disabled', threadBindings: { maxAgeHours: 9 } }, idle: {} },
        },
      },
    }).channels;
    expect(telegram.accounts.work).toMatchObject({
      enabled: true,
      token: 'w',
      allowFrom: ['1'],
      dmPolicy: 'disabled',
      threadBindings: { idleHours: 5, maxAgeHours: 9 },
      tools: { deny: ['exec'] },
    });
    expect(telegram.accounts.idle).toMatchObject({ enabled: false });
    expect(telegram.accounts.idle).not.toHaveProperty('token');
    expect(telegram.accounts.default).toMatchObject({ enabled: true, token: 't', dmPolicy: 'pairing' });
  });
});

describe('unknown keys', () => {
  it.each([
    [{ allowAgents: ['x'] }, 'unknown field allowAgents; did you mean agents.list[].subagents.allowAgents?'],
    [
      { subagents: { allowAgents: [] } },
      'unknown field subagents.allowAgents; did you mean agents.list[].subagents.allowAgents?',
    ],
    [
      { agents: { allowAgents: [] } },
      'unknown field agents.allowAgents; did you mean agents.list[].subagents.allowAgents?',
    ],
    [
      { agents: { defaults: { allowAgents: [] } } },
      'unknown field agents.defaults.allowAgents; did you mean agents.defaults.subagents.allowAgents?',
    ],
    [
      { agents: { list: [{ id: 'a' }, { id: 'b', tools: { allowAgents: [] } }] } },
      'unknown field agents.list[1].tools.allowAgents; did you mean agents.list[1].subagents.allowAgents?',
    ],
    [
      { agents: { list: [{ id: 'a', subagents: { allowedAgents: [] } }] } },
      'unknown field agents.list[0].subagents.allowedAgents; did you mean agents.list[0].subagents.allowAgents?',
    ],
    [
      { agents: { defaults: { maxConcurent: 3 } } },
      'unknown field agents.defaults.maxConcurent; did you mean agents.defaults.maxConcurrent?',
    ],
    [
      { agents: { list: [{ id: 'a', maxSpawnDepth: 2 }] } },
      'unknown field agents.list[0].maxSpawnDepth; did you mean agents.defaults.subagents.maxSpawnDepth?',
    ],
    [
      { maxConcurrent: 3 },
      'unknown field maxConcurrent; did you mean agents.defaults.maxConcurrent or agents.defaults.subagents.maxConcurrent?',
    ],
    [{ session: { dmscope: 'main' } }, 'unknown field session.dmscope; did you mean session.dmScope?'],
    [
      { models: { providers: { x: { url: 'http://a' } } } },
      'unknown field models.providers.x.url; did you mean models.providers.x.baseUrl?',
    ],
    [
      { models: { providers: { x: { key: 'k' } } } },
      'unknown field models.providers.x.key; did you mean models.providers.x.apiKey?',
    ],
    [{ budgets: { tree: { cost: 3 } } }, 'unknown field budgets.tree.cost; did you mean budgets.tree.costUsd?'],
    [
      { session: { threadBindings: { IDLE: 3 } } },
      'unknown field session.threadBindings.IDLE; did you mean session.threadBindings.idleHours?',
    ],
    [{ chanels: {} }, 'unknown field chanels; did you mean channels?'],
    [{ gateway: { speed: 1 } }, 'unknown field gateway.speed; valid here: drainSeconds'],
  ])('%j', (raw, sentence) => {
    const checked = checkConfig(raw);
    expect(checked.ok ? [] : checked.faults).toEqual([`schema validation failed: ${sentence}`]);
  });
});

describe('other faults', () => {
  it('are all named at once, with what is allowed', () => {
    expect(
      faults({
        agents: {
          defaults: { subagents: { maxSpawnDepth: 9, maxConcurrent: '8', nope: 1 } },
          list: [{ id: 'a b' }, { name: 'x' }],
        },
        tools: { profile: 'min' },
        budgets: { warnAt: 0 },
      }),
    ).toEqual([
      'agents.defaults.subagents.maxConcurrent must be a number, but is "8"',
      'agents.defaults.subagents.maxSpawnDepth must be at most 5, but is 9',
      'unknown field agents.defaults.subagents.nope; valid here: allowAgents, requireAgentId, model, thinking, maxConcurrent, maxSpawnDepth, maxChildrenPerAgent, runTimeoutSeconds, startTimeoutSeconds, archiveAfterMinutes, announceTimeoutMs',
      'agents.list[0].id is "a b": use letters, digits, ".", "_" and "-", at most 64 characters',
      'agents.list[1].id must be a text, but is missing',
      'tools.profile must be one of messaging, coding, full, but is "min"',
      'budgets.warnAt must be more than 0, but is 0',
    ]);
  });

  it.each([
    [{ agents: { list: { id: 'x' } } }, 'agents.list must be a list [...], but is an object'],
    [[], 'the configuration must be an object {...}, but is a list'],
    [{ agents: { list: [{ id: 'a' }, { id: 'A' }] } }, 'agents.list[1].id is "A": another agent has this id'],
    [
      {
        agents: {
          list: [
            { id: 'a', default: true },
            { id: 'b', default: true },
          ],
        },
      },
      'agents.list[1].default is true, but only one agent can be the default',
    ],
    [
      { agents: { list: [{ id: 'a', model: 'gpt' }] } },
      'agents.list[0].model is "gpt": use provider/model, e.g. anthropic/claude-sonnet-4-5',
    ],
    [
      { agents: { list: [{ id: 'a', runtime: { type: 'acp' } }] } },
      'agents.list[0].runtime.agent is missing: runtime type acp needs the id of a harness, e.g. "claude"',
    ],
    [{ tools: { mcp: { files: {} } } }, 'tools.mcp.files needs either command or url'],
    [
      { models: { providers: { x: { baseUrl: 'foo' } } } },
      'models.providers.x.baseUrl is "foo": use an http:// or https:// address',
    ],
    [
      { channels: { telegram: { apiRoot: 'http://example.com' } } },
      'channels.telegram.apiRoot is "http://example.com": use a https:// address; http:// works only to this machine (localhost, 127.0.0.1)',
    ],
    [
      { channels: { telegram: { enabled: true } } },
      'channels.telegram.enabled is true, but there is no token: set token here or in the environment (.env is read at start: restart Switchyard after a change there)',
    ],
    [
      { channels: { discord: { dmPolicy: 'open' } } },
      'channels.discord.dmPolicy is "open": it needs "*" in allowFrom, to say that everybody is meant',
    ],
    [
      { channels: { discord: { dmPolicy: 'allowlist' } } },
      'channels.discord.dmPolicy is "allowlist": it needs at least one id in allowFrom',
    ],
    [
      { commands: { ownerAllowFrom: ['bob'] } },
      'commands.ownerAllowFrom[0] is "bob": use <channel>:<id> with one of console, telegram, discord, whatsapp, e.g. telegram:12345',
    ],
  ])('%j', (raw, sentence) => {
    expect(faults(raw)).toEqual([sentence]);
  });

  it('a harness names its models in its own way', () => {
    expect(
      faults({ agents: { list: [{ id: 'a', model: 'sonnet', runtime: { type: 'acp', agent: 'claude' } }] } }),
    ).toEqual([]);
  });

  it('loopback addresses may be unencrypted, so that twins and local servers work', () => {
    expect(
      faults({
        channels: {
          discord: { apiUrl: 'http://127.0.0.1:80/api' },
          telegram: { apiRoot: 'http://localhost:1' },
          whatsapp: { wsUrl: 'ws://[::1]:3/ws' },
        },
      }),
    ).toEqual([]);
  });

  it.each(['telegram', 'discord'] as const)(
    'two accounts of %s never share a bot, and its token is not shown',
    (channel) => {
      const told = faults({
        channels: {
          [channel]: { token: 'secret-1', accounts: { work: { token: 'secret-1' }, home: { token: 'secret-2' } } },
        },
      });
      expect(told).toEqual([
        expect.stringMatching(
          new RegExp(
            `^channels\\.${channel}\\.accounts\\.work\\.token .*account default.*each account needs a bot of its own$`,
          ),
        ),
      ]);
      expect(told.join()).not.toContain('secret');
      const off = { token: 'secret-1', accounts: { work: { token: 'secret-1', enabled: false } } };
      expect(faults({ channels: { [channel]: off } })).toEqual([]);
    },
  );

  it('a secret of the wrong type is not repeated', () => {
    expect(faults({ channels: { telegram: { token: 123456 } } })).toEqual([
      'channels.telegram.token must be a text, but is a number',
    ]);
  });
});
