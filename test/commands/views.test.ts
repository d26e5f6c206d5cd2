import { describe, expect, test } from 'vitest';
import { aBinding, anEndedRun, aPlace, aRun, aSession, aUsage, noon } from '../fakes/builders.ts';
import { aStatus, aWorld } from '../fakes/services.ts';
import { lines, typed } from './story.ts';

const guest = aPlace({ caller: { id: 'telegram:7', name: 'Bo', class: 'allowed' } });

describe('/tools', () => {
  test('lists what the agent has, and what is missing with the reason', async () => {
    expect(await typed('/tools')).toBe(lines('Tools of main:', '-----', 'read', 'exec'));
    const removed = [
      { name: 'sessions_spawn', stage: 'profile messaging', fix: 'Set tools.alsoAllow: ["sessions_spawn"].' },
    ];
    expect(await typed('/tools', aWorld({ tools: { available: [], removed } }))).toBe(
      lines(
        'Tools of main:',
        '-----',
        '(none)',
        'Not available:',
        '-----',
        'sessions_spawn: removed by profile messaging. Set tools.alsoAllow: ["sessions_spawn"].',
      ),
    );
  });
});

describe('/queue', () => {
  const settings = ['debounce: 500ms', 'cap: 20 messages', 'drop: summarize'];

  test('shows the mode and what waits', async () => {
    expect(await typed('/queue', aWorld({ waiting: 1 }))).toBe(
      lines('Queue:', '-----', 'mode: steer', ...settings, 'waiting: 1 message', 'as configured'),
    );
  });

  test('sets single settings and undoes them', async () => {
    const world = aWorld();
    expect(await typed('/queue collect debounce:2s cap:5 drop:old', world)).toBe(
      lines(
        '✅ Queue:',
        '-----',
        'mode: collect',
        'debounce: 2s',
        'cap: 5 messages',
        'drop: old',
        'waiting: 0 messages',
        'set for this session; /queue default undoes it',
      ),
    );
    expect(await typed('/queue debounce:off', world)).toContain('mode: collect\ndebounce: off');
    expect(await typed('/queue default', world)).toBe(
      lines('✅ Queue:', '-----', 'mode: steer', ...settings, 'waiting: 0 messages', 'as configured'),
    );
    const key = aSession().key;
    expect(world.asked).toEqual([
      `setQueue ${key} {"mode":"collect","debounceMs":2000,"cap":5,"drop":"old"}`,
      `setQueue ${key} {"debounceMs":0}`,
      `setQueue ${key} "default"`,
    ]);
  });

  test('explains a mistake', async () => {
    const usage =
      'Usage: /queue [steer|followup|collect|interrupt] [debounce:<d>] [cap:<n>] [drop:summarize|old|new], or /queue default';
    expect(await typed('/queue fast')).toBe(
      lines('⚠️ mode cannot be "fast". Choose: steer, followup, collect, interrupt, default.', usage),
    );
    expect(await typed('/queue default cap:3')).toBe(lines('⚠️ /queue default takes nothing else.', usage));
  });
});

describe('/tasks', () => {
  test('shows the newest runs with their four facts and errors', async () => {
    const failed = anEndedRun({
      label: 'scripts',
      state: {
        status: 'failed',
        startedAt: noon - 60_000,
        endedAt: noon - 10_000,
        outcome: { kind: 'error', code: 'model_error', message: '429 from\nthe provider' },
      },
      delivery: { state: 'undelivered', attempts: 9, reason: 'chat gone' },
    });
    expect(await typed('/tasks', aWorld({ runs: [aRun(), failed], undelivered: 1 }))).toBe(
      lines(
        'Tasks:',
        '-----',
        '2. scripts (run 4f1c2a90) failed',
        '   accepted: 2026-01-01T11:58:59Z (1m ago)',
        '   started: 2026-01-01T11:59:00Z (1m ago)',
        '   finished: 2026-01-01T11:59:50Z (10s ago)',
        '   delivered: n/a (undelivered)',
        '   error (model_error): 429 from the provider',
        '1. words (run 4f1c2a90) running',
        '   accepted: 2026-01-01T11:58:59Z (1m ago)',
        '   started: 2026-01-01T11:59:00Z (1m ago)',
        '   finished: n/a',
        '   delivered: n/a',
        'undelivered: 1',
      ),
    );
  });

  test('shows five at most, and that there are none', async () => {
    const runs = Array.from({ length: 7 }, (_, index) => anEndedRun({ id: `r${index}`, label: `r${index}` }));
    const text = await typed('/tasks', aWorld({ runs }));
    expect(text?.match(/^\d\. r\d/gm)).toEqual(['7. r6', '6. r5', '5. r4', '4. r3', '3. r2']);
    expect(await typed('/tasks')).toBe(lines('Tasks:', '-----', '(none)', 'undelivered: 0'));
  });
});

