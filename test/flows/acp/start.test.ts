// What stands in the way of a coding agent is said with its code and the next step, and a failed start leaves nothing behind.
import { afterEach, describe, expect, test } from 'vitest';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const open = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  world = await openCoding(options);
  return world;
};
afterEach(async () => {
  await world.close();
});

test('with all that may run at work, another one is refused at once, and nothing is left of it', async () => {
  await open({ acp: { maxSessions: 1 } });
  await world.ask('/acp spawn --bind here', /is ready/);
  await world.say('hang');
  await world.received('prompt');
  const before = kept();
  expect(await world.ask('/acp spawn', /ACP error/)).toMatch(
    /^⚠️ ACP error \(ACP_BACKEND_UNAVAILABLE\): all coding agents that may run at once are at work: 1 \(acp\.maxSessions\)\.\nnext: /,
  );
  expect(kept()).toEqual(before);
  await world.ask('/acp cancel', /cancelled/);
});

/** Everything about coding agents that is stored. */
const kept = (): readonly unknown[] =>
  world.engine.stores.database.read.all(
    "SELECT key FROM keyv WHERE key LIKE 'acp%' OR key LIKE '%:acp:%' OR key LIKE 'binding%'",
  );

describe('/acp spawn is refused', () => {
  test.each<[string, object, string, RegExp]>([
    [
      'while it is switched off',
      { enabled: false },
      '',
      /^⚠️ ACP error \(ACP_DISPATCH_DISABLED\): .*\nnext: switchyard config set acp\.enabled true$/,
    ],
    [
      'without an agent',
      { defaultAgent: undefined },
      '',
      /^⚠️ No coding agent was named, and no default is set\. .*acp\.defaultAgent/,
    ],
    [
      'for one that is not allowed',
      {},
      'codex',
      /^⚠️ ACP agent id not in allowedAgents: codex\. Allowed: twin\..*acp\.allowedAgents/,
    ],
    [
      'for one nobody knows',
      { allowedAgents: ['*'] },
      'nobody',
      /^⚠️ ACP error \(ACP_BACKEND_MISSING\): no coding agent is named nobody\. Known: claude, .*\nnext: /,
    ],
    [
      'for one that is not installed',
      { allowedAgents: ['*'] },
      'claude-code',
      /^⚠️ ACP error \(ACP_BACKEND_MISSING\): claude-agent-acp is not installed\.\nnext: npm i -g @agentclientprotocol\/claude-agent-acp\nnext: claude login/,
    ],
    [
      'for a native agent',
      {},
      'main',
      /^⚠️ main is a native agent, not a coding agent\. \/subagents spawn main <task> starts it\.$/,
    ],
    [
      'for a folder that is none',
      {},
      'twin --cwd work',
      /^⚠️ ACP error \(ACP_INVALID_RUNTIME_OPTION\): the working folder work is no absolute path\.\nnext: /,
    ],
    ['with two places', {}, 'twin --bind here --thread auto', /^⚠️ --bind here and --thread exclude each other/],
    ['where there are no threads', {}, 'twin --thread auto', /^⚠️ There are no threads in this chat\. Use --bind here/],
    ['in a thread that is none', {}, 'twin --thread here', /^⚠️ This is no thread/],
    ['with a flag nobody knows', {}, 'twin --fast', /^⚠️ Unknown flag --fast/],
  ])('%s', async (_name, acp, words, reply) => {
    await open({ acp });
    expect(await world.ask(`/acp spawn ${words}`)).toMatch(reply);
    expect(kept()).toEqual([]);
    expect(world.log()).toEqual([]);
  });
});

