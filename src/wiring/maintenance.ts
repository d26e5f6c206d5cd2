// Finds and puts right what a crash or a bug left in the store, with a process running or without one. Used by control.ts,
// src/cli/offline-store.ts and src/cli/offline-care.ts.
import type { Bindings } from '../bindings/bindings.ts';
import type { Leftover } from '../core/maintenance.ts';
import { routeKey } from '../core/route.ts';
import { isTerminal, type Outcome, type Run } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Sql } from '../infra/database.ts';
import { forgetSetAside, recordsSetAside, type SetAsideRecord } from '../infra/set-aside.ts';
import { endRun } from '../runs/end-run.ts';
import { lost } from '../runs/liveness.ts';
import { findLeftovers, setAsideNumber } from '../runs/maintenance.ts';
import { unmarked } from '../sessions/sessions.ts';
import type { Engine } from './engine.ts';
import type { Stores } from './stores.ts';

/** What looking takes; all of it may be read only. */
export interface LeftoverStores {
  readonly registry: Pick<Stores['registry'], 'active' | 'byChild' | 'get' | 'openChildren'>;
  readonly sessions: Pick<Stores['sessions'], 'all'>;
  readonly openTurns: Pick<Stores['openTurns'], 'all'>;
  readonly bindings: Pick<Bindings, 'all'>;
  readonly setAside: () => readonly SetAsideRecord[];
  readonly now: () => number;
  /** A turn runs in the session, or will. */
  readonly busy: (session: SessionKey) => boolean;
}

/** What putting right takes. */
export interface Upkeep extends LeftoverStores {
  readonly stores: Pick<Stores, 'database' | 'registry' | 'sessions' | 'openTurns'>;
  readonly bindings: Pick<Bindings, 'all' | 'dropAt'>;
  /** What follows from the end of a run. Without a process the next start announces what is owed. */
  readonly ended: (run: Run) => void;
  /** Ends a run and all below it for nobody, with the turns that are at work; false: it had ended. */
  readonly stop: (run: Run) => Promise<boolean>;
}

export function upkeepOf({ stores, delivery, layer, parts }: Engine): Upkeep {
  const { turns, ended, stopper } = layer;
  const { registry, sessions, openTurns } = stores;
  return {
    ...{ stores, registry, sessions, openTurns, ended, bindings: delivery.bindings, now: parts.clock.now },
    setAside: () => recordsSetAside(stores.database.read),
    busy: (session) => turns.active(session) !== undefined || turns.waiting(session).length > 0,
    stop: async (run) => (await stopper.stopRuns([run], { cause: 'cascade' })).alreadyFinished.length === 0,
  };
}

/** @param stores opened by a process that is about to change them, while no other works on them */
export function offlineUpkeep(stores: Stores, bindings: Bindings, clock: Pick<Clock, 'now'>): Upkeep {
  const { registry, sessions, openTurns } = stores;
  const setAside = (): readonly SetAsideRecord[] => recordsSetAside(stores.database.read);
  const base = { stores, registry, sessions, openTurns, bindings, setAside, now: clock.now };
  const ended = (): void => undefined;
  const upkeep = { ...base, busy: comesBack(stores), ended };
  return { ...upkeep, stop: (run) => endTree(upkeep, run, { outcome: cascade }) };
}

/**
 * For `busy` while no process works: the next start begins with this session's run, goes on with it, or ends it as it stands.
 * It is silent only because nothing runs.
 */
export function comesBack({
  registry,
  inbox,
}: {
  readonly registry: Pick<Stores['registry'], 'byChild' | 'openChildren'>;
  readonly inbox: Pick<Stores['inbox'], 'open'>;
}): LeftoverStores['busy'] {
  return (session) => {
    const run = registry.byChild(session);
    if (run === undefined || isTerminal(run.state.status)) return false;
    const brings = registry.openChildren(session).some(({ state }) => isTerminal(state.status));
    return run.state.status !== 'running' || brings || inbox.open().some((row) => row.session === session);
  };
}

export async function leftovers(from: LeftoverStores): Promise<readonly Leftover[]> {
  const { registry, sessions, openTurns, bindings, setAside, now, busy } = from;
  // Before anything else is read: what is set aside from here on is for the next look.
  const aside = setAside();
  // What points to sessions is read before them: one that is opened meanwhile is there.
  const known = { active: registry.active(), turns: openTurns.all(), bindings: await bindings.all() };
  return findLeftovers({
    ...{ ...known, sessions: await sessions.all(), aside, now: now(), busy },
    runOf: (session) => registry.byChild(session),
    run: (id) => registry.get(id),
    openChildren: (session) => registry.openChildren(session).length,
  });
}

/** Puts these right, as their `repair` says. Returns those that were: the others had changed meanwhile. */
export async function reconcile(upkeep: Upkeep, found: readonly Leftover[]): Promise<readonly Leftover[]> {
  const done: Leftover[] = [];
  // One after another: ending a run may be what puts the next one right.
  for (const one of found) if (await repaired(upkeep, one)) done.push(one);
  return done;
}

async function repaired(upkeep: Upkeep, { kind, id }: Leftover): Promise<boolean> {
  const { registry, sessions, openTurns, database } = upkeep.stores;
  if (kind === 'unreadable') return database.write((sql) => forgetSetAside(sql, setAsideNumber(id)));
  const run = registry.get(id);
  if (run !== undefined) {
    if (upkeep.busy(run.child) && kind === 'stale') return false;
    return kind === 'stale' ? endTree(upkeep, run, { outcome: lost, lost: true }) : upkeep.stop(run);
  }
  if (kind === 'tombstone') return clearMark(upkeep, id);
  if ((await sessions.get(id)) !== undefined) {
    await sessions.archive(id);
    return true;
  }
  const turn = openTurns.all().find((each) => each.turn === id);
  if (turn !== undefined) {
    await upkeep.stores.database.write((sql) => openTurns.ended(sql, turn.session, turn.turn));
    return true;
  }
  const binding = (await upkeep.bindings.all()).find(({ route }) => routeKey(route) === id);
  if (binding === undefined || (await sessions.get(binding.session)) !== undefined) return false;
  return (await upkeep.bindings.dropAt(binding.route)) !== undefined;
}

interface End {
  readonly outcome: Outcome;
  readonly lost?: true;
}

const cascade = { kind: 'stopped', by: 'cascade' } as const;

/** What a run has started ends with it. */
async function endTree({ stores, now, ended }: Omit<Upkeep, 'stop'>, root: Run, how: End): Promise<boolean> {
  const { database, registry } = stores;
  const below = registry.activeBelow(root.child);
  const after = await database.write((sql: Sql) => [
    endRun(sql, registry, root.id, { ...how, now: now() }),
    ...below.map((run) => endRun(sql, registry, run.id, { outcome: cascade, now: now() })),
  ]);
  for (const run of after) if (run !== undefined) ended(run);
  return after[0] !== undefined;
}

async function clearMark({ stores }: Upkeep, session: SessionKey): Promise<boolean> {
  let cleared = false;
  await stores.sessions.update(session, (each) => {
    cleared = each.abortedLastRun === true;
    return unmarked(each);
  });
  return cleared;
}
