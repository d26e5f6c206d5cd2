// Stopping by itself: what is recorded, aborted and counted, in which order, and what is never told any more.
import { describe, expect, test } from 'vitest';
import type { MailItem } from '../../src/agents/mailbox.ts';
import type { ActiveTurn } from '../../src/agents/turn-types.ts';
import { noUsage } from '../../src/core/session.ts';
import { silentLog } from '../../src/infra/log.ts';
import { endRun } from '../../src/runs/end-run.ts';
import { Stopper } from '../../src/runs/stop.ts';
import { noon } from '../fakes/builders.ts';
import { runStore } from './run-store.ts';

function stopper() {
  const store = runStore();
  const { database, registry, clock } = store;
  const turns = new Map<string, ActiveTurn>();
  const mail = new Map<string, MailItem[]>();
  const seen: string[] = [];
  const forgotten: string[] = [];
  const unmarked: string[] = [];
  const stop = new Stopper({
    database,
    registry,
    clock,
    log: silentLog,
    archiveMinutes: () => 60,
    abort: (session, cause) => {
      const turn = turns.get(session);
      if (turn !== undefined) seen.push(`abort ${session} ${cause}`);
      return turn;
    },
    clear: (session, results) => {
      const items = mail.get(session) ?? [];
      mail.delete(session);
      if (items.length > 0) seen.push(`clear ${session} ${results}`);
      return items;
    },
    inboxDone: async (ids) => void seen.push(`done ${ids.join(' ')}`),
    inHand: (session) => ({ turn: turns.get(session), items: mail.get(session) ?? [] }),
    forget: (_sql, { session, turn: at, items }) =>
      void forgotten.push([session, at?.id ?? '-', ...items.map(({ id }) => id)].join(' ')),
    unmark: async (sessions) => void unmarked.push(...sessions),
    ended: (run) => seen.push(`ended ${run.label}`),
    sent: () => seen.push('sent'),
    unbind: async (session) => void seen.push(`unbind ${session}`),
  });
  /** A turn under way; `ends` settles it. */
  function turn(session: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    turns.set(session, {
      ...{ id: `turn:${session}`, session, lane: 'subagent', tree: 't', items: [], startedAt: noon, lastEventAt: noon },
      ...{ heard: true, asking: 0, partial: '', usage: noUsage, cause: undefined, ended: promise },
    });
    return resolve;
  }
  return { ...store, stop, turn, mail, seen, forgotten, unmarked };
}

const message = (id: string, more: Partial<MailItem> = {}): MailItem => ({
  ...{ id, kind: 'message', text: 'x', at: noon, tree: 't', steerable: true },
  ...more,
});

/** a over b over c, and d beside them. */
async function family() {
  const all = stopper();
  await all.add('a');
  await all.add('b', { requester: 'child:a', parent: 'a' });
  await all.add('c', { requester: 'child:b', parent: 'b', state: { status: 'queued' } });
  await all.add('d');
  return all;
}

const labels = (runs: readonly { readonly label: string }[]): string => runs.map((run) => run.label).join();

