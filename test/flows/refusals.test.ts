// Every way a spawn is refused: the sentence the model reads, the one a person reads, what the log says, and that nothing
// is left behind.
import { afterEach, describe, expect, test } from 'vitest';
import { nativeRuntime } from '../../src/agents/native.ts';
import { createRateLimit } from '../../src/agents/rate.ts';
import { ok } from '../../src/core/result.ts';
import type { ModelCheck } from '../../src/runs/policy.ts';
import { malformedCall } from '../../src/wiring/models.ts';
import { removedTool } from '../../src/wiring/removed-tool.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { type RecordingLog, recordingLog } from '../fakes/recording-log.ts';
import { fail, hang } from '../fakes/script.ts';
import { modelCalls, modelSays, scriptedModel } from '../fakes/scripted-model.ts';
import { callTool, expectAccepted, reaches, refusalWords, spawn, traces, whenTold } from './agent-calls.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
let log: RecordingLog;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: WorldOptions = {}): Promise<World> {
  log = recordingLog();
  world = await openWorld({ log, ...options });
  return world;
}

const agents = (main: object = {}, defaults: object = {}): object => ({
  agents: {
    list: [{ id: 'main', ...main }, { id: 'worker' }, { id: 'writer' }],
    defaults: { subagents: defaults },
  },
});
const allow = (ids: readonly string[]): object => agents({ subagents: { allowAgents: ids } });
const withThreads = { can: { threads: true } };

function logged(code: string): void {
  expect(log.lines.filter((line) => line.fields.code === code)).toMatchObject([
    { level: 'error', message: 'spawn refused' },
  ]);
  expect(log.lines.filter((line) => line.message === 'spawn attempted').map((line) => line.level)).toEqual(['debug']);
}

interface Row {
  readonly code: string;
  readonly options?: WorldOptions;
  readonly input: object;
  /** Message and fix, as one sentence pair. */
  readonly words: string;
}

const noKey = (): ModelCheck => ({
  kind: 'unavailable',
  message: 'big/one needs a credential for big, and none is set for agent main.',
  fix: 'Set BIG_API_KEY in the environment, or models.providers.big.apiKey.',
});

const rows: readonly Row[] = [
  {
    code: 'schema_invalid',
    input: { task: '  ', runTimeoutSeconds: 'x', cleanup: 'burn', nope: 1 },
    words:
      'schema validation error: task: must not be blank; runTimeoutSeconds: Invalid input: expected number, received string; cleanup: Invalid option: expected one of "keep"|"delete"; nope: unknown parameter. A correct minimal call: {"task":"Read README.md and list the commands it names.","label":"commands"}',
  },
  {
    code: 'agent_not_allowed',
    options: { config: agents() },
    input: { task: 'x', agentId: 'worker' },
    words:
      'allowAgents not configured for agent main: it may start only itself, not worker. To allow worker, set agents.list[0].subagents.allowAgents: ["main", "worker"].',
  },
  {
    code: 'agent_not_allowed',
    options: { config: allow(['writer', 'ghost']) },
    input: { task: 'x', agentId: 'worker' },
    words:
      'agent id not in allowAgents: worker. main may start: writer. To allow worker, add it to agents.list[0].subagents.allowAgents.',
  },
  {
    code: 'agent_not_allowed',
    options: { config: agents({ allowAgents: ['writer'] }) },
    input: { task: 'x', agentId: 'worker' },
    words:
      'agent id not in allowAgents: worker. main may start: writer. To allow worker, add it to agents.list[0].allowAgents.',
  },
  {
    code: 'agent_not_allowed',
    options: { config: agents({}, { allowAgents: ['writer'] }) },
    input: { task: 'x', agentId: 'worker' },
    words:
      'agent id not in allowAgents: worker. main may start: writer. To allow worker, add it to agents.defaults.subagents.allowAgents.',
  },
  {
    code: 'allowlist_empty',
    options: { config: allow([]) },
    input: { task: 'x', agentId: 'main' },
    words:
      'allowAgents is [] and blocks every spawn by main. Add agent ids to agents.list[0].subagents.allowAgents, or remove the key to let main start itself.',
  },
  {
    code: 'agent_unknown',
    options: { config: allow(['*']) },
    input: { task: 'x', agentId: 'ghost' },
    words:
      'unknown agent ghost. Known agents: main, worker, writer. Use one of these ids, or add the agent to agents.list.',
  },
  {
    code: 'agent_unknown',
    options: { config: allow(['*']) },
    input: { task: 'x', agentId: 'codex' },
    words:
      'codex is an external coding agent, not one of the agents here (main, worker, writer). Start it with runtime: "acp", or by /acp spawn codex.',
  },
  {
    code: 'model_unavailable',
    options: { checkModel: noKey },
    input: { task: 'x', agentId: 'main', model: 'big/one' },
    words:
      'big/one needs a credential for big, and none is set for agent main. Set BIG_API_KEY in the environment, or models.providers.big.apiKey.',
  },
];

