import { expect, test } from 'vitest';
import type { OpenTurn } from '../../src/agents/open-turns.ts';
import type { Run } from '../../src/core/run.ts';
import type { Session } from '../../src/core/session.ts';
import { findLeftovers, type StoredWork } from '../../src/runs/maintenance.ts';
import { aSession } from '../agents/kit.ts';
import { anEndedRun, aRun, noon } from '../fakes/builders.ts';

const long = { lastEventAt: noon - 9 * 3_600_000 };
const chat = aSession({ key: 'chat' });
const child = (more: Partial<Session> = {}): Session =>
  aSession({ key: 'child', kind: 'subagent', runId: 'r', ...more });
const run = (more: Partial<Run> = {}): Run =>
  aRun({ id: 'r', child: 'child', requester: 'chat', label: 'work', ...more });
const turn: OpenTurn = {
  session: 'child',
  turn: 't',
  since: 't',
  tries: 1,
  generation: 1,
  tree: 'tree',
  items: [],
  at: noon,
};
const waiting = { status: 'waiting', startedAt: 0 } as const;

function found(work: Partial<StoredWork>, runs: readonly Run[] = [run(long)]): readonly string[] {
  const all: StoredWork = {
    ...{ active: runs, sessions: [chat, child()], turns: [], bindings: [], aside: [], now: noon },
    runOf: (session) => runs.find((each) => each.child === session),
    run: (id) => runs.find((each) => each.id === id),
    openChildren: () => 0,
    busy: () => false,
    ...work,
  };
  return findLeftovers(all).map(({ kind, id }) => `${kind} ${id}`);
}

test('a run that is silent for too long is stale, unless it is at work, was cut off, or waits for children', () => {
  expect(found({})).toEqual(['stale r']);
  expect(found({}, [run()])).toEqual([]);
  expect(found({ busy: () => true })).toEqual([]);
  expect(found({ turns: [turn] })).toEqual([]);
  expect(found({ openChildren: () => 1 }, [run({ ...long, state: waiting })])).toEqual([]);
  expect(found({}, [run({ ...long, state: waiting })])).toEqual(['stale r']);
});

test('a run whose requester is gone, or has failed without it, is an orphan', () => {
  expect(found({ sessions: [child()] }, [run()])).toEqual(['orphan r']);
  const state = { status: 'failed', endedAt: 1, outcome: { kind: 'error', code: 'x', message: '' } } as const;
  const owner = anEndedRun({ id: 'o', child: 'chat', state });
  expect(found({ active: [run()] }, [run(), owner])).toEqual(['orphan r']);
  expect(found({ active: [run()] }, [run(), anEndedRun({ id: 'o', child: 'chat' })])).toEqual([]);
});

test('sessions, turns and bindings without what they belong to are orphans', () => {
  expect(found({ sessions: [chat, child({ runId: 'unknown' })] }, [])).toEqual(['orphan child']);
  expect(found({ sessions: [chat], turns: [turn] }, [])).toEqual(['orphan t']);
  const route = { channel: 'telegram', account: 'default', chat: '7' } as const;
  const times = { boundAt: 1, lastMessageAt: 1, idleMs: 0, maxAgeMs: 0 };
  const binding = { route, session: 'gone', agentId: 'main', label: 'x', boundBy: 'telegram:1', ...times };
  expect(found({ bindings: [binding] }, [run()])).toEqual(['orphan telegram:default:7']);
  expect(found({ bindings: [{ ...binding, session: 'child' }] }, [run()])).toEqual([]);
});

test('a session that still carries the mark of work that was given up is a tombstone', () => {
  const marked = child({ abortedLastRun: true });
  expect(found({ sessions: [chat, marked] }, [run()])).toEqual(['tombstone child']);
  expect(found({ sessions: [chat, marked], turns: [turn] }, [run()])).toEqual([]);
});
