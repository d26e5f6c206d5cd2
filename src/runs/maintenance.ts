// Which stored records no longer fit together, and what would put each right. Pure; asked by src/wiring/maintenance.ts.
import type { OpenTurn } from '../agents/open-turns.ts';
import type { Binding } from '../core/binding.ts';
import { elapsed, oneLine, timestamp } from '../core/format.ts';
import { type Leftover, setAsidePrefix } from '../core/maintenance.ts';
import { routeKey } from '../core/route.ts';
import { isTerminal, type Run, shortId } from '../core/run.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { SetAsideRecord } from '../infra/set-aside.ts';
import { isStale } from './liveness.ts';

export interface StoredWork {
  /** Runs that have not ended. */
  readonly active: readonly Run[];
  readonly sessions: readonly Session[];
  readonly turns: readonly OpenTurn[];
  readonly bindings: readonly Binding[];
  readonly aside: readonly SetAsideRecord[];
  /** The run whose session this is, and one by its id. */
  readonly runOf: (session: SessionKey) => Run | undefined;
  readonly run: (id: string) => Run | undefined;
  /** Direct children whose end a session has not heard. */
  readonly openChildren: (session: SessionKey) => number;
  /** A turn runs in the session, or will. */
  readonly busy: (session: SessionKey) => boolean;
  /** Unix ms. */
  readonly now: number;
}

export function findLeftovers(work: StoredWork): readonly Leftover[] {
  const sessions = new Map(work.sessions.map((session) => [session.key, session]));
  const turns = new Set(work.turns.map(({ session }) => session));
  return [
    ...work.active.flatMap((run) => runLeftover(work, run, { sessions, turns }) ?? []),
    ...work.sessions.flatMap((session) => sessionLeftover(work, session, turns) ?? []),
    ...work.turns.filter(({ session }) => !sessions.has(session)).map(turnLeftover),
    ...work.bindings.filter(({ session }) => !sessions.has(session)).map(bindingLeftover),
    ...work.aside.map((record) => asideLeftover(work, record)),
  ];
}

interface Known {
  readonly sessions: ReadonlyMap<SessionKey, Session>;
  readonly turns: ReadonlySet<SessionKey>;
}

function runLeftover(work: StoredWork, run: Run, { sessions, turns }: Known): Leftover | undefined {
  const { now, busy, runOf, openChildren } = work;
  const name = `${run.label} (run ${shortId(run.id)})`;
  const owner = runOf(run.requester);
  const abandoned = owner !== undefined && isTerminal(owner.state.status) && owner.state.status !== 'succeeded';
  if (!sessions.has(run.requester) || abandoned) {
    const why = abandoned ? 'the run that asked for it has ended without it' : 'the session that asked for it is gone';
    return { kind: 'orphan', id: run.id, what: `${name}: ${why}.`, repair: 'stops it and all below it' };
  }
  // What was cut off while it was at work is no leftover: the next start goes on with it.
  if (busy(run.child) || turns.has(run.child) || !isStale(run, now, openChildren(run.child))) return undefined;
  const what = `${name}: no sign of life since ${timestamp(run.lastEventAt, now)}.`;
  return { kind: 'stale', id: run.id, what, repair: 'ends it as lost, which is announced' };
}

function sessionLeftover(
  { run, now }: StoredWork,
  { key, runId, abortedLastRun, updatedAt }: Session,
  turns: ReadonlySet<SessionKey>,
): Leftover | undefined {
  if (runId !== undefined && run(runId) === undefined)
    return { kind: 'orphan', id: key, what: `Session ${key}: its run is not on record.`, repair: 'archives it' };
  if (abortedLastRun !== true || turns.has(key)) return undefined;
  const what = `Session ${key}: work in it was given up after restarts (last turn ${elapsed(now - updatedAt)} ago).`;
  return { kind: 'tombstone', id: key, what, repair: 'clears the mark' };
}

function turnLeftover({ session, turn }: OpenTurn): Leftover {
  const what = `Turn ${shortId(turn)}: its session ${session} is gone.`;
  return { kind: 'orphan', id: turn, what, repair: 'forgets it' };
}

function bindingLeftover({ route, session, label }: Binding): Leftover {
  const what = `Conversation ${routeKey(route)}: bound to ${label}, whose session ${session} is gone.`;
  return { kind: 'orphan', id: routeKey(route), what, repair: 'removes the binding' };
}

function asideLeftover({ now }: StoredWork, { seq, name, reason, at }: SetAsideRecord): Leftover {
  const what = `Record ${oneLine(name)}: ${reason}; set aside ${timestamp(at, now)}, kept in table set_aside (seq ${seq}).`;
  return { kind: 'unreadable', id: `${setAsidePrefix}${seq}`, what, repair: 'deletes what is kept of it' };
}

/** Of the `id` of such a leftover. */
export function setAsideNumber(id: string): number {
  return Number(id.slice(setAsidePrefix.length));
}

/** One that the next start comes across. */
export function unreadableLeftover(name: string, reason: string): Leftover {
  const what = `Record ${oneLine(name)}: ${reason}.`;
  return { kind: 'unreadable', id: name, what, repair: 'the next start sets it aside' };
}