/** Refusals of parameters the command has not. */
const toolRows: readonly Row[] = [
  {
    code: 'agent_id_required',
    options: { config: agents({ subagents: { requireAgentId: true, allowAgents: ['worker'] } }) },
    input: { task: 'x' },
    words: 'agentId is required here (requireAgentId is on). Allowed: worker. Call again with one of these agent ids.',
  },
  {
    code: 'mode_requires_thread',
    input: { task: 'x', mode: 'session' },
    words: 'mode "session" needs a thread of its own. Either add thread: true, or use mode: "run".',
  },
  {
    code: 'thread_required',
    input: { task: 'x', thread: true },
    words: 'there are no threads in this chat. Use mode: "run" without thread, or a person may /focus the run here.',
  },
  {
    code: 'thread_binding_invalid',
    options: { channel: withThreads, config: { session: { threadBindings: { enabled: false } } } },
    input: { task: 'x', thread: true },
    words:
      'a thread cannot be bound here: bindings are switched off (session.threadBindings.enabled). Set session.threadBindings.enabled: true.',
  },
  {
    code: 'thread_binding_invalid',
    options: { channel: withThreads, config: { session: { threadBindings: { spawnSessions: false } } } },
    input: { task: 'x', thread: true },
    words:
      'a thread cannot be bound here: agents may not open threads (session.threadBindings.spawnSessions). Set session.threadBindings.spawnSessions: true, or use /focus.',
  },
  {
    code: 'sandbox_unavailable',
    input: { task: 'x', sandbox: 'require' },
    words: 'this version has no sandbox, so require cannot be met. Use sandbox: "inherit".',
  },
  {
    code: 'acp_agent_not_allowed',
    options: { config: { acp: { enabled: true, allowedAgents: ['claude', 'gemini'] } } },
    input: { task: 'x', agentId: 'codex', runtime: 'acp' },
    words:
      'ACP agent id not in allowedAgents: codex. Allowed: claude, gemini. To allow it, add it to acp.allowedAgents.',
  },
  {
    code: 'acp_agent_required',
    options: { config: { acp: { enabled: true } } },
    input: { task: 'x', runtime: 'acp' },
    words: 'runtime "acp" needs an agentId, and no default is set. Give agentId, or set acp.defaultAgent.',
  },
  {
    code: 'acp_unavailable',
    options: { config: { acp: { allowedAgents: ['codex'] } } },
    input: { task: 'x', agentId: 'codex', runtime: 'acp' },
    words:
      'ACP error (ACP_DISPATCH_DISABLED): external coding agents are switched off. next: switchyard config set acp.enabled true',
  },
  {
    code: 'wrong_runtime',
    options: { config: allow(['*']) },
    input: { task: 'x', agentId: 'worker', runtime: 'acp' },
    words: 'worker is native, not an ACP agent. Leave runtime out.',
  },
  ...['target', 'channel', 'to', 'threadId', 'replyTo', 'transport', 'color'].map((name) => ({
    code: 'unsupported_parameter',
    input: { task: 'x', [name]: 'y' },
    words: `unsupported parameter: ${name}. Leave it out: results always go back to the conversation that asked.`,
  })),
];

