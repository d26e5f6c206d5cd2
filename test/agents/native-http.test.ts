// The native loop against a real HTTP server through the real AI SDK: retries, errors, aborts, tool calls on the wire.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createModels } from '../../src/agents/models.ts';
import { nativeRuntime } from '../../src/agents/native.ts';
import type { AgentRuntime } from '../../src/core/agent.ts';
import { configSchema } from '../../src/infra/config.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { until } from '../fakes/wait.ts';
import { calls, type OpenAiTwin, openAiTwin, status, text } from '../twins/openai.ts';
import { aPrompt, aTool, playTurn, toolEntries } from './kit.ts';

const secret = 'key-that-must-never-be-shown';
let twin: OpenAiTwin;
let clock: VirtualClock;
let runtime: AgentRuntime;

function runtimeAt(baseUrl: string): AgentRuntime {
  const config = configSchema.parse({ models: { providers: { openai: { baseUrl, apiKey: secret } } } });
  const models = createModels({ config: () => config, env: { providerKeys: {}, ollamaUrl: '' }, clock });
  return nativeRuntime({ clock, ids: seededIds(), models, price: async () => 0.25, missingTool: () => undefined });
}

beforeEach(async () => {
  twin = await openAiTwin();
  clock = virtualClock(Date.UTC(2026, 0, 1), 5);
  runtime = runtimeAt(twin.url);
});
afterEach(() => twin.close());

/** Runs a turn whose waits pass in virtual time, and tells how long it took there. */
async function timed(prompt = aPrompt('go')) {
  const start = clock.now();
  const turn = playTurn(runtime, prompt);
  const played = await driven(turn);
  return { ...played, tookMs: clock.now() - start };
}

/** Loopback sockets need real time between virtual timers. */
async function driven<T>(promise: Promise<T>): Promise<T> {
  let done = false;
  const watched = promise.finally(() => {
    done = true;
  });
  while (!done) {
    const requests = twin.requests.length;
    await Promise.race([
      watched,
      until(() => clock.pending() > 0 || done || twin.requests.length > requests, 'a wait', 10_000),
    ]);
    if (!done && clock.pending() > 0) await clock.advance(100);
  }
  return watched;
}

describe('retries', () => {
  it('waits as long as Retry-After says and then succeeds', async () => {
    twin.queue(status(429, { 'retry-after': '20' }), text('there you are'));
    const played = await timed();
    expect(played.outcome).toEqual({ kind: 'success', text: 'there you are' });
    expect(played.tookMs).toBeGreaterThanOrEqual(20_000);
    expect(played.tookMs).toBeLessThan(21_000);
  });

  it('understands a Retry-After date', async () => {
    const at = new Date(clock.now() + 30_000).toUTCString();
    twin.queue(status(503, { 'retry-after': at }), text('up again'));
    const played = await timed();
    expect(played.outcome).toMatchObject({ text: 'up again' });
    expect(played.tookMs).toBeGreaterThanOrEqual(30_000);
  });

  it('tries four times in all, backing off, then fails with provider, status and reason', async () => {
    twin.always(() => status(503, {}, { error: { message: 'the cluster is down', type: 'x', code: null } }));
    const played = await timed();
    expect(twin.requests).toHaveLength(4);
    expect(played.outcome).toEqual({
      kind: 'error',
      code: 'model_error',
      message: 'openai failed (503) after 4 attempts: the cluster is down.',
    });
    expect(played.tookMs).toBeGreaterThanOrEqual(7000);
  });

  it('gives a rate limit its own code when the retries are used up', async () => {
    twin.always(() => status(429, { 'retry-after': '1' }));
    expect((await timed()).outcome).toMatchObject({ kind: 'error', code: 'model_rate_limited' });
  });

  it('does not retry an account without credit', async () => {
    twin.queue(
      status(429, {}, { error: { message: 'no credit', type: 'insufficient_quota', code: 'insufficient_quota' } }),
    );
    expect((await timed()).outcome).toMatchObject({ code: 'model_rate_limited' });
    expect(twin.requests).toHaveLength(1);
  });

  it('fails at once when the server asks for an hour', async () => {
    twin.queue(status(429, { 'retry-after': '3600' }));
    expect((await timed()).outcome).toMatchObject({ code: 'model_rate_limited' });
    expect(twin.requests).toHaveLength(1);
  });

  it('discards the text of a stream that broke and repeats the call', async () => {
    twin.queue({ kind: 'cut', text: 'half an ans' }, text('the whole answer'));
    const played = await timed();
    expect(played.outcome).toEqual({ kind: 'success', text: 'the whole answer' });
    expect(JSON.stringify(played.entries)).not.toContain('half an ans');
  });

  it('repeats a call whose stream ended with nothing in it', async () => {
    twin.queue({ kind: 'unfinished', text: '' }, text('now'));
    expect((await timed()).outcome).toEqual({ kind: 'success', text: 'now' });
  });

  it('says that a dead server could not be reached', async () => {
    const dead = await openAiTwin();
    await dead.close();
    runtime = runtimeAt(dead.url);
    const { outcome } = await timed();
    expect(outcome).toMatchObject({ kind: 'error', code: 'model_unreachable' });
    expect(outcome.kind === 'error' && outcome.message).toMatch(
      /^openai could not be reached after 4 attempts: .*baseUrl\.$/,
    );
  });
});