describe('stopRuns', () => {
  test('stops what is below as well, queued runs included, and nothing beside', async () => {
    const { stop, get } = await family();
    const report = await stop.stopRuns([get('a')], { cause: 'user' });
    expect(labels(report.stopped)).toBe('a,b,c');
    expect(get('a').state).toMatchObject({ status: 'stopped', outcome: { by: 'user' } });
    expect(get('b').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect(get('c').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect(get('d').state.status).toBe('running');
  });

  test('gives the runs themselves another outcome when told so', async () => {
    const { stop, get } = await family();
    await stop.stopRuns([get('a')], { cause: 'timeout', outcome: { kind: 'timeout', partial: 'half' } });
    expect(get('a').state).toMatchObject({ status: 'timed_out', outcome: { partial: 'half' } });
    expect(get('b').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
  });

  test('tells finished from stopped by how things are when it records', async () => {
    const { stop, get, database, registry } = await family();
    const stale = get('d');
    const outcome = { kind: 'success', text: 'x' } as const;
    await database.write((sql) => endRun(sql, registry, 'd', { outcome, now: noon }));
    const report = await stop.stopRuns([stale, get('a')], { cause: 'user' });
    expect([labels(report.stopped), labels(report.alreadyFinished)]).toEqual(['a,b,c', 'd']);
    expect(get('d').state.status).toBe('succeeded');
  });

  test('records before it aborts, and announces last', async () => {
    const { stop, get, turn, seen } = await family();
    turn('child:a')();
    turn('child:b')();
    await stop.stopRuns([get('a')], { cause: 'user' });
    expect(seen).toEqual(['abort child:a user', 'abort child:b user', 'ended a', 'ended b', 'ended c']);
  });

  test('catches what is being started meanwhile', async () => {
    const { stop, get, add } = await family();
    const stopping = stop.stopRuns([get('a')], { cause: 'user' });
    // Accepted in the same commit, after the stop was recorded.
    const late = add('late', { requester: 'child:b', parent: 'b' });
    const report = await stopping;
    await late;
    expect(labels(report.stopped)).toBe('a,b,c,late');
    expect(get('late').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
  });

  test('waits a second for all turns together and names those that did not end', async () => {
    const { stop, get, turn, clock } = await family();
    turn('child:a')();
    turn('child:b');
    turn('child:d');
    const report = stop.stopRuns([get('a'), get('d')], { cause: 'user' });
    const done = await clock.runUntil(report, 1_000);
    expect([labels(done?.stopped ?? []), labels(done?.failed ?? [])]).toEqual(['a,c', 'b,d']);
    expect(clock.now()).toBe(noon + 1_000);
  });

  test('takes unreported results below along, and leaves those of the runs themselves owed', async () => {
    const { stop, get, add, database, registry } = await family();
    await add('done', { requester: 'child:b', parent: 'b' });
    const outcome = { kind: 'success', text: 'x' } as const;
    await database.write((sql) => endRun(sql, registry, 'done', { outcome, now: noon }));
    await stop.stopRuns([get('a')], { cause: 'user' });
    expect(get('done').delivery).toEqual({ state: 'skipped', attempts: 0, reason: 'stopped before it was reported' });
    expect(get('done').archiveAt).toBe(noon + 3_600_000);
    expect(get('a').delivery.state).toBe('pending');
  });

  test('passes on what the children of a failed run brought, and drops it with a stopped one', async () => {
    const { stop, get, mail, seen } = await family();
    const completion = message('announce:x:0', { kind: 'completion' });
    mail.set('child:a', [completion]).set('child:b', [completion]);
    const outcome = { kind: 'timeout' } as const;
    const report = await stop.stopRuns([get('a')], { cause: 'timeout', outcome });
    expect(seen.filter((line) => line.startsWith('clear'))).toEqual([
      'clear child:a passed on',
      'clear child:b dropped',
    ]);
    expect(report.messages).toBe(0);
  });

  test('lets one message announce all of them, in the same commit', async () => {
    const { stop, get, seen } = await family();
    const told: string[] = [];
    const outcome = { kind: 'error', code: 'budget_exceeded', message: 'm' } as const;
    const announce = (_: unknown, runs: readonly { label: string }[]): void => void told.push(labels(runs));
    await stop.stopRuns([get('a'), get('d')], { cause: 'budget', outcome, announce });
    expect(told).toEqual(['a,d']);
    expect(seen[0]).toBe('sent');
    expect([get('a').delivery.state, get('b').delivery.state]).toEqual(['sending', 'pending']);
    expect(get('b').state).toMatchObject({ outcome: { kind: 'stopped', by: 'budget' } });
  });
});

describe('stopSession', () => {
  test('ends the session’s turn, what waits there and everything below it, with exact counts', async () => {
    const { stop, get, turn, mail, seen } = await family();
    turn('chat')();
    mail.set('chat', [
      message('inbox:1'),
      message('fold:inbox:2', { folds: ['inbox:2', 'inbox:3'] }),
      message('announce:x:0', { kind: 'completion' }),
    ]);
    const report = await stop.stopSession('chat', { cause: 'user' });
    expect({ ...report, stopped: labels(report.stopped) }).toEqual({
      ...{ stopped: 'a,b,c,d', alreadyFinished: [], failed: [], turns: 1, wedged: false, messages: 3, untold: [] },
    });
    expect(seen.slice(0, 2)).toEqual(['abort chat user', 'clear chat dropped']);
    expect(seen).toContain('done inbox:1 fold:inbox:2 inbox:2 inbox:3 announce:x:0');
    expect(get('d').state.status).toBe('stopped');
  });

  test('counts the turn of a run’s own session as a turn, not once more as a run', async () => {
    const { stop, turn } = await family();
    turn('child:a')();
    const report = await stop.stopSession('child:a', { cause: 'user' });
    expect([report.turns, labels(report.stopped)]).toEqual([1, 'b,c']);
  });

  test('names a wedged turn of a chat, and of a run only as a run', async () => {
    const { stop, turn, clock } = await family();
    turn('chat');
    turn('child:b');
    const report = await clock.runUntil(stop.stopSession('chat', { cause: 'user' }), 1_000);
    expect([report?.turns, report?.wedged, labels(report?.failed ?? [])]).toEqual([0, true, 'b']);
    const own = await family();
    own.turn('child:a');
    const second = await own.clock.runUntil(own.stop.stopSession('child:a', { cause: 'user' }), 1_000);
    expect([second?.turns, second?.wedged, labels(second?.failed ?? [])]).toEqual([0, false, 'a']);
  });

  test('is under way until all that follows from it is done: the end of the process waits for that', async () => {
    const { stop, turn, clock, seen } = await family();
    await stop.idle();
    turn('child:a');
    const stopping = stop.stopSession('child:a', { cause: 'user' });
    const idle = stop.idle().then(() => seen.push('idle'));
    await clock.runUntil(Promise.all([stopping, idle]), 1_000);
    expect(seen.slice(-2)).toEqual(['ended c', 'idle']);
  });

  test('records once that no start goes on with any of it, but for what timed out', async () => {
    const { stop, get, turn, mail, forgotten, unmarked } = await family();
    turn('chat')();
    turn('child:a')();
    mail.set('chat', [message('inbox:1')]).set('child:b', [message('inbox:2')]);
    await stop.stopSession('chat', { cause: 'user' });
    expect(forgotten).toEqual([
      'chat turn:chat inbox:1',
      'child:a turn:child:a',
      'child:b - inbox:2',
      'child:c -',
      'child:d -',
    ]);
    expect(unmarked).toEqual(['chat', 'child:a', 'child:b', 'child:c', 'child:d']);
    const other = await family();
    await other.stop.stopRuns([other.get('b')], { cause: 'timeout', outcome: { kind: 'timeout' } });
    expect(other.forgotten).toEqual(['child:c -']);
    expect(get('d').state.status).toBe('stopped');
  });

  test('with nothing there finds nothing', async () => {
    const { stop } = stopper();
    expect(await stop.stopSession('chat', { cause: 'user' })).toEqual({
      ...{ stopped: [], alreadyFinished: [], failed: [], turns: 0, wedged: false, messages: 0, untold: [] },
    });
  });
});

test('kill ends the bindings of everything it was about', async () => {
  const { stop, get, seen } = await family();
  await stop.kill([get('a')]);
  expect(seen.filter((line) => line.startsWith('unbind'))).toEqual([
    'unbind child:a',
    'unbind child:b',
    'unbind child:c',
  ]);
});
