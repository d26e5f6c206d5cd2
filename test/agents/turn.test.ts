import { expect, test } from 'vitest';
import { answersOf, outcomeOf } from '../../src/agents/turn.ts';
import type { AbortCause } from '../../src/agents/turn-types.ts';
import type { AssistantPart, Entry } from '../../src/core/agent.ts';
import { call, hang, say } from '../fakes/script.ts';
import { turnWorld } from './turn-world.ts';

const assistant = (...parts: AssistantPart[]): Entry => ({ type: 'assistant', at: 0, turn: 't', parts });
const text = (words: string): AssistantPart => ({ type: 'text', text: words });
const aCall: AssistantPart = { type: 'call', id: 'c', name: 'look', input: {} };

test('the answers of a turn are the texts that ended a step, and the last text in any case', () => {
  expect(answersOf([assistant(text('let me see'), aCall), assistant(text('it is four'))], '')).toEqual(['it is four']);
  expect(answersOf([assistant(text('one')), assistant(text('two'))], '')).toEqual(['one', 'two']);
  expect(answersOf([assistant(text('started'), aCall)], '')).toEqual(['started']);
  expect(answersOf([assistant(text('one')), assistant(text('  '))], ' and ha ')).toEqual(['one', 'and ha']);
  expect(answersOf([], '')).toEqual([]);
});

test.each<[AbortCause, object]>([
  ['user', { kind: 'stopped', by: 'user' }],
  ['interrupt', { kind: 'stopped', by: 'user' }],
  ['cascade', { kind: 'stopped', by: 'cascade' }],
  ['budget', { kind: 'stopped', by: 'budget' }],
  ['shutdown', { kind: 'stopped', by: 'shutdown' }],
  ['timeout', { kind: 'timeout', partial: 'so far' }],
  ['stalled', { kind: 'timeout', partial: 'so far' }],
  ['start_timeout', { kind: 'error', code: 'start_timeout' }],
  ['handoff', { kind: 'error', code: 'announce_timeout' }],
])('an abort by %s decides the outcome, whatever the agent said after it', (cause, outcome) => {
  expect(outcomeOf(cause, { kind: 'success', text: 'done anyway' }, ['so far'])).toMatchObject(outcome);
});

test('an agent that ends without an outcome has failed', () => {
  expect(outcomeOf(undefined, undefined, [])).toMatchObject({ kind: 'error', code: 'no_outcome' });
});

test('what came in and what was said is in the transcript, in order', async () => {
  const { give, agent, clock, transcripts, session } = turnWorld();
  agent.always(/./, [call('look'), say('four')]);
  give('how many?');
  await clock.flush();
  await clock.flush();
  expect(transcripts.get(session().id)?.map((entry) => entry.type)).toEqual(['user', 'assistant', 'tool', 'assistant']);
  expect(transcripts.get(session().id)?.[0]).toMatchObject({ text: 'how many?', from: 'Anna' });
});

test('a call begins when it is on the disk, and a turn ends when all it said is', async () => {
  const disk: (() => void)[] = [];
  const { give, agent, clock, settled, transcripts, session } = turnWorld({
    flush: () => new Promise((resolve) => void disk.push(resolve)),
  });
  let begun = 0;
  agent.always(/./, async function* () {
    yield call('look');
    begun += 1;
    yield say('four');
  });
  const written = (): number => transcripts.get(session().id)?.length ?? 0;
  give('how many?');
  await clock.flush();
  expect([written(), begun]).toEqual([2, 0]);
  for (const flushed of disk.splice(0)) flushed();
  await clock.flush();
  expect([written(), begun, settled.length]).toEqual([4, 1, 0]);
  for (const flushed of disk.splice(0)) flushed();
  await clock.flush();
  expect(settled.map((result) => result.answers)).toEqual([['four']]);
});

test('a call is not begun when the disk refuses it', async () => {
  const { give, agent, clock, settled } = turnWorld({
    flush: async (entries) => {
      if (entries.some(({ type }) => type === 'assistant')) throw new Error('no space left');
    },
  });
  let begun = false;
  agent.always(/./, async function* () {
    yield call('look');
    begun = true;
  });
  give('how many?');
  await clock.flush();
  expect(begun).toBe(false);
  expect(settled.map((result) => result.outcome)).toMatchObject([{ kind: 'error', code: 'turn_failed' }]);
});

test('a result of a child is a note in the transcript, not something a person said', async () => {
  const { give, clock, transcripts, session } = turnWorld();
  give('the child is done', { kind: 'completion', from: undefined });
  await clock.flush();
  expect(transcripts.get(session().id)?.[0]).toMatchObject({ type: 'note', text: 'the child is done' });
});

test('a partial text of an aborted turn is kept as its answer', async () => {
  const { give, agent, clock, turns, settled, session } = turnWorld();
  agent.always(/./, [say('the first half'), hang()]);
  give('write');
  await clock.flush();
  turns.abort(session().key, 'stalled');
  await clock.flush();
  expect(settled[0]?.outcome).toEqual({ kind: 'timeout', partial: 'the first half' });
});