describe('the model reads', () => {
  test.each([...rows, ...toolRows])('$code: $words', async ({ code, options, input, words }) => {
    const here = await open(options);
    await here.ask('hello', 'ok');
    const before = traces(here);
    const answer = await spawn(here, input);
    expect(answer).toMatchObject({ failed: true, data: { status: 'refused', code } });
    expect(refusalWords(answer)).toBe(words);
    expect(Object.keys(answer.data)).toEqual(['status', 'code', 'message', 'fix']);
    expect(traces(here)).toEqual(before);
    logged(code);
  });

  test('that a chat has no threads though its platform has', async () => {
    const here = await open({ channel: withThreads });
    Object.assign(here.channel, { opensThreads: () => false });
    expect((await spawn(here, { task: 'x', thread: true })).data.code).toBe('thread_required');
    expect(here.channel.threads).toEqual([]);
  });

  test('that a missing right of the bot is the reason, in the platform’s words', async () => {
    const here = await open({ channel: withThreads });
    Object.assign(here.channel, { openThread: async () => Promise.reject(new Error('Missing Permissions')) });
    const before = traces(here);
    const answer = await spawn(here, { task: 'x', thread: true });
    expect(refusalWords(answer)).toBe(
      'a thread cannot be bound here: Missing Permissions. Give the bot the right to open threads here.',
    );
    expect(traces(here)).toEqual(before);
    logged('thread_binding_invalid');
  });

  test('how many children are at work, queued ones too', async () => {
    const config = agents({}, { maxChildrenPerAgent: 2, maxConcurrent: 1 });
    const here = await open({ config });
    here.agent.always((session) => session.kind !== 'chat', [hang()]);
    expectAccepted(await spawn(here, { task: 'one', label: 'one' }));
    expectAccepted(await spawn(here, { task: 'two', label: 'two' }));
    await reaches(here, 'one', 'running');
    expect(here.run('two').state.status).toBe('queued');
    const words =
      '2 of 2 children are active already. Wait for one to finish or kill one (/subagents kill), or raise agents.defaults.subagents.maxChildrenPerAgent (at most 20).';
    expect(refusalWords(await spawn(here, { task: 'three' }))).toBe(words);
    expect(await here.ask('/subagents spawn main three', 'Spawn failed')).toBe(`Spawn failed: ${words}`);
    expect(here.runs()).toHaveLength(2);
    await here.ask('/subagents kill one', 'stopped 1');
    expectAccepted(await spawn(here, { task: 'three' }));
    await here.ask('/stop');
  });

  test('that it is too deep once the allowed depth was lowered, and that no command gets around it', async () => {
    const here = await open({ config: agents({}, { maxSpawnDepth: 2 }) });
    const wake = Promise.withResolvers<void>();
    let read = '';
    whenTold(here, 'lead', async function* () {
      await wake.promise;
      const answer = yield { do: 'call', tool: 'sessions_spawn', input: { task: 'below' } };
      read = answer?.text ?? '';
      yield { do: 'say', text: 'led' };
    });
    expectAccepted(await spawn(here, { task: 'lead', label: 'lead' }));
    await reaches(here, 'lead', 'running');
    here.configure(agents({}, { maxSpawnDepth: 1 }));
    const words =
      'this session is at depth 1 and maxSpawnDepth is 1, so it may not start sub-agents. Do the work here, or raise agents.defaults.subagents.maxSpawnDepth (at most 5).';
    await here.ask('/focus lead');
    expect(await here.ask('/subagents spawn main below', 'Spawn failed')).toBe(`Spawn failed: ${words}`);
    await here.ask('/unfocus');
    wake.resolve();
    await reaches(here, 'lead', 'succeeded');
    expect(JSON.parse(read)).toMatchObject({ code: 'depth_exceeded', message: words.split(' Do the')[0] });
    expect(here.runs()).toHaveLength(1);
    await here.settled();
  });

  test('what a budget has come to', async () => {
    const here = await open({ config: { budgets: { day: { tokens: 1000 } } } });
    const { database, budgets } = here.engine.stores;
    const usage = { input: 900, output: 100, costUsd: 0, context: 0, reported: true };
    const place = { session: 'agent:main:main', agentId: 'main', origin: undefined };
    const before = traces(here);
    let read = '';
    here.agent.once(/^dear$/, async function* () {
      await database.write((sql) => budgets.spend(sql, { tree: 'another', place, usage }));
      const answer = yield { do: 'call', tool: 'sessions_spawn', input: { task: 'x' } };
      read = answer?.text ?? '';
      yield { do: 'say', text: 'told' };
    });
    await here.ask('dear', 'told');
    const words =
      'the budget is used up: 1,000 tokens of 1,000 tokens (budgets.day.tokens). Raise the budgets key named here, or start again in a new message.';
    expect(JSON.parse(read)).toMatchObject({ status: 'refused', code: 'budget_exceeded' });
    expect(words).toBe(`${JSON.parse(read).message} ${JSON.parse(read).fix}`);
    expect(await here.ask('/subagents spawn main x', 'Spawn failed')).toMatch(/^Spawn failed: the budget is used up: /);
    expect(here.runs()).toEqual([]);
    expect(before).toMatchObject({ children: [] });
  });

  test('that the breaker is open', async () => {
    const here = await open({ config: { budgets: { breaker: { failures: 2 } } } });
    here.agent.always((session) => session.kind !== 'chat', [fail('no such file')]);
    const read: string[] = [];
    here.agent.once(/^insist$/, async function* () {
      for (const label of ['first', 'second', 'third']) {
        const answer = yield { do: 'call', tool: 'sessions_spawn', input: { task: 'same', label } };
        read.push(answer?.text ?? '');
        if (label !== 'third') await reaches(here, label, 'failed');
        await here.clock.flush();
      }
      yield { do: 'say', text: 'gave up' };
    });
    await here.ask('insist', 'gave up');
    expect(JSON.parse(read[2] ?? '')).toEqual({
      ...{ status: 'refused', code: 'breaker_open' },
      message: 'this task failed 2 times in a row here, so it is not started again.',
      fix: 'Change the task or the agent, or wait until 2026-01-01T00:10:00.000Z.',
    });
    expect(here.runs()).toHaveLength(2);
    await here.settled();
  });

  test('that the process is going down', async () => {
    const here = await open();
    const go = Promise.withResolvers<void>();
    let read = '';
    here.agent.once(/^late$/, async function* () {
      await go.promise;
      const answer = yield { do: 'call', tool: 'sessions_spawn', input: { task: 'x' } };
      read = answer?.text ?? '';
      yield { do: 'say', text: 'told' };
    });
    await here.say('late');
    await here.until(() => here.agent.active.size === 1, 'the turn');
    const drained = here.engine.drain();
    const refused = here.ask('/subagents spawn main x');
    expect(await refused).toBe('⚠️ Switchyard is restarting and takes no new work. Resend in a moment.');
    go.resolve();
    await here.until(() => read !== '', 'the refusal');
    expect(JSON.parse(read)).toEqual({
      ...{ status: 'refused', code: 'draining' },
      message: 'Switchyard is restarting and takes no new work.',
      fix: 'Resend in a moment.',
    });
    await drained;
    expect(log.lines.find((line) => line.fields.code === 'draining')?.level).toBe('error');
  });
});