describe('errors that a repetition does not help', () => {
  it('names the place of the key when it is refused, and never shows the key', async () => {
    twin.queue(
      status(
        401,
        {},
        { error: { message: `Incorrect API key provided: ${secret}`, type: 'auth', code: 'invalid_api_key' } },
      ),
    );
    const { outcome } = await timed();
    expect(outcome).toMatchObject({ kind: 'error', code: 'model_auth' });
    const message = outcome.kind === 'error' ? outcome.message : '';
    expect(message).toContain('OPENAI_API_KEY in the environment, or models.providers.openai.apiKey');
    expect(message).not.toContain(secret);
    expect(twin.requests).toHaveLength(1);
  });

  it('reports a rejected request with its reason', async () => {
    twin.queue(status(404, {}, { error: { message: 'the model test does not exist', type: 'x', code: null } }));
    expect((await timed()).outcome).toEqual({
      kind: 'error',
      code: 'model_bad_request',
      message: 'openai rejected the request (404): the model test does not exist. Check the model name and its limits.',
    });
  });
});

describe('what goes over the wire', () => {
  it('sends the system prompt, the history and the tool schemas, and bills the usage', async () => {
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    const [request] = twin.requests;
    expect(request?.headers.authorization).toBe(`Bearer ${secret}`);
    expect(request?.body.messages).toEqual([
      { role: 'system', content: 'You are a test.' },
      { role: 'user', content: 'go' },
    ]);
    expect(request?.body.tools?.[0]?.function).toMatchObject({ name: 'look', parameters: { required: ['what'] } });
    expect(played.events.find((event) => event.type === 'usage')).toEqual({
      type: 'usage',
      model: 'openai/test',
      usage: { input: 12, output: 7, costUsd: 0.25, context: 12, reported: true },
    });
  });

  it('runs calls whose arguments come in pieces, and sends the results back under their ids', async () => {
    twin.queue(
      calls(
        { id: 'a', name: 'look', arguments: { what: 'the left one' } },
        { id: 'b', name: 'look', arguments: { what: 'the right one' } },
      ),
    );
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    expect(toolEntries(played.entries).map((entry) => entry.output)).toEqual([
      'did {"what":"the left one"}',
      'did {"what":"the right one"}',
    ]);
    expect(twin.requests[1]?.body.messages.slice(2)).toMatchObject([
      { role: 'assistant', tool_calls: [{ id: 'a' }, { id: 'b' }] },
      { role: 'tool', tool_call_id: 'a' },
      { role: 'tool', tool_call_id: 'b' },
    ]);
  });

  it('answers arguments that are no JSON with the fault and a correct call', async () => {
    twin.queue(calls({ name: 'look', arguments: '{"what": "unfinished' }));
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    const [answer] = toolEntries(played.entries);
    expect(answer).toMatchObject({ failed: true });
    expect(JSON.parse(answer?.output ?? '')).toMatchObject({
      status: 'refused',
      code: 'schema_invalid',
      message: expect.stringMatching(/schema validation error: the arguments are not valid JSON/),
      fix: 'A correct minimal call: look {"what":"x"}',
    });
    expect(played.outcome).toEqual({ kind: 'success', text: 'ok' });
    expect(twin.requests[1]?.body.messages.at(-1)?.role).toBe('tool');
  });

  it('passes a thinking level on and leaves it out when it is off', async () => {
    await playTurn(runtime, aPrompt('go', { thinking: 'high' }));
    await playTurn(runtime, aPrompt('go'));
    expect(twin.requests.map((request) => request.body.reasoning_effort)).toEqual(['high', undefined]);
  });

  it('reports no usage when the server counts no tokens', async () => {
    twin.queue({ kind: 'text', text: 'hi', usage: null });
    const played = await playTurn(runtime, aPrompt('go'));
    expect(played.events.find((event) => event.type === 'usage')).toMatchObject({ usage: { reported: false } });
  });
});

describe('aborts', () => {
  it('closes the request at once and keeps what was said', async () => {
    twin.queue({ kind: 'hang', text: 'I was just ' });
    const abort = new AbortController();
    const turn = playTurn(runtime, aPrompt('go'), {
      signal: abort.signal,
      onEvent: (event) => event.type === 'text' && event.delta !== '' && abort.abort('cascade'),
    });
    expect((await turn).outcome).toEqual({ kind: 'stopped', by: 'cascade' });
    expect((await turn).entries).toMatchObject([{ type: 'assistant', parts: [{ type: 'text', text: 'I was just ' }] }]);
    await until(() => twin.requests[0]?.gone === true, 'the closed connection');
  });

  it('ends a wait for a retry', async () => {
    twin.queue(status(429, { 'retry-after': '300' }));
    const abort = new AbortController();
    const turn = playTurn(runtime, aPrompt('go'), { signal: abort.signal });
    await until(() => clock.pending() > 0, 'the wait');
    abort.abort();
    expect((await turn).outcome).toEqual({ kind: 'stopped', by: 'user' });
    expect(clock.pending()).toBe(0);
  });

  it('stops when a server never answers', async () => {
    twin.queue({ kind: 'hang' });
    const abort = new AbortController();
    const turn = playTurn(runtime, aPrompt('go'), { signal: abort.signal });
    await until(() => twin.requests.length === 1, 'the request');
    abort.abort();
    expect((await turn).outcome).toMatchObject({ kind: 'stopped' });
  });
});
