// The stories with a model that speaks over the network: the real program and the real AI SDK against a loopback server.
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { calls, type OpenAiTwin, openAiTwin, status, type TwinRequest, text } from '../twins/openai.ts';
import { Place, type RealApp, startApp } from './real-app.ts';

let place: Place;
let twin: OpenAiTwin;
let app: RealApp;
beforeEach(async () => {
  place = new Place();
  twin = await openAiTwin();
});
afterEach(async () => {
  await app.say('/stop');
  expect(await app.end()).toBe(0);
  await twin.close();
  place.remove();
});

async function open(more: object = {}): Promise<void> {
  place.config({
    models: { providers: { twin: { baseUrl: twin.url, models: [{ id: 'one', cost: { input: 2, output: 10 } }] } } },
    ...more,
  });
  app = await startApp(place);
}

const spawn = (task: string, label: string, id: string) => ({ id, name: 'sessions_spawn', arguments: { task, label } });
const lastOf = (request: TwinRequest): string => JSON.stringify(request.body.messages.at(-1)?.content ?? '');
const isChild = (request: TwinRequest): boolean =>
  JSON.stringify(request.body.messages[0]).includes('You are a sub-agent');
const lines = (value: string): readonly string[] => value.split('\n');

describe('delegating', () => {
  it('starts children side by side, tells what they brought, and counts tokens and cost', async () => {
    const gate = Promise.withResolvers<void>();
    twin.always(async (request) => {
      if (isChild(request)) {
        await gate.promise;
        return text(lastOf(request).includes('left') ? 'The left one is red.' : 'The right one is blue.');
      }
      if (lastOf(request).includes('[switchyard completion]')) return text('Left is red, right is blue.');
      return request.body.messages.at(-1)?.role === 'tool'
        ? text('I am looking at both.')
        : calls(spawn('look at the left one', 'left', 'a'), spawn('look at the right one', 'right', 'b'));
    });
    await open({ agents: { defaults: { model: 'twin/one' } } });
    expect(lines(app.shown())[0]).toBe('Switchyard 0.1 · console · model: twin/one (agents.defaults.model)');
    expect(await app.ask('look at both')).toBe('I am looking at both.');
    const list = lines(await app.ask('/subagents', /^Active/));
    expect(list[2]).toMatch(/^1\. left \(main, one, .*\) running - look at the left one$/);
    expect(list[3]).toMatch(/^2\. right \(main, one, .*\) running - look at the right one$/);
    const told = app.next(/Left is red/);
    gate.resolve();
    expect(await told).toBe('Left is red, right is blue.');
    expect(await app.ask('/subagents', /^Active/)).toMatch(/2 runs · 38 tokens · est\. <?\$0\.0\d$/);
  });

  it('announces what a person started with runtime, tokens, cost and run', async () => {
    twin.always(() => text('WORKING'));
    await open();
    const announced = app.next(/completed successfully/);
    await app.ask('/subagents spawn main reply with the single word WORKING', /^✅ main started/);
    expect(lines(await announced)).toEqual([
      '✅ reply with the single word: completed successfully',
      'WORKING',
      expect.stringMatching(/^runtime \d\.\ds · tokens 12 in \/ 7 out \/ 19 total · est\. <\$0\.01 · run [0-9a-f]{8}$/),
    ]);
  });
});

describe('a server in trouble', () => {
  it('is asked again after the pause it names with 429', async () => {
    twin.queue(status(429, { 'retry-after': '1' }), text('there you are'));
    await open();
    const start = performance.now();
    expect(await app.ask('hello')).toBe('there you are');
    expect(performance.now() - start).toBeGreaterThan(950);
    expect(twin.requests).toHaveLength(2);
  });

  it('is asked again after 503, and after a stream that broke', async () => {
    twin.queue(status(503), { kind: 'cut', text: 'half an ans' }, text('the whole answer'));
    await open();
    expect(await app.ask('hello')).toBe('the whole answer');
    expect(app.shown()).not.toContain('half an ans');
  });

  it.each([
    [
      401,
      'Incorrect API key',
      /^⚠️ twin refused the credential \(401\): Incorrect API key\. Check models\.providers\.twin\.apiKey\.$/,
    ],
    [
      404,
      'no such model',
      /^⚠️ twin rejected the request \(404\): no such model\. Check the model name and its limits\.$/,
    ],
  ])('%d is told in the chat with its reason', async (code, message, sentence) => {
    twin.queue(status(code, {}, { error: { message, type: 'x', code: null } }));
    await open();
    expect(await app.ask('hello')).toMatch(sentence);
    expect(place.log()).toMatch(/model_(auth|bad_request)/);
  });

  it('that hangs is given up after the configured silence, and the next message is answered', async () => {
    twin.queue({ kind: 'hang', text: 'I was just ' });
    await open({ agents: { defaults: { stall: { warnSeconds: 0, abortSeconds: 1 } } } });
    expect(await app.ask('hello')).toBe(
      '⚠️ stopped after a long silence (agents.defaults.stall.abortSeconds). So far:\n\nI was just',
    );
    expect(twin.requests[0]?.gone).toBe(true);
    expect(await app.ask('hello?')).toBe('ok');
  });

  it('that never begins fails a run with start_timeout, announced', async () => {
    twin.queue({ kind: 'hang' });
    await open({ agents: { defaults: { subagents: { startTimeoutSeconds: 1 } } } });
    const announced = app.next(/failed/);
    await app.ask('/subagents spawn main look', /started/);
    expect(await announced).toMatch(/^⚠️ look: failed\nstart_timeout: the agent gave no sign of life in time/);
  });

  it('holds a run to its time limit', async () => {
    twin.queue({ kind: 'hang', text: 'so far so good' });
    await open({ agents: { defaults: { subagents: { runTimeoutSeconds: 1 } } } });
    const announced = app.next(/timed out/);
    await app.ask('/subagents spawn main look', /started/);
    expect(await announced).toMatch(/^⚠️ look: timed out\nso far so good\nruntime 1\.\ds/);
  });
});