describe('a person reads', () => {
  test.each(rows.filter((row) => 'agentId' in row.input))(
    'Spawn failed: $words',
    async ({ code, options, input, words }) => {
      const here = await open(options);
      await here.ask('hello', 'ok');
      const before = traces(here);
      const { agentId, model } = input as { agentId: string; model?: string };
      const flag = model === undefined ? '' : ` --model ${model}`;
      expect(await here.ask(`/subagents spawn ${agentId} count the words${flag}`)).toBe(`Spawn failed: ${words}`);
      expect(traces(here)).toEqual(before);
      logged(code);
    },
  );

  test('which stage took the tool away, and the key that brings it back', async () => {
    const here = await open({ config: { tools: { profile: 'messaging' } } });
    expect(await here.ask('/subagents spawn main count')).toBe(
      'Spawn failed: sessions_spawn: tool not available. It was removed by profile messaging (tools.profile). Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile.',
    );
    logged('tool_unavailable');
    expect(here.runs()).toEqual([]);
  });

  test('that an agent run by a harness cannot run, with the next step', async () => {
    const list = [{ id: 'main' }, { id: 'coder', runtime: { type: 'acp', agent: 'claude' } }];
    const here = await open({ config: { agents: { list, defaults: { subagents: { allowAgents: ['*'] } } } } });
    expect(await here.ask('/subagents spawn coder fix it')).toBe(
      'Spawn failed: ACP error (ACP_DISPATCH_DISABLED): external coding agents are switched off. next: switchyard config set acp.enabled true',
    );
    logged('acp_unavailable');
  });
});

