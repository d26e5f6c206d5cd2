// What time brings by itself: rounds, archiving, lost runs; one failing sweep does not keep the others back.
import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/core/run.ts';
import { silentLog } from '../../src/infra/log.ts';
import { type SweepDeps, Sweeper } from '../../src/runs/sweep.ts';
import { anEndedRun, noon } from '../fakes/builders.ts';
import { runStore } from './run-store.ts';

function sweeper(more: Partial<SweepDeps> = {}) {
  const store = runStore();
  const { database, registry, clock } = store;
  const seen: string[] = [];
  const sweep = new Sweeper({
    ...{ database, registry, clock, log: silentLog, others: [] },
    sessions: { archive: async (session) => void seen.push(`archive ${session}`) },
    ifUnbound: async (_session, work) => {
      await work();
      return true;
    },
    busy: () => false,
    between: (_session, work) => work(),
    ended: (run) => void seen.push(`ended ${run.label} ${run.state.status}`),
    stopBelow: async (session) => void seen.push(`below ${session}`),
    ...more,
  });
  const due = (id: string, archiveAt: number, fields: Partial<Run> = {}) =>
    store.add(id, { ...anEndedRun(), id, label: id, child: `child:${id}`, requester: 'chat', archiveAt, ...fields });
  return { ...store, sweep, seen, due };
}

describe('archiving', () => {
  test('takes what is due, once, and leaves the rest', async () => {
    const { sweep, seen, due, get } = sweeper();
    await due('old', noon - 1);
    await due('now', noon);
    await due('later', noon + 1);
    await sweep.archive(noon);
    await sweep.archive(noon);
    expect(seen).toEqual(['archive child:old', 'archive child:now']);
    expect(get('old').archivedAt).toBe(noon);
    expect(get('later').archivedAt).toBeUndefined();
  });

  test('keeps what is bound, at work, or has children at work', async () => {
    const { sweep, seen, due, add } = sweeper({
      ifUnbound: async (session, work) => {
        if (session === 'child:bound') return false;
        await work();
        return true;
      },
      busy: (session) => session === 'child:busy',
    });
    for (const id of ['bound', 'busy', 'parent', 'free']) await due(id, noon);
    await add('kid', { requester: 'child:parent' });
    await sweep.archive(noon);
    expect(seen).toEqual(['archive child:free']);
  });

  test('leaves a session in which a turn runs, or to which something came before it could be put away', async () => {
    const busy = new Set<string>();
    const { sweep, seen, due, get } = sweeper({
      busy: (session) => busy.has(session),
      between: async (session, work) => {
        if (session === 'child:working') return false;
        if (session === 'child:spoken-to') busy.add(session);
        return work();
      },
    });
    for (const id of ['working', 'spoken-to', 'free']) await due(id, noon);
    await sweep.archive(noon);
    expect(seen).toEqual(['archive child:free']);
    expect(get('spoken-to').archivedAt).toBeUndefined();
  });

  test('happens without waiting for the next round when asked for', async () => {
    const { sweep, seen, due } = sweeper();
    await due('now', noon);
    sweep.archiveSoon();
    await sweep.close();
    expect(seen).toEqual([]);
    const other = sweeper();
    await other.due('now', noon);
    other.sweep.archiveSoon();
    for (let n = 0; n < 20 && other.seen.length === 0; n += 1) await other.clock.flush();
    expect(other.seen).toEqual(['archive child:now']);
  });
});

describe('lost runs', () => {
  const hours = (count: number): number => count * 3_600_000;

  test('are those nobody has heard of for two hours, or ten minutes beyond their own limit', async () => {
    const { sweep, seen, add, clock } = sweeper();
    await add('silent', { lastEventAt: noon - hours(2) - 1 });
    await add('fresh', { lastEventAt: noon - hours(2) + 60_000 });
    await add('limited', { lastEventAt: noon - hours(3), timeoutSeconds: 4 * 3600 });
    await add('waiting', { lastEventAt: 0, state: { status: 'waiting', startedAt: 0 } });
    await sweep.start();
    // At start they belong to whoever takes up what was cut off.
    expect(seen).toEqual([]);
    const round = async (ends: number): Promise<void> => {
      await clock.advance(60_000);
      for (let n = 0; n < 20 && seen.length < ends; n += 1) await clock.flush();
    };
    await round(4);
    expect(seen).toEqual(['ended silent lost', 'below child:silent', 'ended waiting lost', 'below child:waiting']);
    await round(6);
    expect(seen.slice(4)).toEqual(['ended fresh lost', 'below child:fresh']);
    await sweep.close();
  });

  test('are not those with a turn under way or to come', async () => {
    const { sweep, seen, add } = sweeper({ busy: () => true });
    await add('silent', { lastEventAt: 0 });
    await sweep.start();
    expect(seen).toEqual([]);
    await sweep.close();
  });
});

test('rounds go on every 60 s until closed, whatever one of the sweeps does', async () => {
  let rounds = 0;
  const { sweep, clock } = sweeper({
    others: [
      () => Promise.reject(new Error('disk full')),
      async () => {
        rounds += 1;
      },
    ],
  });
  await sweep.start();
  await clock.advance(60_000);
  await clock.advance(59_999);
  expect(rounds).toBe(2);
  await clock.advance(1);
  expect(rounds).toBe(3);
  await clock.flush();
  await sweep.close();
  await clock.advance(600_000);
  expect(rounds).toBe(3);
});
