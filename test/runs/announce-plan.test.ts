// How an ended run is announced, decided from its record alone.
import { describe, expect, test } from 'vitest';
import type { Outcome, Run } from '../../src/core/run.ts';
import { type AnnounceFacts, decideAnnounce } from '../../src/runs/announce-plan.ts';
import { statusOf } from '../../src/runs/end-run.ts';
import { aRun, noon } from '../fakes/builders.ts';

const facts: AnnounceFacts = { mode: { agentRuns: 'agent', userRuns: 'direct' }, waiting: false };

function ended(outcome: Outcome, fields: Partial<Run> = {}): Run {
  const state = { status: statusOf(outcome), startedAt: noon - 1000, endedAt: noon, outcome } as const;
  return aRun({ state, delivery: { state: 'pending', attempts: 2 }, ...fields });
}

const said = (text: string, fields: Partial<Run> = {}): Run => ended({ kind: 'success', text }, fields);

test('a run asked for by an agent goes to that agent, one asked for by a person to the formatter', () => {
  expect(decideAnnounce(said('42'), facts)).toEqual({ kind: 'handover' });
  expect(decideAnnounce(said('42', { askedBy: 'person' }), facts)).toEqual({ kind: 'post' });
});

test('the two keys of announce.mode turn that round, but nothing of a nested run is ever posted', () => {
  const turned: AnnounceFacts = { ...facts, mode: { agentRuns: 'direct', userRuns: 'agent' } };
  expect(decideAnnounce(said('42'), turned)).toEqual({ kind: 'post' });
  expect(decideAnnounce(said('42', { askedBy: 'person' }), turned)).toEqual({ kind: 'handover' });
  expect(decideAnnounce(said('42', { parent: 'p' }), turned)).toEqual({ kind: 'handover' });
});

test.each([['error'], ['timeout']] as const)('a run that ended in %s is announced like any other', (kind) => {
  const outcome: Outcome = kind === 'error' ? { kind, code: 'broken', message: 'it broke' } : { kind };
  expect(decideAnnounce(ended(outcome), facts)).toEqual({ kind: 'handover' });
});

describe('quiet are', () => {
  test.each([
    ['ANNOUNCE_SKIP', 'agent', 'skipped'],
    ['ANNOUNCE_SKIP', 'person', 'skipped'],
    ['NO_REPLY', 'agent', 'silent'],
    ['  no_reply\n', 'agent', 'silent'],
  ] as const)('%j of a run asked for by %s: %s', (text, askedBy, state) => {
    expect(decideAnnounce(said(text, { askedBy }), facts)).toEqual({
      kind: 'quiet',
      delivery: { state, attempts: 2, reason: expect.any(String) },
    });
  });

  test('not words that only contain these, nor NO_REPLY to a person who asked', () => {
    expect(decideAnnounce(said('I answered NO_REPLY'), facts).kind).toBe('handover');
    expect(decideAnnounce(said('announce_skip'), facts).kind).toBe('handover');
    expect(decideAnnounce(said('NO_REPLY', { askedBy: 'person' }), facts).kind).toBe('post');
  });

  test('stopped runs, except towards an agent that waits for them', () => {
    const stopped = ended({ kind: 'stopped', by: 'user' });
    expect(decideAnnounce(stopped, facts)).toMatchObject({ kind: 'quiet', delivery: { state: 'skipped' } });
    expect(decideAnnounce(stopped, { ...facts, waiting: true })).toEqual({ kind: 'handover' });
    const byPerson = ended({ kind: 'stopped', by: 'user' }, { askedBy: 'person' });
    expect(decideAnnounce(byPerson, { ...facts, waiting: true }).kind).toBe('quiet');
  });
});

test.each(['none', 'sending', 'delivered', 'skipped', 'silent', 'ambiguous', 'undelivered'] as const)(
  'nothing is left to do for a delivery that is %s',
  (state) => {
    const run = said('42', { delivery: { state, attempts: 1 } });
    expect(decideAnnounce(run, facts)).toEqual({ kind: 'settled' });
  },
);

test('a run that has not ended is not announced', () => {
  expect(decideAnnounce(aRun({ delivery: { state: 'pending', attempts: 0 } }), facts)).toEqual({ kind: 'settled' });
});