describe('/status', () => {
  const session = [
    'session: agent:main:telegram:direct:42',
    'agent: main',
    'model: demo/demo',
    'queue: steer, 0 waiting',
    'run: none',
    'binding: none',
    'lanes: main 2/4 (+1), subagent 5/8',
  ];

  test('shows the owner the whole process', async () => {
    expect(await typed('/status')).toBe(
      lines(
        'Status:',
        '-----',
        'version: 0.1.0, up 2h00m, generation 3',
        'config: /home/ann/switchyard.json5, loaded 2026-01-01T10:00:00Z (2h ago)',
        ...session,
        'channel telegram: connected. as @yard_bot since 10:00',
        'ACP: off',
        'outbox: 1 pending, 2 undelivered',
      ),
    );
  });

  test('names every chat that takes nothing, and why, to the owner alone', async () => {
    const closed = [
      { chat: 'telegram:default:8', reason: 'the person has blocked the bot' },
      { chat: 'telegram:default:-5', reason: 'the bot was removed from this group' },
    ];
    const status = { ...aStatus(), closed };
    const words = lines(
      'outbox: 1 pending, 2 undelivered',
      'ℹ️ nothing can be sent to telegram:default:8: the person has blocked the bot',
      'ℹ️ nothing can be sent to telegram:default:-5: the bot was removed from this group',
    );
    expect((await typed('/status', aWorld({ status })))?.endsWith(words)).toBe(true);
    expect(await typed('/status', aWorld({ status }), guest)).not.toContain('nothing can be sent');
  });

  test('shows others the session and the lanes only', async () => {
    expect(await typed('/status', aWorld(), guest)).toBe(lines('Status:', '-----', ...session));
  });

  test('warns of a newer config file, a broken one, and a restart', async () => {
    const status = {
      ...aStatus(),
      draining: true,
      channels: [],
      acp: { enabled: true, mode: 'deny-all' },
      config: {
        ...aStatus().config,
        fileChangedAt: noon - 60_000,
        error: 'unknown field agents.lst; did you mean agents.list?',
      },
    };
    const text = await typed('/status', aWorld({ status }));
    expect(text?.split('\n').slice(3, 7)).toEqual([
      '⏳ restarting: no new work is taken',
      'config: /home/ann/switchyard.json5, loaded 2026-01-01T10:00:00Z (2h ago)',
      '⚠️ config file is newer: changed 2026-01-01T11:59:00Z (1m ago), not loaded; a new chat does not reload it',
      '⚠️ config: unknown field agents.lst; did you mean agents.list?',
    ]);
    expect(text).toContain('channels: (none)\nACP: deny-all');
  });

  test('says when there is no config file', async () => {
    const config = { ...aStatus().config, exists: false };
    expect(await typed('/status', aWorld({ status: { ...aStatus(), config } }))).toContain(
      'config: defaults, there is no file /home/ann/switchyard.json5\n',
    );
  });

  test('in a bound conversation shows the bound session, its run and the binding', async () => {
    const run = aRun({ label: 'docs' });
    const bound = aPlace({ bound: true, session: aSession({ key: run.child, runId: run.id, model: 'ollama/qwen3' }) });
    const text = await typed('/status', aWorld({ runs: [run], bindings: [aBinding({ label: 'docs' })] }), bound);
    expect(text).toContain(
      lines(
        `session: ${run.child}`,
        'agent: main',
        'model: ollama/qwen3',
        'queue: steer, 0 waiting',
        'run: 4f1c2a90 running',
        'binding: docs; idle 24h, next expiry 2026-01-02T11:59:00Z (in 23h); max age off',
      ),
    );
  });
});

