// The native loop with a scripted model: tool calls, and messages that come in during the turn.
import { describe, expect, it } from 'vitest';
import { skippedText } from '../../src/agents/native.ts';
import { modelCalls, modelSays } from '../fakes/scripted-model.ts';
import { aPrompt, aSession, aTool, injected, playTurn, toolEntries } from './kit.ts';
import { scriptedLoop, seen } from './native-kit.ts';

describe('tool calls', () => {
  it('runs the calls of a step in order and calls the model again with the results', async () => {
    const { runtime, queue, calls } = scriptedLoop();
    queue(
      [modelSays('Looking.'), modelCalls('look', { what: 'a' }), modelCalls('look', { what: 'b' })],
      [modelSays('Both seen.')],
    );
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    expect(played.outcome).toEqual({ kind: 'success', text: 'Both seen.' });
    expect(played.entries.map((entry) => entry.type)).toEqual(['assistant', 'tool', 'tool', 'assistant']);
    expect(seen(calls, 1)).toContain('did {\\"what\\":\\"b\\"}');
    expect(played.events.flatMap((event) => (event.type === 'tool' ? [event.phase] : []))).toEqual([
      'start',
      'end',
      'start',
      'end',
    ]);
  });

  it('gives every call of a turn its own id, whatever the provider sends', async () => {
    const { runtime, queue } = scriptedLoop();
    const ids: string[] = [];
    const look = aTool('look', async (_input, context) => {
      ids.push(context.callId);
      return { text: 'seen' };
    });
    queue(
      [modelCalls('look', { what: 'a' }, 'same'), modelCalls('look', { what: 'b' }, 'same')],
      [modelCalls('look', { what: 'c' }, 'same')],
    );
    await playTurn(runtime, aPrompt('go'), { tools: [look] });
    expect(ids).toEqual(['same', 'same-2', 'same-3']);
  });

  it('names each parameter and its fault when the arguments do not fit', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelCalls('look', { times: 'often' })]);
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    expect(JSON.parse(toolEntries(played.entries)[0]?.output ?? '')).toEqual({
      status: 'refused',
      code: 'schema_invalid',
      message: 'schema validation error: what: required (expected string); times: expected number, received string.',
      fix: 'A correct minimal call: look {"what":"x"}',
    });
    expect(played.outcome).toEqual({ kind: 'success', text: 'ok' });
  });

  it('tells the chat once when three calls in a row are malformed', async () => {
    const { runtime, queue } = scriptedLoop();
    const bad = [modelCalls('look', {})];
    queue(bad, bad, bad, bad, [modelSays('I give up.')]);
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    const notices = played.events.flatMap((event) => (event.type === 'notice' ? [event.text] : []));
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('schema validation error');
  });

  it('starts counting again after a call that was well formed', async () => {
    const { runtime, queue } = scriptedLoop();
    const bad = [modelCalls('look', {})];
    queue(bad, bad, [modelCalls('look', { what: 'x' })], bad, bad);
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    expect(played.events.some((event) => event.type === 'notice')).toBe(false);
  });

  it('says what an unknown tool is really called', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelCalls('spawn_agent', { what: 'x' }), modelCalls('lok', {})]);
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('sessions_spawn'), aTool('look')] });
    const answers = toolEntries(played.entries).map((entry) => JSON.parse(entry.output));
    expect(answers[0]).toMatchObject({
      code: 'unknown_tool',
      message: 'unknown tool spawn_agent; it is sessions_spawn.',
    });
    expect(answers[1]).toMatchObject({ message: 'unknown tool lok.', fix: expect.stringContaining('nearest is look') });
  });

  it('answers a session tool that policy removed with the words of the policy', async () => {
    const removed = 'sessions_spawn: tool not available. It was removed by role.';
    const { runtime, queue } = scriptedLoop((name) => (name === 'sessions_spawn' ? removed : undefined));
    queue([modelCalls('sessions_spawn', {}), modelCalls('spawn_agent', {})]);
    const played = await playTurn(runtime, aPrompt('go'), { tools: [aTool('look')] });
    expect(toolEntries(played.entries).map((entry) => entry.output)).toEqual([removed, removed]);
  });

  it('turns a tool that throws into a failed answer', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelCalls('look', { what: 'x' })]);
    const broken = aTool('look', () => Promise.reject(new Error('disk gone')));
    const played = await playTurn(runtime, aPrompt('go'), { tools: [broken] });
    expect(toolEntries(played.entries)[0]).toMatchObject({ failed: true, output: 'the tool failed: disk gone' });
    expect(played.outcome.kind).toBe('success');
  });
});

describe('messages that come in during the turn', () => {
  it('skips the calls not yet started and shows the message in the next model call', async () => {
    const { runtime, queue, calls } = scriptedLoop();
    queue(
      [modelCalls('look', { what: 'a' }), modelCalls('look', { what: 'b' }), modelCalls('look', { what: 'c' })],
      [modelSays('Turned left.')],
    );
    const prompt = aPrompt('go', { injections: [[], [], [injected('go left')]] });
    const ran: unknown[] = [];
    const look = aTool('look', async (input) => ({ text: `${ran.push(input)}` }));
    const played = await playTurn(runtime, prompt, { tools: [look] });
    expect(ran).toEqual([{ what: 'a' }, { what: 'b' }]);
    expect(toolEntries(played.entries).map((entry) => entry.output)).toEqual(['1', '2', skippedText]);
    expect(played.entries.map((entry) => entry.type)).toEqual([
      'assistant',
      'tool',
      'tool',
      'tool',
      'user',
      'assistant',
    ]);
    expect(seen(calls, 1)).toContain('go left');
  });

  it('answers what arrives just before the end in the same turn, and keeps the first answer', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelSays('Four.')], [modelSays('And six.')]);
    const played = await playTurn(runtime, aPrompt('2+2?', { injections: [[], [injected('3+3?')]] }));
    expect(played.outcome).toEqual({ kind: 'success', text: 'Four.\n\nAnd six.' });
    expect(played.entries.map((entry) => entry.type)).toEqual(['assistant', 'user', 'assistant']);
  });

  it('takes only the last text as the result of a run', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelSays('Four.')], [modelSays('Six.')]);
    const prompt = aPrompt('2+2?', { injections: [[], [injected('make it 3+3')]] });
    expect((await playTurn(runtime, prompt, { session: aSession({ kind: 'subagent' }) })).outcome).toEqual({
      kind: 'success',
      text: 'Six.',
    });
  });

  it('does not let a silent answer to a late note swallow the answer before it', async () => {
    const { runtime, queue } = scriptedLoop();
    queue([modelSays('Four.')], [modelSays('NO_REPLY')]);
    const late = { id: 'n', kind: 'note' as const, text: 'a child ended' };
    const played = await playTurn(runtime, aPrompt('2+2?', { injections: [[], [late]] }));
    expect(played.outcome).toEqual({ kind: 'success', text: 'Four.' });
    expect(played.entries[1]).toMatchObject({ type: 'note', text: 'a child ended' });
  });
});