describe('a model that gets calls wrong', () => {
  it('is told what was wrong, and a person is told at the third time', async () => {
    const bad = calls({ name: 'sessions_spawn', arguments: '{"task": 5}' });
    twin.queue(bad, calls({ name: 'sessions_spawn', arguments: '{"tas' }), bad, text('I give up.'));
    await open();
    const notice = app.next(/malformed/);
    expect(await app.ask('do it', /give up/)).toBe('I give up.');
    expect(await notice).toMatch(
      /^ℹ️ The model sent malformed tool calls 3 times in a row \(schema validation error, sessions_spawn: .*\)\. Try \/new, or a stronger model\.$/,
    );
    const [, first, second] = twin.requests.map(lastOf);
    expect(first).toMatch(/schema validation error: .*task.*A correct minimal call/);
    expect(second).toMatch(/schema validation error: the arguments are not valid JSON/);
  });

  it('is pointed to the right name of the tool', async () => {
    twin.queue(calls({ name: 'spawn_agent', arguments: {} }), calls({ name: 'fly', arguments: {} }), text('well'));
    await open();
    expect(await app.ask('do it')).toBe('well');
    expect(twin.requests.map(lastOf).slice(1)).toEqual([
      expect.stringContaining('unknown tool spawn_agent; it is sessions_spawn'),
      expect.stringContaining('unknown tool fly'),
    ]);
  });

  it('is corrected in the chat when it only talks about starting sub-agents', async () => {
    twin.queue(text("I've started 3 sub-agents for you."), text('I am not allowed to spawn sub-agents.'));
    await open();
    const corrected = app.next(/^ℹ️/);
    await app.ask('do it', /started 3/);
    expect(await corrected).toBe('ℹ️ no sub-agent was started in this turn.');
    const denied = app.next(/^ℹ️/);
    await app.ask('do it', /not allowed/);
    expect(await denied).toBe('ℹ️ sub-agents are allowed here, the model declined. Try /new, or a stronger model.');
  });

  it('that has lost the tool by policy learns which setting did it', async () => {
    twin.queue(calls(spawn('look', 'look', 'a')), text('I cannot.'));
    await open({ tools: { profile: 'messaging' } });
    expect(await app.ask('do it')).toBe('I cannot.');
    expect(lastOf(twin.requests[1] as TwinRequest)).toMatch(/sessions_spawn: tool not available.*profile.*alsoAllow/);
    expect(place.log()).toContain('tool_unavailable');
    expect(await app.ask('/tools')).toMatch(/Not available:\n-----\n[\s\S]*sessions_spawn: removed by .*messaging/);
  });
});

describe('refused spawns', () => {
  const list = [{ id: 'main', subagents: { allowAgents: ['main', 'scout'] } }, { id: 'scout' }, { id: 'writer' }];

  it.each<[string, object, string, RegExp]>([
    [
      'agent_not_allowed',
      { agents: { list } },
      'writer x',
      /agent id not in allowAgents: writer\. main may start: main, scout\. .*agents\.list\[0\]\.subagents\.allowAgents/,
    ],
    [
      'agent_not_allowed',
      { agents: { list: [{ id: 'main' }, { id: 'writer' }] } },
      'writer x',
      /allowAgents not configured for agent main/,
    ],
    [
      'allowlist_empty',
      { agents: { defaults: { subagents: { allowAgents: [] } } } },
      'main x',
      /allowAgents is \[\] and blocks every spawn/,
    ],
    ['agent_unknown', {}, 'nobody x', /unknown agent nobody\. Known agents: main\./],
    ['model_unavailable', {}, 'main x --model openai/gpt-5.4-mini', /openai.*OPENAI_API_KEY/],
  ])('%s is said in the chat and stands in the log', async (code, config, words, sentence) => {
    await open(config);
    expect(await app.ask(`/subagents spawn ${words}`)).toMatch(new RegExp(`^Spawn failed: .*${sentence.source}`));
    expect(place.log()).toContain(code);
    expect(twin.requests).toHaveLength(0);
  });
});

it('offers the tools of a configured MCP server, and runs them', async () => {
  const server = join(import.meta.dirname, '../twins/mcp-server.ts');
  twin.queue(calls({ name: 'mcp__twin__echo', arguments: { text: 'hey', times: 2 } }), text('It said it twice.'));
  await open({
    tools: { mcp: { twin: { command: process.execPath, args: ['--disable-warning=ExperimentalWarning', server] } } },
  });
  expect(await app.ask('say hey twice')).toBe('It said it twice.');
  const offered = twin.requests[0]?.body.tools?.map((tool) => tool.function.name) ?? [];
  expect(offered).toEqual(expect.arrayContaining(['sessions_spawn', 'read', 'mcp__twin__echo']));
  expect(lastOf(twin.requests[1] as TwinRequest)).toBe('"hey hey"');
});
