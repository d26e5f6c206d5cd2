// What a person gets from a turn, and which of its answers tells of which child.
import { describe, expect, test } from 'vitest';
import type { MailItem } from '../../src/agents/mailbox.ts';
import type { TurnResult } from '../../src/agents/turn-types.ts';
import type { Entry } from '../../src/core/agent.ts';
import { noUsage } from '../../src/core/session.ts';
import { consumed } from '../../src/runs/consumed.ts';
import { replies } from '../../src/runs/reply.ts';
import { aRoute, aSession, noon } from '../fakes/builders.ts';

const item = (kind: MailItem['kind'], more: Partial<MailItem> = {}): MailItem => ({
  ...{ id: `${kind}:1`, kind, text: 'x', at: noon, tree: 't', steerable: true },
  ...more,
});

function result(fields: Partial<TurnResult> = {}): TurnResult {
  return {
    ...{ id: 'turn', session: aSession(), tree: 't', items: [item('message')], yielded: false, cause: undefined },
    ...{ outcome: { kind: 'success', text: '' }, answers: [], entries: [], cut: [], notices: [], usage: noUsage },
    ...{ startedAt: noon, endedAt: noon },
    ...fields,
  };
}

const nothing = { started: 0, maySpawn: true };
const texts = (fields: Partial<TurnResult>, spawns = nothing): readonly string[] =>
  replies(result(fields), spawns).map((each) => each.text);

describe('a turn that succeeded', () => {
  test('gives every answer, numbered as it was said', () => {
    expect(replies(result({ answers: ['one', 'NO_REPLY', 'three'] }), nothing)).toEqual([
      { kind: 'answer', text: 'one', nth: 0 },
      { kind: 'answer', text: 'three', nth: 2 },
    ]);
  });

  test('gives nothing where the agent chose silence', () => {
    expect(texts({ answers: ['NO_REPLY'] })).toEqual([]);
    expect(texts({ answers: ['no_reply'], items: [item('completion')] })).toEqual([]);
  });

  test('says so where a person waits for a text that did not come', () => {
    expect(texts({})).toEqual(['ℹ️ finished without a text answer.']);
    expect(texts({ yielded: true })).toEqual(['ℹ️ waiting for the sub-agents; the answer follows.']);
    expect(texts({ items: [item('note', { route: aRoute })] })).toEqual(['ℹ️ finished without a text answer.']);
    expect(texts({ items: [item('completion')] })).toEqual([]);
    expect(texts({ items: [item('note')] })).toEqual([]);
  });

  test('adds notices, and what an agent only claimed to have started', () => {
    expect(texts({ answers: ['I started 3 sub-agents.'], notices: ['model changed'] })).toEqual([
      'I started 3 sub-agents.',
      'ℹ️ model changed',
      'ℹ️ no sub-agent was started in this turn.',
    ]);
    expect(texts({ answers: ['I started 3 sub-agents.'] }, { started: 3, maySpawn: true })).toHaveLength(1);
  });
});

test('a turn that failed gives the reason as one sentence, to a person who waits', () => {
  const outcome = { kind: 'error', code: 'x', message: 'the model is gone' } as const;
  expect(texts({ outcome })).toEqual(['⚠️ the model is gone.']);
  expect(texts({ outcome, items: [item('completion')] })).toEqual([]);
});

test.each([
  ['stalled', 'after a long silence (agents.defaults.stall.abortSeconds)'],
  ['timeout', 'at its time limit (agents.defaults.subagents.runTimeoutSeconds)'],
  [undefined, 'at its time limit (/acp timeout, acp.turnTimeoutSeconds)'],
] as const)('a turn that was ended (%s) says which limit that was, and gives what there is', (cause, why) => {
  expect(texts({ cause, outcome: { kind: 'timeout', partial: 'half' } })).toEqual([
    `⚠️ stopped ${why}. So far:\n\nhalf`,
  ]);
});

