// A turn from the moment it takes its items until it is recorded, and what the engine needs to run one.
// Used by room.ts and turns.ts.
import type { Route } from '../core/route.ts';
import { noUsage, type QueueSettings, type Session } from '../core/session.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import type { Slot } from '../lanes/job.ts';
import type { Scheduler } from '../lanes/scheduler.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { type DeadlineLimits, watchDeadlines } from './deadlines.ts';
import type { MailItem, OfferContext } from './mailbox.ts';
import { type MutableTurn, newProgress, type Progress, type TurnDeps } from './turn.ts';
import type { AbortCause, ActiveTurn } from './turn-types.ts';
import type { Waits } from './waiters.ts';

export interface TurnsDeps extends TurnDeps {
  readonly ids: Ids;
  readonly log: Log;
  readonly scheduler: Scheduler;
  readonly sessions: Pick<Sessions, 'get' | 'recordTurn'>;
  /** Settings for a message from `route`; other items have none. */
  readonly queue: (session: Session, route: Route | undefined) => QueueSettings;
  readonly limits: () => DeadlineLimits;
  /** Whether the runtime of this session takes such an item in while it works. */
  readonly canInject: (session: Session, item: MailItem) => boolean;
  /** The running turn has an item to take in; a runtime that does not look for them by itself is told. */
  readonly injectable: (session: Session, item: MailItem) => void;
}

/** It holds its slots, or lost them and is not recorded yet. */
export interface Active {
  readonly turn: MutableTurn;
  readonly progress: Progress;
  readonly abort: AbortController;
  readonly slot: Slot;
  readonly deadlines: { stop(): void };
  /** Resolves `turn.ended`. */
  readonly release: () => void;
  session: Session;
  /** Set once the result is being recorded: nothing changes it any more. */
  settling: Promise<void> | undefined;
}

/** The turn waits for people: meanwhile others may have its place in the shared lane, and silence is none. */
export async function parked<T>({ turn, slot }: Active, wait: () => Promise<T>): Promise<T> {
  turn.asking += 1;
  try {
    return await slot.park(wait);
  } finally {
    turn.asking -= 1;
  }
}

/** A turn asked of the scheduler, which may have to wait for its slots. */
export interface Ticket {
  readonly abort: AbortController;
  /** Turns that have to end before it starts. */
  ahead: number;
  active: Active | undefined;
}

export interface Placed extends Waits {
  /** `active`: goes into the running turn at its next boundary. */
  readonly to: 'turn' | 'active' | 'waiting' | 'dropped';
  /** Turns that have to end before this one starts. */
  readonly ahead: number;
}

export interface Opening {
  readonly session: Session;
  readonly lane: ActiveTurn['lane'];
  readonly items: readonly MailItem[];
  readonly tree: string;
  readonly abort: AbortController;
  readonly slot: Slot;
  /** Aborts it with a cause. */
  readonly stop: (cause: AbortCause) => void;
}

export function openTurn(deps: TurnsDeps, { session, lane, items, tree, abort, slot, stop }: Opening): Active {
  const now = deps.clock.now();
  const ended = Promise.withResolvers<void>();
  const turn: MutableTurn = {
    ...{ id: deps.ids.uuid(), session: session.key, lane, tree, items, startedAt: now, lastEventAt: now },
    ...{ heard: false, asking: 0, partial: '', usage: noUsage, cause: undefined, ended: ended.promise },
  };
  // The scheduler aborts on its own only when a drain runs out of patience.
  const onAbort = (): void => {
    turn.cause ??= 'shutdown';
  };
  slot.signal.addEventListener('abort', onAbort, { once: true });
  const deadlines = watchDeadlines(deps.clock, turn, deps.limits(), {
    abort: stop,
    warn: (silentMs) => deps.hooks.stalled(turn, silentMs),
  });
  const progress = newProgress();
  return { turn, progress, abort, slot, deadlines, release: ended.resolve, session, settling: undefined };
}

/** What a new item finds: a turn that is being stopped or recorded takes nothing in any more. */
export function openTo(
  active: Active | undefined,
  canInject: (session: Session) => boolean,
): Pick<OfferContext, 'active' | 'activeRoute' | 'canInject'> {
  if (active === undefined) return { active: false, canInject: false };
  const { turn, session, settling } = active;
  return {
    active: true,
    activeRoute: turn.items.find((item) => item.route !== undefined)?.route,
    canInject: settling === undefined && turn.cause === undefined && canInject(session),
  };
}
