// The one door through which runs end, how deliveries settle, and when the session behind them goes away.
import { describe, expect, test } from 'vitest';
import type { Outcome, Run, RunDelivery } from '../../src/core/run.ts';
import { endRun, setDelivery, taskFailed } from '../../src/runs/end-run.ts';
import { anEndedRun, aRun, noon } from '../fakes/builders.ts';
import { runStore } from './run-store.ts';

const end = async (outcome: Outcome, more: object = {}, fields: Partial<Run> = {}): Promise<Run | undefined> => {
  const { database, registry, add } = runStore();
  await add('a', fields);
  return database.write((sql) => endRun(sql, registry, 'a', { outcome, now: noon, ...more }));
};

describe('endRun', () => {
  test.each([
    [{ kind: 'success', text: 'x' }, 'succeeded'],
    [{ kind: 'error', code: 'c', message: 'm' }, 'failed'],
    [{ kind: 'timeout' }, 'timed_out'],
    [{ kind: 'stopped', by: 'user' }, 'stopped'],
  ] as const)('records %o as %s and owes an announcement', async (outcome, status) => {
    expect(await end(outcome)).toMatchObject({
      state: { status, startedAt: noon - 60_000, endedAt: noon, outcome },
      delivery: { state: 'pending', attempts: 0 },
      lastEventAt: noon,
    });
  });

  test('forgets that the run was silent, and keeps that it never started', async () => {
    const run = await end({ kind: 'stopped', by: 'user' }, {}, { state: { status: 'queued' }, stalledSince: 1 });
    expect(run?.stalledSince).toBeUndefined();
    expect(run?.state).not.toHaveProperty('startedAt');
  });

  test('may be told that the announcement is on its way, or that nobody knows how it ended', async () => {
    const delivery: RunDelivery = { state: 'sending', attempts: 0 };
    expect((await end({ kind: 'success', text: 'x' }, { delivery }))?.delivery).toEqual(delivery);
    expect((await end({ kind: 'error', code: 'lost', message: '' }, { lost: true }))?.state.status).toBe('lost');
  });

  test('decides once: whoever comes second changes nothing', async () => {
    const { database, registry, add, get } = runStore();
    await add('a');
    const results = await Promise.all(
      (['success', 'stopped', 'timeout'] as const).map((kind) => {
        const outcome: Outcome =
          kind === 'success' ? { kind, text: 'x' } : kind === 'stopped' ? { kind, by: 'user' } : { kind };
        return database.write((sql) => endRun(sql, registry, 'a', { outcome, now: noon }));
      }),
    );
    expect(results.map((run) => run !== undefined)).toEqual([true, false, false]);
    expect(get('a').state.status).toBe('succeeded');
  });

  test('knows no unknown run', async () => {
    const { database, registry } = runStore();
    const outcome = { kind: 'success', text: '' } as const;
    expect(await database.write((sql) => endRun(sql, registry, 'x', { outcome, now: noon }))).toBeUndefined();
  });
});

describe('the archive deadline', () => {
  const deadline = async (state: RunDelivery['state'], archiveMinutes = 60, fields: Partial<Run> = {}) => {
    const { database, registry, add, get } = runStore();
    await add('a', { ...anEndedRun(), id: 'a', ...fields });
    const delivery = { state, attempts: 1 };
    await database.write((sql) => setDelivery(sql, registry, 'a', { delivery, now: noon, archiveMinutes }));
    const { archiveAt } = get('a');
    return archiveAt === undefined ? undefined : archiveAt - noon;
  };

  test.each(['delivered', 'silent', 'skipped', 'ambiguous'] as const)('starts when a delivery is %s', async (state) => {
    expect(await deadline(state)).toBe(3_600_000);
    expect(await deadline(state, 60, { cleanup: 'delete' })).toBe(0);
    expect(await deadline(state, 0)).toBeUndefined();
  });

  test.each(['pending', 'handed', 'sending'] as const)('does not start while it is %s', async (state) => {
    expect(await deadline(state)).toBeUndefined();
  });

  test('is a week away for a result that did not arrive, also with cleanup: delete; 0 minutes still mean never', async () => {
    expect(await deadline('undelivered')).toBe(7 * 24 * 3_600_000);
    expect(await deadline('undelivered', 60, { cleanup: 'delete' })).toBe(7 * 24 * 3_600_000);
    expect(await deadline('undelivered', 0)).toBeUndefined();
  });
});

test.each([
  [{ kind: 'success', text: 'x' }, false],
  [{ kind: 'error', code: 'model_error', message: '' }, true],
  [{ kind: 'timeout' }, true],
  [{ kind: 'error', code: 'budget_exceeded', message: '' }, undefined],
  [{ kind: 'error', code: 'interrupted', message: '' }, undefined],
  [{ kind: 'stopped', by: 'user' }, undefined],
] as const)('the breaker counts %o as %s', (outcome, failed) => {
  const status = ({ success: 'succeeded', error: 'failed', timeout: 'timed_out', stopped: 'stopped' } as const)[
    outcome.kind
  ];
  expect(taskFailed(aRun({ state: { status, endedAt: noon, outcome } }))).toBe(failed);
});
