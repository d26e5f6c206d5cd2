// The one door through which a run ends: outcome and owed completion change together. Used by turn ends, stops, timeouts, recovery.
import { assertNever } from '../core/result.ts';
import { isTerminal, type Outcome, type Run, type RunDelivery, type TerminalStatus } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import type { Sql } from '../infra/database.ts';
import type { RunRegistry } from './registry.ts';

export interface RunEnd {
  readonly outcome: Outcome;
  readonly now: number;
  /** What is owed; default: an announcement. */
  readonly delivery?: RunDelivery;
  /** Ended without anybody knowing how. */
  readonly lost?: boolean;
}

/** Ends a run inside a transaction. Undefined when it had ended before: whoever came first decided. */
export function endRun(sql: Sql, registry: RunRegistry, id: string, end: RunEnd): Run | undefined {
  const before = registry.get(id, sql);
  if (before === undefined || isTerminal(before.state.status)) return undefined;
  const startedAt = 'startedAt' in before.state ? before.state.startedAt : undefined;
  return registry.change(sql, id, ({ stalledSince: _, ...run }) => ({
    ...run,
    lastEventAt: end.now,
    state: {
      status: end.lost === true ? 'lost' : statusOf(end.outcome),
      ...(startedAt === undefined ? {} : { startedAt }),
      endedAt: end.now,
      outcome: end.outcome,
    },
    delivery: end.delivery ?? { state: 'pending', attempts: 0 },
  }));
}

/** How a run that came to this outcome is recorded. */
export function statusOf(outcome: Outcome): TerminalStatus {
  switch (outcome.kind) {
    case 'success':
      return 'succeeded';
    case 'error':
      return 'failed';
    case 'timeout':
      return 'timed_out';
    case 'stopped':
      return 'stopped';
    default:
      return assertNever(outcome);
  }
}

/** Whether the task itself failed; undefined where it was cut off by something else, which says nothing about it. */
export function taskFailed({ state }: Run): boolean | undefined {
  if (!('outcome' in state) || state.status === 'lost') return undefined;
  switch (state.outcome.kind) {
    case 'success':
      return false;
    case 'error':
      return state.outcome.code === 'budget_exceeded' || state.outcome.code === 'interrupted' ? undefined : true;
    case 'timeout':
      return true;
    case 'stopped':
      return undefined;
    default:
      return assertNever(state.outcome);
  }
}

/** How the delivery of an ended run stands from now on; final states start the archive deadline. */
export function setDelivery(
  sql: Sql,
  registry: RunRegistry,
  id: string,
  change: { readonly delivery: RunDelivery; readonly now: number; readonly archiveMinutes: number },
): Run | undefined {
  return registry.change(sql, id, (run) => {
    const archiveAt = archiveTime(run, change);
    return { ...run, delivery: change.delivery, ...(archiveAt === undefined ? {} : { archiveAt }) };
  });
}

/** What ended below a session that is stopped and has not been reported yet is not reported after it. Returns those runs. */
export function dropOwed(
  sql: Sql,
  registry: RunRegistry,
  session: SessionKey,
  { now, archiveMinutes }: { readonly now: number; readonly archiveMinutes: number },
): readonly Run[] {
  const owed = registry.owedBelow(session);
  for (const { id, delivery } of owed) {
    const dropped = {
      state: 'skipped',
      attempts: delivery.attempts,
      reason: 'stopped before it was reported',
    } as const;
    setDelivery(sql, registry, id, { delivery: dropped, now, archiveMinutes });
  }
  return owed;
}

const undeliveredKeptMs = 7 * 24 * 60 * 60_000;
const settledDeliveries: readonly RunDelivery['state'][] = [
  'delivered',
  'skipped',
  'silent',
  'ambiguous',
  'undelivered',
];

/** Unix ms at which the run's session is archived; undefined while a delivery is owed, and with 0 minutes: never. */
function archiveTime(
  run: Run,
  {
    delivery,
    now,
    archiveMinutes,
  }: { readonly delivery: RunDelivery; readonly now: number; readonly archiveMinutes: number },
): number | undefined {
  if (!settledDeliveries.includes(delivery.state)) return undefined;
  const after = (ms: number): number | undefined => (archiveMinutes === 0 ? undefined : now + ms);
  // An undelivered result is kept for a week, so that a person can still ask for it.
  if (delivery.state === 'undelivered') return after(undeliveredKeptMs);
  return run.cleanup === 'delete' ? now : after(archiveMinutes * 60_000);
}
