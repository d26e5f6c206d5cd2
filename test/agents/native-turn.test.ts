// The native loop with a scripted model: how a turn ends, aborts, and what the prompt holds.
import { describe, expect, it } from 'vitest';
import { nativeRuntime } from '../../src/agents/native.ts';
import { refuse } from '../../src/core/result.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { modelCalls, modelFails, modelSays, modelThinks } from '../fakes/scripted-model.ts';
import { aPrompt, aTool, injected, playTurn, toolEntries } from './kit.ts';
import { scriptedLoop, seen } from './native-kit.ts';

describe('the end of a turn', () => {
  const waiting = aTool('sessions_yield', async () => ({ text: '{"status":"waiting"}', yields: true }));

  it('ends when a tool yields, after answering the other calls, with the text said beside it', async () => {
    const { runtime, queue, calls } = scriptedLoop();
    queue([
      modelSays('Started two.'),
      modelCalls('sessions_yield', { what: 'all' }),
      modelCalls('look', { what: 'a' }),
    ]);
    const played = await playTurn(runtime, aPrompt('go'), { tools: [waiting, aTool('look')] });
    expect(played.outcome).toEqual({ kind: 'success', text: 'Started two.' });
    expect(played.yielded).toBe(true);
    expect(toolEntries(played.entries)).toHaveLength(2);
    expect(calls).toHaveLength(1);
  });

  it('leaves messages that arrive with the yield for the next turn', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelCalls('sessions_yield', { what: 'all' })]);
    const prompt = aPrompt('go', { injections: [[], [injected('hello?')]] });
    const played = await playTurn(runtime, prompt, { tools: [waiting] });
    expect(played.yielded).toBe(true);
    expect(prompt.takeInjections()).toHaveLength(1);
  });

  it('stops after the allowed number of model calls with a sentence', async () => {
    const { runtime, queue, calls } = scriptedLoop();
    const again = [modelCalls('look', { what: 'again' })];
    queue(again, again, again, again);
    const played = await playTurn(runtime, aPrompt('go', { maxSteps: 3 }), { tools: [aTool('look')] });
    expect(played.outcome).toMatchObject({
      kind: 'error',
      code: 'max_steps',
      message: expect.stringContaining('all 3 model calls'),
    });
    expect(calls).toHaveLength(3);
  });

  it('makes no model call that the budget refuses', async () => {
    const { runtime, calls, queue } = scriptedLoop();
    queue([modelCalls('look', { what: 'a' })]);
    let left = 1;
    const beforeCall = async () =>
      left-- > 0 ? undefined : { code: 'budget_exceeded', message: 'spent 100 of 100 tokens' };
    const played = await playTurn(runtime, aPrompt('go', { beforeCall }), { tools: [aTool('look')] });
    expect(played.outcome).toEqual({ kind: 'error', code: 'budget_exceeded', message: 'spent 100 of 100 tokens' });
    expect(calls).toHaveLength(1);
  });

  it('uses the last text of the turn when the last step says nothing', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelSays('Saved it.'), modelCalls('look', { what: 'a' })], []);
    expect((await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] })).outcome).toEqual({
      kind: 'success',
      text: 'Saved it.',
    });
  });

  it('settles with the refusal when the model cannot be opened', async () => {
    const clock = virtualClock();
    const open = async () => refuse('model_unavailable', 'openai/x needs a credential.', 'Set OPENAI_API_KEY.');
    const runtime = nativeRuntime({
      clock,
      ids: seededIds(),
      models: { open },
      price: async () => null,
      missingTool: () => undefined,
    });
    expect((await playTurn(runtime, aPrompt('go'))).outcome).toEqual({
      kind: 'error',
      code: 'model_unavailable',
      message: 'openai/x needs a credential. Set OPENAI_API_KEY.',
    });
  });

  it('settles as an error, never throws, when a hook breaks', async () => {
    const { runtime } = scriptedLoop();
    const beforeCall = () => Promise.reject(new Error('store closed'));
    expect((await playTurn(runtime, aPrompt('go', { beforeCall }))).outcome).toMatchObject({
      kind: 'error',
      code: 'internal_error',
    });
  });

  it('reports a fault of the model itself without repeating the call', async () => {
    const { runtime, queue, calls } = scriptedLoop();
    queue([modelFails(new Error('cannot'))]);
    expect((await playTurn(runtime, aPrompt('go'))).outcome).toEqual({
      kind: 'error',
      code: 'model_error',
      message: 'scripted failed: cannot.',
    });
    expect(calls).toHaveLength(1);
  });
});

describe('aborts', () => {
  it('ends at once while a deaf tool runs, and answers every call', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelCalls('look', { what: 'a' }), modelCalls('look', { what: 'b' })]);
    const abort = new AbortController();
    const deaf = aTool('look', () => new Promise(() => undefined));
    const turn = playTurn(runtime, aPrompt('go'), {
      ...{ tools: [deaf], signal: abort.signal },
      onEvent: (event) => event.type === 'tool' && queueMicrotask(() => abort.abort()),
    });
    const played = await turn;
    expect(played.outcome).toEqual({ kind: 'stopped', by: 'user' });
    expect(toolEntries(played.entries).map((entry) => entry.output)).toEqual(['aborted', 'aborted']);
    expect(played.events.filter((event) => event.type === 'tool' && event.phase === 'start')).toHaveLength(1);
  });

  it('aborts the signal of the open tool', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelCalls('look', { what: 'a' })]);
    const abort = new AbortController();
    let aborted = false;
    const look = aTool('look', async (_input, context) => {
      queueMicrotask(() => abort.abort());
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
      aborted = true;
      return { text: 'stopped' };
    });
    await playTurn(runtime, aPrompt('go'), { tools: [look], signal: abort.signal });
    expect(aborted).toBe(true);
  });
});

describe('the prompt', () => {
  it('hands thinking back with its signature inside the turn, so that the provider accepts the tool result', async () => {
    const { runtime, queue, calls } = scriptedLoop();
    queue([modelThinks('hm'), modelCalls('look', { what: 'a' })]);
    await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    expect(seen(calls, 1)).toContain('"text":"hm","providerOptions":{"scripted":{"signature":"signed"}}');
  });

  it('leaves the oldest turns out above the limit and says so', async () => {
    const { runtime, calls } = scriptedLoop();
    const history = Array.from({ length: 20 }, (_, i) => ({
      type: 'user' as const,
      at: 0,
      turn: `old-${i}`,
      text: `message ${i} ${'x'.repeat(2000)}`,
    }));
    const prompt = aPrompt('', {
      history: [...history, { type: 'user', at: 0, turn: 'turn-1', text: 'now' }],
      contextTokens: 3000,
    });
    await playTurn(runtime, prompt);
    expect(seen(calls, 0)).toContain('message 19');
    expect(seen(calls, 0)).not.toContain('message 0 ');
    expect(seen(calls, 0)).toMatch(/The oldest \d+ turns of this conversation are no longer shown/);
  });
});