describe('a start that fails', () => {
  test.each([
    [
      'exit',
      /^⚠️ ACP error \(ACP_SESSION_INIT_FAILED\): twin could not be started: it ended with exit code 3.*cannot find my licence/s,
    ],
    ['login', /^⚠️ ACP error \(ACP_BACKEND_UNAVAILABLE\): twin is not logged in\.\nnext: log in/],
    [
      'hang',
      /^⚠️ ACP error \(ACP_SESSION_INIT_FAILED\): twin could not be started: it did not answer initialize within 1 s/,
    ],
  ] as const)('by %s says why, and leaves nothing behind', async (init, reply) => {
    await open({ twin: { init }, acp: { initTimeoutSeconds: init === 'hang' ? 1 : 60 } });
    const said = await world.ask('/acp spawn --bind here');
    expect(said).toMatch(reply);
    expect(said).not.toContain('sk-ant');
    expect(kept()).toEqual([]);
    expect(world.living()).toEqual([]);
    world.agent.always(/^hello$/, 'hello from the main agent');
    expect(await world.ask('hello')).toBe('hello from the main agent');
  });

  test('leaves the conversation to whoever had it before', async () => {
    const broken = { id: 'broken', model: 'nonsuch', runtime: { type: 'acp', agent: 'twin' } };
    await open({ config: { agents: { list: [{ id: 'main' }, broken] } } });
    await world.ask('/acp spawn twin --bind here', /is ready/);
    expect(await world.ask('/acp spawn broken --bind here', /ACP error/)).toMatch(
      /ACP_INVALID_RUNTIME_OPTION.*\nMessages here go to twin again\.$/s,
    );
    expect(await world.ask('say still here', /still/)).toBe('still here');
  });

  test('tells everybody who was waiting for it', async () => {
    await open({ twin: { init: 'hang' }, acp: { initTimeoutSeconds: 2 } });
    await world.say('/acp spawn --bind here');
    await world.received('started');
    await world.say('say early');
    await world.channel.next('⏳ queued until ready');
    await world.channel.next(/ACP_SESSION_INIT_FAILED/);
    await world.settled();
    expect(kept()).toEqual([]);
  });
});

describe('/acp doctor', () => {
  test('starts what is in use and says that it works, leaving no process', async () => {
    await open({ twin: { steering: 'on', resume: true } });
    const report = await world.ask('/acp doctor', /healthy/);
    expect(report).toMatch(
      /^acpEnabled: yes\ndefaultAgent: twin\nallowedAgents: twin\npermissionMode: approve-reads\nactiveSessions: 0\nactiveTurns: 0\nqueueDepth: 0\nturnLatencyMs: avg=0, max=0\nturnCounts: completed=0, failed=0\nerrorCodes: \(none\)\ntwin: .* \(config\), twin 1\.2\.3, initialize \d+ ms, session \d+ ms\n {2}login: ok · load: yes · steer: yes · asks: .*\nhealthy: yes$/,
    );
    expect(world.living()).toEqual([]);
  });

  test('a missing program leads, also while it is switched off', async () => {
    await open({ acp: { enabled: false, defaultAgent: 'codex', agents: {} } });
    expect(await world.ask('/acp doctor')).toMatch(
      /codex: program not found\nhealthy: no\nACP error \(ACP_BACKEND_MISSING\): codex-acp is not installed\.\nnext: npm i -g @agentclientprotocol\/codex-acp\n.*next: \/acp doctor\nACP error \(ACP_DISPATCH_DISABLED\)/s,
    );
  });

  test('with nothing configured one agent shows what to do', async () => {
    await open({ acp: { enabled: false, defaultAgent: undefined, agents: {} } });
    expect(await world.ask('/acp doctor')).toContain('next: npm i -g @agentclientprotocol/claude-agent-acp');
  });

  test.each([
    ['login', 'healthy: no\nACP error (ACP_BACKEND_UNAVAILABLE): twin is not logged in.'],
    ['exit', 'healthy: no\nACP error (ACP_BACKEND_UNAVAILABLE): twin does not work: '],
  ] as const)('%s is a finding with its code', async (init, words) => {
    await open({ twin: { init } });
    expect(await world.ask('/acp doctor twin')).toContain(words);
  });
});

test('install shows the steps of an agent', async () => {
  await open();
  expect(await world.ask('/acp install codex')).toBe(
    'Install codex:\n-----\n1. npm i -g @agentclientprotocol/codex-acp\n2. codex login, or set OPENAI_API_KEY\n3. /acp doctor codex',
  );
});

test('what is not there to be spoken to is said with the way to start it', async () => {
  await open();
  for (const words of ['status', 'steer hello', 'cancel', 'close', 'model large'])
    expect(await world.ask(`/acp ${words}`)).toBe(
      '⚠️ ACP error (ACP_SESSION_INIT_FAILED): no coding agent was started here.\nnext: /acp spawn --bind here',
    );
  expect(await world.ask('/codex')).toContain('/acp spawn codex');
});

test('its environment has no token of ours', async () => {
  await open();
  await world.ask('/acp spawn --bind here', /is ready/);
  const names = (await world.ask('env')).split(' ');
  expect(names).toContain('ACP_TWIN');
  expect(names).not.toContain('DISCORD_TOKEN');
});