test('a stopped turn gives nothing, not even its notices', () => {
  expect(texts({ outcome: { kind: 'stopped', by: 'user' }, answers: ['late'], notices: ['late'] })).toEqual([]);
});

describe('an answer tells of what came in since the one before it', () => {
  const note = (...children: string[]): Entry => ({
    ...{ type: 'note', at: noon, turn: 'turn' },
    text: children.map((child) => `[block]\nChild: ${child} (session s)`).join('\n\n'),
  });
  const says = (text: string, calls = false): Entry => ({
    ...{ type: 'assistant', at: noon, turn: 'turn' },
    parts: [{ type: 'text', text }, ...(calls ? [{ type: 'call' as const, id: 'c', name: 'n', input: {} }] : [])],
  });
  const given = ['a', 'b', 'c'].map((run) => ({ run, child: `key-${run}` }));
  const told = (entries: readonly Entry[], answers: readonly string[], of = given) => {
    const { answered, silent, ignored } = consumed({ entries, answers }, of);
    return { answered: [...answered], silent, ignored };
  };

  test('several that came together are told by one', () => {
    expect(told([note('key-a', 'key-b', 'key-c'), says('all three')], ['all three'])).toEqual({
      answered: [[0, ['a', 'b', 'c']]],
      silent: [],
      ignored: [],
    });
  });

  test('each that came in later by the next one; silence counts for its own only', () => {
    const entries = [note('key-a'), says('A is 1'), note('key-b'), says('NO_REPLY'), note('key-c')];
    expect(told(entries, ['A is 1', 'NO_REPLY'])).toEqual({ answered: [[0, ['a']]], silent: ['b'], ignored: ['c'] });
  });

  test('text beside calls is no answer yet', () => {
    const entries = [note('key-a'), says('let me see', true), note('key-b', 'key-c'), says('both')];
    expect(told(entries, ['both']).answered).toEqual([[0, ['a', 'b', 'c']]]);
  });

  test('a key that begins like another one is not taken for it', () => {
    const two = [
      { run: 'x', child: 'key' },
      { run: 'y', child: 'key:subagent:1' },
    ];
    const entries = [note('key:subagent:1'), says('one'), note('key'), says('two')];
    expect(told(entries, ['one', 'two'], two).answered).toEqual([
      [0, ['y']],
      [1, ['x']],
    ]);
  });

  test('text that never became an entry counts as said last', () => {
    expect(told([note('key-a', 'key-b', 'key-c')], ['streamed only']).answered).toEqual([[0, ['a', 'b', 'c']]]);
  });

  test('what stood before the turn failed still stands; what it was saying then does not', () => {
    const entries = [note('key-a'), says('A is 1'), note('key-b'), says('B is')];
    const failed = result({
      entries,
      answers: ['A is 1', 'B is'],
      outcome: { kind: 'error', code: 'x', message: 'gone' },
    });
    expect(replies(failed, nothing).map((each) => each.text)).toEqual(['A is 1', '⚠️ gone.']);
    const ran = result({ entries, answers: ['A is 1', 'B is'], outcome: { kind: 'timeout', partial: 'B is' } });
    expect(replies(ran, nothing).map((each) => each.text)).toEqual([
      'A is 1',
      expect.stringContaining('So far:\n\nB is'),
    ]);
    const spent = result({ entries, answers: ['A is 1'], outcome: { kind: 'stopped', by: 'budget' } });
    expect(replies(spent, nothing).map((each) => each.text)).toEqual(['A is 1']);
    const stopped = result({ entries, answers: ['A is 1'], outcome: { kind: 'stopped', by: 'user' } });
    expect(replies(stopped, nothing)).toEqual([]);
  });

  test('without any answer nothing is told', () => {
    expect(told([note('key-a', 'key-b', 'key-c')], []).ignored).toEqual(['a', 'b', 'c']);
  });
});
