// What a start does with the runs the last process left: they start, go on, or end with a reason that is announced.
// Called once by src/wiring/recovery.ts, before channels take messages in.
import type { Run } from '../core/run.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { dropOwed, endRun } from './end-run.ts';
import { type CutTurn, notTakenUp, type RunFate, runFate, wasInterrupted } from './fates.ts';
import type { RunRegistry } from './registry.ts';

export interface RecoveryDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'get' | 'update'>;
  readonly clock: Clock;
  readonly archiveMinutes: () => number;
  /** Turns that were cut off, by session. */
  readonly turns: ReadonlyMap<SessionKey, CutTurn>;
  /** Sessions for which messages are stored. */
  readonly mail: ReadonlySet<SessionKey>;
  /** Opens the session of a run that no process had begun with, and hands its task over. */
  readonly start: (run: Run, requester: Session) => Promise<unknown>;
  /** Hands the task of a run to its session once more. */
  readonly resume: (run: Run, session: Session) => void;
  /** Ends a run that has nothing left to wait for. */
  readonly finish: (run: Run) => Promise<unknown>;
  /** What follows from the end of a run, its announcement included. */
  readonly ended: (run: Run) => void;
  readonly log: Pick<Log, 'error'>;
}

export interface RecoveredRuns {
  readonly started: readonly Run[];
  /** Cut off in the middle of a turn, they go on. */
  readonly resumed: readonly Run[];
  /** Ended here; those that ended with another one are not among them. */
  readonly ended: readonly Run[];
}

export async function recoverRuns(deps: RecoveryDeps): Promise<RecoveredRuns> {
  const done = { started: [] as Run[], resumed: [] as Run[], ended: [] as Run[] };
  // In order of acceptance, so that a run comes before what it started.
  for (const run of deps.registry.active()) {
    try {
      await takeUpRun(deps, run, done);
    } catch (error) {
      // One run that cannot be taken up must not keep the process from starting.
      deps.log.error({ err: error, run: run.id, code: 'not_taken_up' }, 'a run could not be taken up');
      if (await end(deps, run, notTakenUp)) done.ended.push(run);
    }
  }
  return done;
}

async function takeUpRun(
  deps: RecoveryDeps,
  run: Run,
  done: { readonly [K in keyof RecoveredRuns]: Run[] },
): Promise<void> {
  const [requester, session] = [await deps.sessions.get(run.requester), await deps.sessions.get(run.child)];
  const fate = fateOf(deps, run, { requester, session });
  switch (fate.kind) {
    case 'start':
      if (requester !== undefined) await deps.start(run, requester);
      done.started.push(run);
      break;
    case 'resume':
    case 'leave':
      await alive(deps, run);
      if (fate.kind === 'resume' && session !== undefined) deps.resume(run, session);
      if (fate.kind === 'resume' || fate.cut) done.resumed.push(run);
      break;
    case 'finish':
      await deps.finish(run);
      break;
    case 'end':
      if ((await end(deps, run, fate)) && fate.outcome.kind !== 'stopped') done.ended.push(run);
  }
}

function fateOf(
  { registry, turns, mail, clock }: RecoveryDeps,
  run: Run,
  there: { readonly requester: Session | undefined; readonly session: Session | undefined },
): RunFate {
  return runFate(run, {
    owner: registry.byChild(run.requester),
    requester: there.requester !== undefined,
    session: there.session !== undefined,
    turn: turns.get(run.child),
    mail: mail.has(run.child),
    openChildren: registry.openChildren(run.child),
    now: clock.now(),
  });
}

/** The time the process was down says nothing about the run. */
function alive({ registry, clock }: RecoveryDeps, run: Run): Promise<unknown> {
  const now = clock.now();
  return registry.update(run.id, ({ stalledSince: _, ...each }) => ({ ...each, lastEventAt: now }));
}

async function end(
  { database, registry, sessions, clock, archiveMinutes, ended }: RecoveryDeps,
  run: Run,
  { outcome, lost }: Extract<RunFate, { kind: 'end' }>,
): Promise<boolean> {
  const how = { outcome, now: clock.now(), ...(lost === undefined ? {} : { lost }) };
  const after = await database.write((sql) => {
    if (outcome.kind === 'stopped')
      dropOwed(sql, registry, run.child, { now: clock.now(), archiveMinutes: archiveMinutes() });
    return endRun(sql, registry, run.id, how);
  });
  if (after === undefined) return false;
  if (wasInterrupted(after)) await sessions.update(run.child, (each) => ({ ...each, abortedLastRun: true }));
  ended(after);
  return true;
}