describe('a real model loop', () => {
  async function openNative(config: object = {}) {
    const clock = virtualClock();
    const model = scriptedModel();
    const runtime = nativeRuntime({
      ...{ clock, ids: seededIds(), price: async () => null },
      malformed: (...call) => malformedCall(log)(...call),
      missingTool: (name, session) =>
        world === undefined ? undefined : removedTool({ profiles: world.engine.layer.profiles, log }, name, session),
      models: {
        open: async () =>
          ok({
            ...{ ref: 'scripted/one', provider: 'scripted', keyHint: '', secrets: [], reasoning: undefined },
            ...{ model: model.model, limit: createRateLimit(clock, undefined) },
          }),
      },
    });
    const here = await open({ config, runtime });
    /** What the model read after its call, in its second prompt. */
    const answerTo = async (tool: string, input: unknown): Promise<string> => {
      model.queue([modelCalls(tool, input)], [modelSays('understood')]);
      await here.ask('go', 'understood');
      const result = model.calls.at(-1)?.prompt.findLast((message) => message.role === 'tool');
      return JSON.stringify(result?.content);
    };
    return { here, model, answerTo };
  }

  test('reads each fault of a malformed call and a correct one', async () => {
    const { here, answerTo } = await openNative();
    const read = await answerTo('sessions_spawn', { runTimeoutSeconds: -1 });
    expect(read).toContain('schema validation error: task: required (expected string)');
    expect(read).toContain('runTimeoutSeconds: Too small');
    expect(read).toContain('A correct minimal call: sessions_spawn');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ code: 'schema_invalid' }) }),
    );
    expect(here.runs()).toEqual([]);
  });

  test('reads which stage removed the tool and the key to set', async () => {
    const { answerTo } = await openNative({ tools: { profile: 'messaging' } });
    const read = await answerTo('sessions_spawn', { task: 'x' });
    expect(read).toContain('sessions_spawn: tool not available. It was removed by profile messaging (tools.profile).');
    expect(read).toContain('Set tools.alsoAllow');
    expect(log.lines).toContainEqual(
      expect.objectContaining({ level: 'error', fields: expect.objectContaining({ code: 'tool_unavailable' }) }),
    );
  });

  test('is told the right name of a tool it knows by another', async () => {
    const { answerTo } = await openNative();
    expect(await answerTo('spawn_agent', { task: 'x' })).toContain('unknown tool spawn_agent; it is sessions_spawn.');
  });

  test('is offered the agents it may start as the only choices', async () => {
    const { model, answerTo } = await openNative(allow(['worker', 'ghost', 'main']));
    await answerTo('agents_list', {});
    const offered = model.calls[0]?.tools?.find((tool) => tool.name === 'sessions_spawn');
    expect(offered).toMatchObject({ inputSchema: { properties: { agentId: { enum: ['main', 'worker'] } } } });
    expect(JSON.stringify(offered)).not.toContain('resumeSessionId');
  });

  test('is offered no empty list of choices where nothing may be started', async () => {
    const { model, answerTo } = await openNative(allow([]));
    await answerTo('agents_list', {});
    expect(JSON.stringify(model.calls[0]?.tools)).not.toContain('"enum":[]');
  });
});

test('a call that comes in after the turn was stopped starts nothing', async () => {
  const here = await open();
  const go = Promise.withResolvers<void>();
  here.agent.once(/^start$/, async function* ({ tools, session, prompt, signal }) {
    await go.promise;
    const tool = tools.find((each) => each.name === 'sessions_spawn');
    await tool?.run({ task: 'x' }, { session, turn: prompt.id, callId: 'c', signal });
    yield { do: 'say', text: 'started' };
  });
  await here.say('start');
  await here.until(() => here.agent.active.size === 1, 'the turn');
  const stopped = here.ask('/stop');
  const { session } = here.agent.turns[0] ?? { session: '' };
  await here.until(() => here.engine.layer.turns.active(session)?.cause === 'user', 'the stop');
  go.resolve();
  await here.clock.advance(1_000);
  await stopped;
  await here.settled();
  expect(here.runs()).toEqual([]);
  expect((await callTool(here, 'subagents', { action: 'list' })).data).toEqual({ runs: [] });
});
