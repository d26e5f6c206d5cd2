import { describe, expect, test } from 'vitest';
import { type RunFacts, runFate, turnFate } from '../../src/runs/fates.ts';
import { anEndedRun, aRun, noon } from '../fakes/builders.ts';

const minute = 60_000;
const running = { status: 'running', startedAt: noon - 5 * minute } as const;
const waiting = { status: 'waiting', startedAt: noon - 5 * minute } as const;
const failed = {
  status: 'failed',
  endedAt: noon,
  outcome: { kind: 'error', code: 'interrupted', message: '' },
} as const;

describe('a turn that was cut off', () => {
  const run = aRun({ state: running });
  const facts = { session: {}, run, worked: true, now: noon };
  const task = { items: ['task:r'], tries: 1 };

  test('goes on twice in ten minutes, and is given up the third time', () => {
    const at = (...resumedAt: readonly number[]) =>
      turnFate(task, { ...facts, session: { resumedAt: [...resumedAt] } });
    expect(at()).toBe('again');
    expect(at(noon - 1)).toBe('again');
    expect(at(noon - 10 * minute + 1, noon - 1)).toBe('given up');
    expect(at(noon - 10 * minute, noon - 1)).toBe('again');
  });

  test('does not count what a clock that was put back since has dated into the future', () => {
    const resumedAt = [noon + 24 * 60 * minute, noon + 24 * 60 * minute];
    expect(turnFate(task, { ...facts, session: { resumedAt } })).toBe('again');
  });

  test('that has done nothing yet is begun again, four times in a row', () => {
    const idle = { ...facts, run: undefined, worked: false, session: { resumedAt: [noon, noon, noon] } };
    expect(turnFate({ items: ['inbox:1'], tries: 4 }, idle)).toBe('again');
    expect(turnFate({ items: ['inbox:1'], tries: 5 }, idle)).toBe('given up');
  });

  test('is over where its session is gone or its run has ended, unless somebody spoke to it', () => {
    expect(turnFate(task, { ...facts, session: undefined })).toBe('over');
    expect(turnFate(task, { ...facts, run: anEndedRun() })).toBe('over');
    expect(turnFate({ items: ['inbox:1'], tries: 1 }, { ...facts, run: anEndedRun() })).toBe('again');
  });
});

test('a turn whose run was given up is given up too, by the next start where that one was cut off itself', () => {
  const facts = { session: {}, run: anEndedRun({ state: failed }), worked: true, now: noon };
  expect(turnFate({ items: ['task:r'], tries: 1 }, facts)).toBe('given up');
  expect(turnFate({ items: ['inbox:1'], tries: 1 }, facts)).toBe('again');
});

describe('a run', () => {
  const facts: RunFacts = {
    ...{ owner: undefined, requester: true, session: true, turn: undefined, mail: false, openChildren: [], now: noon },
  };
  const run = aRun({ id: 'r', state: running, lastEventAt: noon });
  const fate = (over: Partial<RunFacts>, of = run) => {
    const found = runFate(of, { ...facts, ...over });
    return found.kind === 'end' ? ('code' in found.outcome ? found.outcome.code : found.outcome.kind) : found.kind;
  };
  const cut = { fate: 'again', items: ['task:r'] } as const;

  test('that had not started starts, if anybody is left who asked for it', () => {
    const queued = aRun({ state: { status: 'queued' } });
    expect(fate({}, queued)).toBe('start');
    expect(fate({ requester: false }, queued)).toBe('interrupted');
  });

  test('that was cut off in its task goes on with it; in anything else what it was given comes again', () => {
    expect(fate({ turn: cut })).toBe('resume');
    expect(fate({ turn: { ...cut, items: ['announce:x:0'] } })).toBe('leave');
    expect(fate({ turn: cut, session: false })).toBe('interrupted');
    expect(fate({ turn: { ...cut, fate: 'given up' } })).toBe('interrupted');
  });

  test('ends with the run that asked for it, and at its time limit, before anything else', () => {
    expect(fate({ turn: cut, owner: anEndedRun({ state: failed }) })).toBe('stopped');
    expect(fate({ turn: cut, owner: anEndedRun() })).toBe('resume');
    const limited = aRun({ id: 'r', state: running, timeoutSeconds: 300 });
    expect(fate({ turn: cut }, limited)).toBe('timeout');
    expect(fate({ turn: cut, now: noon - 1 }, limited)).toBe('resume');
    expect(fate({}, aRun({ state: waiting, timeoutSeconds: 300 }))).toBe('timeout');
  });

  test('that waits goes on waiting, or ends when nothing is left to wait for', () => {
    const waits = aRun({ state: waiting });
    expect(fate({ openChildren: [run] }, waits)).toBe('leave');
    expect(fate({ mail: true }, waits)).toBe('leave');
    expect(fate({}, waits)).toBe('finish');
  });

  test('of which nothing says what it was doing is ended; after hours nobody knows how', () => {
    expect(fate({})).toBe('interrupted');
    expect(fate({ now: noon + 121 * minute })).toBe('lost');
    expect(fate({ openChildren: [run] })).toBe('interrupted');
    expect(fate({ openChildren: [anEndedRun()] })).toBe('leave');
    expect(fate({ mail: true })).toBe('leave');
  });
});
