import { describe, expect, test } from 'vitest';
import { cutOff, openCalls, resumeText } from '../../src/agents/resume.ts';
import type { Entry } from '../../src/core/agent.ts';

const at = 0;
const said = (turn: string, text: string): Entry => ({ type: 'user', at, turn, text });
const calls = (turn: string, ...ids: readonly string[]): Entry => ({
  ...{ type: 'assistant', at, turn },
  parts: ids.map((id) => ({ type: 'call', id, name: 'exec', input: { id } })),
});
const result = (turn: string, callId: string): Entry => {
  return { type: 'tool', at, turn, callId, name: 'exec', output: '', failed: false };
};
const open = (...entries: readonly Entry[]): readonly string[] =>
  openCalls(entries).map(({ turn, call, begun }) => `${turn} ${call.id} ${begun ? 'begun' : 'not begun'}`);

test('what was cut off is everything since its first turn began', () => {
  const history = [said('a', '1'), said('b', '2'), said('c', '3')];
  expect(cutOff(history, 'b')).toEqual(history.slice(1));
  expect(cutOff(history, 'unknown')).toEqual([]);
  expect(cutOff(history, undefined)).toEqual([]);
});

describe('calls without a result', () => {
  test('are those of a step whose answer was not written; the first of them was begun', () => {
    expect(open(calls('a', '1', '2', '3'), result('a', '1'))).toEqual(['a 2 begun', 'a 3 not begun']);
    expect(open(calls('a', '1'), result('a', '1'))).toEqual([]);
  });

  test('are found in each step by itself: ids may come again', () => {
    const entries = [calls('a', '1'), said('b', 'again'), calls('b', '1'), result('b', '1'), calls('b', '2')];
    expect(open(...entries)).toEqual(['a 1 begun', 'b 2 begun']);
  });

  test('are none where nothing was called', () => {
    expect(open(said('a', 'hello'), result('a', 'stray'))).toEqual([]);
  });
});

test('the note names calls shortly and on one line, and says how many more there are', () => {
  expect(resumeText([])).not.toContain('Nobody knows');
  const call = { type: 'call', id: '1', name: 'exec', input: { command: `a\n${'x'.repeat(500)}` } } as const;
  const text = resumeText(Array.from({ length: 12 }, () => call));
  expect(text).toContain(' and 2 more.');
  expect(text).not.toContain('\n');
  expect(text.length).toBeLessThan(3_000);
});