describe('/help', () => {
  test('lists the commands with aliases and meaning', async () => {
    const text = await typed('/help');
    expect(text?.split('\n').slice(0, 7)).toEqual([
      'Commands:',
      '-----',
      '/help - The commands you may use, or one of them in detail.',
      '/subagents - See and steer the sub-agents started here.',
      '/acp - Start and steer coding agents: Claude Code, Codex, Gemini CLI and others.',
      '/steer (/tell) - Tell the agent something while it works.',
      '/stop - Stop everything running here.',
    ]);
    expect(text?.split('\n').at(-1)).toBe('/help <command> shows syntax and an example.');
  });

  test('shows one command in detail, by any of its names', async () => {
    const text = lines(
      '/steer: Tell the agent something while it works:',
      '-----',
      '/steer <message>',
      '  Goes into the running turn at its next step; with nothing running it is a normal message.',
      '  example: /steer use the short version',
    );
    for (const line of ['/help steer', '/help /tell', '/HELP Steer']) expect(await typed(line), line).toBe(text);
  });

  test('does not know every name', async () => {
    expect(await typed('/help queu')).toBe(
      '⚠️ There is no command /queu. Did you mean /queue? /help lists the commands.',
    );
  });
});

describe('/whoami', () => {
  test('tells id, class, agent, session and route', async () => {
    expect(await typed('/whoami', aWorld(), guest)).toBe(
      lines(
        'You:',
        '-----',
        'id: telegram:7',
        'in the config: "7" goes into channels.telegram.allowFrom, "telegram:7" into commands.ownerAllowFrom',
        'class: allowed',
        'agent: main',
        'session: agent:main:telegram:direct:42',
        'route: telegram:default:42',
      ),
    );
  });

  test('names the list of the account that was written to', async () => {
    const place = aPlace({ caller: guest.caller, route: { channel: 'telegram', account: 'work', chat: '7' } });
    expect(await typed('/whoami', aWorld(), place)).toContain(
      'in the config: "7" goes into channels.telegram.accounts.work.allowFrom,',
    );
  });
});

describe('/usage', () => {
  const usage = {
    session: aUsage(1000, 200, 0.05),
    tree: aUsage(2000, 400, null),
    today: { ...aUsage(0, 0), reported: false },
    left: [
      { name: 'budgets.tree.tokens', left: 1_500_000, of: 2_000_000 },
      { name: 'budgets.tree.costUsd', left: 4.5, of: 5 },
      { name: 'budgets.tree.seconds', left: 90, of: 3600 },
    ],
    agents: [{ id: 'main', usage: aUsage(1000, 200, 0.05) }],
  };
  const own = [
    'Tokens and cost:',
    '-----',
    'session: 1.0k in / 200 out / 1.2k total · est. $0.05',
    'tree: 2.0k in / 400 out / 2.4k total · cost n/a',
    'today: n/a',
    'budget left, budgets.tree.tokens: 1.5M of 2.0M',
    'budget left, budgets.tree.costUsd: $4.50 of $5.00',
    'budget left, budgets.tree.seconds: 1m30s of 1h',
  ];

  test('shows what was spent and what is left; the owner also sees each agent', async () => {
    expect(await typed('/usage', aWorld({ usage }), guest)).toBe(lines(...own));
    expect(await typed('/usage', aWorld({ usage }))).toBe(
      lines(...own, 'By agent:', '-----', 'main: 1.0k in / 200 out / 1.2k total · est. $0.05'),
    );
  });

  test('says when no budget is set', async () => {
    expect(await typed('/usage')).toContain('budget left: no budget set');
  });
});
