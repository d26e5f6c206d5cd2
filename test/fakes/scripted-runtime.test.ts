import { describe, expect, it } from 'vitest';
import type { Injection, TurnEvent, TurnPrompt } from '../../src/core/agent.ts';
import { noUsage, type Session } from '../../src/core/session.ts';
import type { Tool } from '../../src/core/tool.ts';
import { call, fail, hang, say } from './script.ts';
import { scriptedRuntime } from './scripted-runtime.ts';

const session: Session = {
  key: 'agent:main:main',
  id: 'id-1',
  kind: 'chat',
  agentId: 'main',
  depth: 0,
  role: 'main',
  controlScope: 'agent:main:main',
  ownerOnly: true,
  turns: 0,
  usage: noUsage,
  createdAt: 0,
  updatedAt: 0,
};

function promptOf(text: string, injections: readonly (readonly Injection[])[] = []): TurnPrompt {
  const waiting = [...injections];
  return {
    id: 'turn-1',
    history: [{ type: 'user', at: 0, turn: 'turn-1', text }],
    system: '',
    model: 'demo/demo',
    thinking: 'off',
    contextTokens: 1000,
    maxSteps: 50,
    takeInjections: () => waiting.shift() ?? [],
    beforeCall: async () => undefined,
  };
}

const echo: Tool = {
  name: 'echo',
  group: 'read',
  description: 'says it again',
  parameters: { kind: 'json', schema: {} },
  example: {},
  run: async (input) => ({ text: JSON.stringify(input) }),
};

async function collect(events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> {
  const all: TurnEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const never = new AbortController().signal;

describe('scriptedRuntime', () => {
  it('plays queued scripts in order and falls back to the default', async () => {
    const runtime = scriptedRuntime()
      .once(/hi/, 'first')
      .once(session.key, [fail('broken', 'model_error')]);
    const outcomes = [];
    for (const text of ['hi', 'hi', 'hi'])
      outcomes.push((await collect(runtime.turn(session, promptOf(text), [], never))).at(-1));
    expect(outcomes).toEqual([
      { type: 'settled', outcome: { kind: 'success', text: 'first' } },
      { type: 'settled', outcome: { kind: 'error', code: 'model_error', message: 'broken' } },
      { type: 'settled', outcome: { kind: 'success', text: 'ok' } },
    ]);
  });

  it('runs real tools and hands the output back to a generator script', async () => {
    const runtime = scriptedRuntime({
      script: async function* () {
        const out = yield call('echo', { a: 1 });
        yield say(`got ${out?.text}`);
      },
    });
    const events = await collect(runtime.turn(session, promptOf('go'), [echo], never));
    expect(events.at(-1)).toEqual({ type: 'settled', outcome: { kind: 'success', text: 'got {"a":1}' } });
  });

  it('runs the script again when something was injected before the end', async () => {
    const runtime = scriptedRuntime({ script: (turn) => `saw ${turn.text} in round ${turn.round}` });
    const prompt = promptOf('one', [[{ id: '1', kind: 'user', text: 'two' }]]);
    const events = await collect(runtime.turn(session, prompt, [], never));
    expect(events.at(-1)).toMatchObject({ outcome: { text: 'saw two in round 1' } });
  });

  it('settles as stopped when aborted while hanging', async () => {
    const runtime = scriptedRuntime({ script: [hang()] });
    const abort = new AbortController();
    const events = collect(runtime.turn(session, promptOf('go'), [], abort.signal));
    await new Promise((resolve) => setImmediate(resolve));
    expect(runtime.active.get(session.key)).toBe(1);
    abort.abort();
    expect((await events).at(-1)).toEqual({ type: 'settled', outcome: { kind: 'stopped', by: 'user' } });
    expect(runtime.active.size).toBe(0);
  });
});
