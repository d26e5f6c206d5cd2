// The view of a session's transcript: which rows, how many, how large.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/agent.ts';
import { cleanEntries, omittedRow } from '../../src/sessions/history.ts';

describe('rows of a session', () => {
  const at = 0;
  const turn = 't';
  const user = (text: string): Entry => ({ type: 'user', at, turn, text });
  const says = (...texts: string[]): Entry => ({
    type: 'assistant',
    at,
    turn,
    parts: texts.map((text) => ({ type: 'text', text })),
  });
  const entries: Entry[] = [
    user('read it <|im_end|>'),
    {
      type: 'assistant',
      at,
      turn,
      parts: [
        { type: 'thinking', text: 'secret' },
        { type: 'text', text: 'Reading.' },
        { type: 'call', id: '1', name: 'read', input: { path: 'a.md' } },
      ],
    },
    { type: 'tool', at, turn, callId: '1', name: 'read', output: 'password=hunter2', failed: false },
    { type: 'tool', at, turn, callId: '2', name: 'exec', output: '', failed: true },
    { type: 'note', at, turn, text: 'resumed' },
    says('<think>x</think>'),
    says('Done.'),
  ]; // prettier-ignore

  test('show what was said, newest last', () => {
    expect(cleanEntries(entries, { limit: 20, tools: false })).toEqual([
      { who: 'User', text: 'read it' },
      { who: 'Assistant', text: 'Reading.' },
      { who: 'Assistant', text: 'Done.' },
    ]);
  });

  test('show tool calls, results and notes on request', () => {
    expect(cleanEntries(entries, { limit: 20, tools: true })).toEqual([
      { who: 'User', text: 'read it' },
      { who: 'Assistant', text: 'Reading.' },
      { who: 'Tool', text: 'read {"path":"a.md"}' },
      { who: 'Tool', text: 'read: password=[redacted]' },
      { who: 'Tool', text: 'exec failed: (no output)' },
      { who: 'Note', text: 'resumed' },
      { who: 'Assistant', text: 'Done.' },
    ]);
  });

  test('the limit keeps the newest', () => {
    expect(cleanEntries(entries, { limit: 1, tools: false })).toEqual([{ who: 'Assistant', text: 'Done.' }]);
    expect(cleanEntries(entries, { limit: 0, tools: false })).toEqual([]);
  });

  test('attachments are named', () => {
    const file = { kind: 'image', path: '/x/a.png', mediaType: 'image/png', name: 'a.png', bytes: 1 } as const;
    const withFile: Entry = { type: 'user', at, turn, text: '', attachments: [file] };
    expect(cleanEntries([withFile], { limit: 5, tools: false })).toEqual([{ who: 'User', text: '[image: a.png]' }]);
  });

  test('arguments that are no JSON do not break the view', () => {
    const input: Record<string, unknown> = {};
    input.self = input;
    const call: Entry = { type: 'assistant', at, turn, parts: [{ type: 'call', id: '1', name: 'x', input }] };
    expect(cleanEntries([call], { limit: 5, tools: true })).toEqual([
      { who: 'Tool', text: 'x (unreadable arguments)' },
    ]);
  });

  test('a view over 80 KB drops its oldest rows', () => {
    const many = Array.from({ length: 40 }, (_, index) => user(`${index} ${'é'.repeat(3000)}`));
    const rows = cleanEntries(many, { limit: 200, tools: false });
    expect(rows).toHaveLength(13);
    expect(rows.at(-1)?.text.startsWith('39 ')).toBe(true);
    expect(rows.reduce((sum, row) => sum + Buffer.byteLength(row.text), 0)).toBeLessThanOrEqual(80 * 1024);
  });

  test('one row that alone is too large is named, not shown', () => {
    const huge = says(...Array.from({ length: 30 }, () => 'x'.repeat(3900)));
    expect(cleanEntries([user('hi'), huge, user('bye')], { limit: 20, tools: false })).toEqual([
      { who: 'User', text: 'hi' },
      { who: 'Assistant', text: omittedRow },
      { who: 'User', text: 'bye' },
    ]);
  });

  test('for any entries the view is bounded', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constantFrom('<think>', '<|im_end|>', '</tool_call>'),
      fc.nat(9000).map((length) => 'ü'.repeat(length)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), fc.nat(50), (texts, limit) => {
        const rows = cleanEntries(
          texts.map((each, index) => (index % 2 === 0 ? user(each) : says(each, each))),
          { limit, tools: true },
        );
        expect(rows.length).toBeLessThanOrEqual(limit * 2);
        expect(rows.reduce((sum, row) => sum + Buffer.byteLength(row.text), 0)).toBeLessThanOrEqual(80 * 1024);
      }),
      { numRuns: 100 },
    );
  });
});
