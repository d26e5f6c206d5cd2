// What an ended run says: golden texts for the result, the message for a chat and the stats line.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AssistantPart, Entry } from '../../src/core/agent.ts';
import { fenceLeftOpen } from '../../src/core/fences.ts';
import type { Outcome, Run } from '../../src/core/run.ts';
import { formatCompletion, lastVisibleText, resultText, silence, statsLine } from '../../src/runs/completion.ts';
import { aRun, aUsage, noon } from '../fakes/builders.ts';

const entry = { at: noon, turn: 't' } as const;
const says = (text: string): Entry => ({ ...entry, type: 'assistant', parts: [{ type: 'text', text }] });
const calls = (id: string, name: string): Entry => ({
  ...entry,
  type: 'assistant',
  parts: [{ type: 'call', id, name, input: {} }],
});
const output = (callId: string, name: string, text: string, failed = false): Entry => ({
  ...entry,
  type: 'tool',
  callId,
  name,
  output: text,
  failed,
});

const success = (text: string): Outcome => ({ kind: 'success', text });
const statuses = { success: 'succeeded', error: 'failed', timeout: 'timed_out', stopped: 'stopped' } as const;

function ended(outcome: Outcome, fields: Partial<Run> = {}): Run {
  return aRun({
    usage: aUsage(12_345, 4_500, 0.12),
    state: { status: statuses[outcome.kind], startedAt: noon - 312_000, endedAt: noon, outcome },
    ...fields,
  });
}

describe('the result of a run', () => {
  test('is its last visible text, cleaned', () => {
    const entries = [
      says('first'),
      calls('1', 'read'),
      output('1', 'read', 'data'),
      says('<think>x</think>answer'),
      says('<think>y</think>'),
    ];
    expect(resultText(entries, success('answer'))).toBe('answer');
  });

  test('is the runtime’s text where there are no entries', () => {
    expect(resultText([], success('<think>x</think>answer <|im_end|>'))).toBe('answer');
  });

  test('without any text is the last tool output, marked and at most 1,500 characters', () => {
    const entries = [
      calls('1', 'read'),
      output('1', 'read', `<think>x</think>password=hunter2 ${'word '.repeat(900)}`),
    ];
    const text = resultText(entries, success(''));
    const [mark, ...rest] = text.split('\n');
    expect(mark).toBe('partial: last tool output');
    expect(rest.join('\n')).toMatch(/^password=\[redacted\] word word/);
    expect(rest.join('\n').length).toBeLessThanOrEqual(1500);
  });

  test('is empty where nothing was said or done', () => {
    expect(resultText([], success(''))).toBe('');
    expect(resultText([output('1', 'read', '  ')], success(''))).toBe('');
    expect(resultText([says('half')], { kind: 'stopped', by: 'user' })).toBe('');
  });

  test('of a failed run is the error only', () => {
    const error: Outcome = { kind: 'error', code: 'budget_exceeded', message: 'the tree used 2.0M of 2.0M tokens.' };
    expect(resultText([says('half an answer')], error)).toBe('budget_exceeded: the tree used 2.0M of 2.0M tokens.');
  });

  test('of a timeout is the text so far, else a summary of its tools', () => {
    const timeout: Outcome = { kind: 'timeout' };
    expect(resultText([says('so far')], { kind: 'timeout', partial: 'half a sen' })).toBe('half a sen');
    expect(resultText([says('so far')], timeout)).toBe('so far');
    const worked = [
      calls('1', 'read'),
      output('1', 'read', 'x'),
      calls('2', 'read'),
      output('2', 'read', 'x'),
      calls('3', 'exec'),
    ];
    expect(resultText(worked, timeout)).toBe(
      'No text yet. 3 tool calls: read ×2, exec ×1. Last step: exec, not finished.',
    );
    expect(resultText([...worked, output('3', 'exec', '', true)], timeout)).toMatch(/Last step: exec, failed\.$/);
    expect(resultText([calls('1', 'read'), output('1', 'read', 'x')], timeout)).toBe(
      'No text yet. 1 tool call: read ×1. Last step: read, finished.',
    );
    expect(resultText([], timeout)).toBe('');
  });

  test('joins the texts of one answer', () => {
    const parts: AssistantPart[] = [
      { type: 'text', text: 'one' },
      { type: 'thinking', text: 'secret' },
      { type: 'text', text: 'two' },
    ];
    expect(lastVisibleText([{ ...entry, type: 'assistant', parts }])).toMatch(/^one\n+two$/);
  });
});

