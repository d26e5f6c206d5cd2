// The demo model driven by the real loop: every phrasing it documents.
import { describe, expect, it } from 'vitest';
import { readTool, setup } from './demo-kit.ts';
import { aPrompt, aSession, playTurn, userEntry } from './kit.ts';

describe('the other phrasings', () => {
  it.each([
    ['count to 4', '1, 2, 3, 4'],
    ['Count to three with commas.', '1, 2, 3'],
    ['Reply with the single word WORKING.', 'WORKING'],
    ['reply with the single word yes', 'yes'],
    ['say hello world', 'hello world'],
    ['wait 0 seconds and say now', 'Waited 0 seconds and said: now.'],
  ])('%s -> %s', async (asked, answered) => {
    expect(await setup().say(asked)).toBe(answered);
  });

  const files = { 'notes.md': '# Plan\n\nBuy bread. Then rest.', 'package.json': 'no json' };
  it.each([
    ['summarise notes.md', 'notes.md begins: Plan Buy bread. (6 words in all; a scripted summary reads no further.)'],
    ['read notes.md', '# Plan'],
    ['Read the file gone.md in your workspace and reply with its first line, or NOT FOUND.', 'NOT FOUND'],
    ['count the words in gone.md', 'I could not read gone.md: "gone.md" does not exist. Use ls to look.'],
    ['list the npm scripts', 'package.json is not valid JSON.'],
  ])('%s -> %s', async (asked, answered) => {
    expect(await setup().say(asked, [readTool(files)])).toBe(answered);
  });

  it.each([
    ['say a\n\nsay b\n\ncount to 3', 'a\n\nb\n\n1, 2, 3'],
    ['count to 2\n\ncount to 2', '1, 2'],
    [
      'read notes.md\n\nsummarise notes.md\n\nsay x',
      '# Plan\n\nnotes.md begins: Plan Buy bread. (6 words in all; a scripted summary reads no further.)\n\nx',
    ],
    ['wait 0 seconds and say a\n\nread notes.md', 'Waited 0 seconds and said: a.\n\n# Plan'],
    ['[A note of the runtime.]\n\nsay a', 'a'],
  ])('serves every request of messages that came together: %j', async (asked, answered) => {
    expect(await setup().say(asked, [readTool(files)])).toBe(answered);
  });

  it('says once what it understands, next to what it could do', async () => {
    const answer = String(await setup().say('hello\n\nsay a\n\nhow are you?'));
    expect(answer.split('\n\n')).toEqual([expect.stringMatching(/^This is the demo model/), 'a']);
  });

  it('reads a long file to its end', async () => {
    const long = Array.from({ length: 50 }, (_, i) => `line ${i}`).join('\n');
    expect(await setup().say('count the words in long.txt', [readTool({ 'long.txt': long }, 20)])).toBe(
      'long.txt has 100 words.',
    );
  });

  it('ends in an error when asked to fail', async () => {
    expect(await setup().say('fail')).toEqual({
      kind: 'error',
      code: 'model_error',
      message: 'demo failed: the demo model was asked to fail.',
    });
  });

  it('says plainly that it is no AI, and what it understands, to everything else', async () => {
    const answer = String(await setup().say('hello, who are you?'));
    expect(answer).toMatch(/^This is the demo model: a scripted stand-in, no AI\. I understand: delegate: /);
    expect(answer).not.toContain('/');
  });

  it('leaves alone what a person stopped', async () => {
    const { clock, runtime } = setup();
    const abort = new AbortController();
    const turn = playTurn(runtime, aPrompt('wait 100 seconds and say late', { model: 'demo/demo' }), {
      signal: abort.signal,
    });
    while (clock.pending() === 0) await clock.flush();
    abort.abort('user');
    const history = [
      userEntry('wait 100 seconds and say late'),
      ...(await turn).entries,
      userEntry('say still here', 'turn-2'),
    ];
    const next = await playTurn(runtime, aPrompt('', { model: 'demo/demo', history, id: 'turn-2' }));
    expect(next.outcome).toEqual({ kind: 'success', text: 'still here' });
  });

  it('stops waiting when aborted', async () => {
    const { clock, runtime } = setup();
    const abort = new AbortController();
    const turn = playTurn(runtime, aPrompt('wait 100 seconds and say late', { model: 'demo/demo' }), {
      signal: abort.signal,
    });
    while (clock.pending() === 0) await clock.flush();
    abort.abort();
    expect((await turn).outcome).toEqual({ kind: 'stopped', by: 'user' });
    expect(clock.pending()).toBe(0);
  });

  it('takes its time with a file as a sub-agent, so that a person can see it work', async () => {
    const { clock, runtime } = setup();
    const start = clock.now();
    const prompt = aPrompt('count the words in notes.md', {
      model: 'demo/demo',
      system: 'You are a sub-agent: do it.',
    });
    const session = aSession({ kind: 'subagent' });
    const played = await clock.runUntil(playTurn(runtime, prompt, { session, tools: [readTool(files)] }), 20_000);
    expect(played?.outcome).toEqual({ kind: 'success', text: 'notes.md has 6 words.' });
    expect(clock.now() - start).toBe(3_000);
  });

  it('shows life while it waits for minutes', async () => {
    const { clock, runtime } = setup();
    const at: number[] = [];
    const start = clock.now();
    const prompt = aPrompt('wait 120 seconds and say late', { model: 'demo/demo' });
    await clock.runUntil(playTurn(runtime, prompt, { onEvent: () => at.push(clock.now() - start) }), 200_000);
    const gaps = at.map((ms, index) => ms - (at[index - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
  });

  it('reports tokens of every step', async () => {
    const played = await setup().play('count to 3');
    expect(played.events.find((event) => event.type === 'usage')).toMatchObject({
      usage: { reported: true, costUsd: null, output: expect.any(Number) },
    });
  });

  it('acknowledges a steer it does not understand, as a child', async () => {
    const { runtime } = setup();
    const prompt = aPrompt('', {
      model: 'demo/demo',
      system: 'You are a sub-agent: do it.',
      history: [userEntry('only the blue ones')],
    });
    const played = await playTurn(runtime, prompt, { session: aSession({ kind: 'subagent' }) });
    expect(played.outcome).toEqual({ kind: 'success', text: 'Noted: only the blue ones' });
  });
});