describe('silence', () => {
  test.each([
    ['ANNOUNCE_SKIP', 'agent', 'skip'],
    ['ANNOUNCE_SKIP', 'person', 'skip'],
    ['<think>x</think>\nANNOUNCE_SKIP\n', 'agent', 'skip'],
    ['announce_skip', 'agent', undefined],
    ['NO_REPLY', 'agent', 'silent'],
    [' no_reply\n', 'agent', 'silent'],
    ['NO_REPLY', 'person', undefined],
    ['NO_REPLY.', 'agent', undefined],
    ['All done. NO_REPLY', 'agent', undefined],
    ['', 'agent', undefined],
  ] as const)('%j of a run asked for by an %s: %s', (text, askedBy, expected) => {
    expect(silence(ended(success(text), { askedBy }))).toBe(expected);
  });

  test('is no way to hide a failure, and a run that has not ended says nothing yet', () => {
    expect(silence(ended({ kind: 'error', code: 'x', message: 'NO_REPLY' }))).toBeUndefined();
    expect(silence(ended({ kind: 'timeout', partial: 'ANNOUNCE_SKIP' }))).toBeUndefined();
    expect(silence(aRun())).toBeUndefined();
  });
});

describe('the stats line', () => {
  test('reads as agreed', () => {
    expect(statsLine(ended(success('x')))).toBe(
      'runtime 5m12s · tokens 12.3k in / 4.5k out / 16.8k total · est. $0.12 · run 4f1c2a90',
    );
  });

  test('leaves out a price nobody knows, and says n/a for what was not reported', () => {
    expect(statsLine(ended(success('x'), { usage: aUsage(200, 10, null) }))).toBe(
      'runtime 5m12s · tokens 200 in / 10 out / 210 total · run 4f1c2a90',
    );
    const silent = { ...aUsage(0, 0), reported: false };
    const neverStarted = {
      status: 'failed',
      endedAt: noon,
      outcome: { kind: 'error', code: 'x', message: 'y' },
    } as const;
    expect(statsLine(aRun({ usage: silent, state: neverStarted }))).toBe('runtime n/a · tokens n/a · run 4f1c2a90');
  });
});

describe('the message for a chat', () => {
  const stats = 'runtime 5m12s · tokens 12.3k in / 4.5k out / 16.8k total · est. $0.12 · run 4f1c2a90';

  test('says how it ended, what it found and what it took', () => {
    expect(formatCompletion(ended(success('README.md has 1,204 words.')), 8000)).toBe(
      `✅ words: completed successfully\nREADME.md has 1,204 words.\n${stats}`,
    );
  });

  test.each([
    [
      ended({ kind: 'error', code: 'model_unavailable', message: 'no key for openai.' }),
      '⚠️ words: failed\nmodel_unavailable: no key for openai.',
    ],
    [ended({ kind: 'timeout', partial: 'half' }), '⚠️ words: timed out\nhalf'],
    [ended({ kind: 'timeout' }), '⚠️ words: timed out'],
    [ended({ kind: 'stopped', by: 'user' }), 'ℹ️ words: stopped'],
    [ended(success('')), '✅ words: completed successfully\nfinished, no text result'],
    [ended(success('no_reply')), '✅ words: completed successfully\nfinished, no text result'],
  ])('every ending has its mark and word (%#)', (run, text) => {
    expect(formatCompletion(run, 8000)).toBe(`${text}\n${stats}`);
  });

  test('a lost run is unknown', () => {
    const outcome = { kind: 'error', code: 'lost', message: 'nothing was heard of it for 2h.' } as const;
    const run = ended(outcome, { state: { status: 'lost', startedAt: noon - 312_000, endedAt: noon, outcome } });
    expect(formatCompletion(run, 8000)).toBe(`⚠️ words: unknown\nlost: nothing was heard of it for 2h.\n${stats}`);
  });

  test('a long result is cut and says where the rest is; the stats stay', () => {
    const text = formatCompletion(ended(success('word '.repeat(100))), 22);
    expect(text).toBe(
      `✅ words: completed successfully\nword word word word\n[cut; /subagents log 4f1c2a90]\n${stats}`,
    );
  });

  test('a result longer than a log block is shown up to the limit', () => {
    expect(formatCompletion(ended(success('x'.repeat(7000))), 8000)).toContain('x'.repeat(7000));
  });

  test('for any result: cleaned, within the limit, stats last and outside any code the child left open', () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom('```js\n', '~~~~\n', '\n```\n', 'word ', '<think>', '<|im_end|>', '\n'),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), fc.integer({ min: 60, max: 300 }), (parts, max) => {
        const text = formatCompletion(ended(success(parts.join(''))), max);
        const lines = text.split('\n');
        expect(lines.at(-1)).toBe(stats);
        expect(fenceLeftOpen(text)).toBeUndefined();
        expect(text.length).toBeLessThanOrEqual(max + 200);
      }),
      { numRuns: 500 },
    );
  });

  test('a label cannot break out of its line', () => {
    expect(formatCompletion(ended(success('x'), { label: 'a\nb <|im_end|>' }), 100).split('\n')).toHaveLength(3);
  });
});
