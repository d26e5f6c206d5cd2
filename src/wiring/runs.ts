// Turns and runs, which need each other: the turn engine settles into the runs, and runs start turns. Third layer.
// Each part is built from what is stored below it and reaches its peers through `Circle`, which is complete at the end.
import type { MailItem } from '../agents/mailbox.ts';
import { Profiles } from '../agents/profile.ts';
import { SpawnHabits } from '../agents/spawn-habits.ts';
import type { Turns } from '../agents/turns.ts';
import { idsOf } from '../agents/waiters.ts';
import type { Run } from '../core/run.ts';
import type { Session } from '../core/session.ts';
import { itemId, replyKey, ticketsOf } from '../inbound/tickets.ts';
import type { Unprocessed } from '../inbound/unprocessed.ts';
import { Scheduler } from '../lanes/scheduler.ts';
import { Announcer } from '../runs/announce.ts';
import { BudgetEnd } from '../runs/budget-end.ts';
import { taskFailed } from '../runs/end-run.ts';
import { Endings } from '../runs/endings.ts';
import { Messages } from '../runs/messages.ts';
import { type RunItem, Spawner } from '../runs/spawn.ts';
import { Stopper } from '../runs/stop.ts';
import { RunClock } from '../runs/turn-hooks.ts';
import { distrusted, unmarked } from '../sessions/sessions.ts';
import type { AcpLayer } from './acp/layer.ts';
import type { DeliveryLayer } from './delivery.ts';
import { originOf } from './origin.ts';
import type { EngineParts } from './parts.ts';
import { sessionTools } from './session-tools.ts';
import { spawnFacts } from './spawn-facts.ts';
import type { Stores } from './stores.ts';
import { closeRunThread, openRunThread } from './threads.ts';
import { turnEnd, turns, unprocessed } from './turns.ts';

export interface Process {
  /** Number of this start of the process. */
  readonly generation: number;
  readonly draining: () => boolean;
  /** Archives what is due by now. */
  readonly archive: () => void;
  /** A run has ended and that is recorded. */
  readonly runEnded: (run: Run) => void;
}

/** What the parts below are built from. */
export interface Below {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly acp: AcpLayer;
  readonly process: Process;
}

export interface RunsLayer {
  readonly scheduler: Scheduler;
  readonly profiles: Profiles;
  readonly turns: Turns;
  readonly clock: RunClock;
  readonly budgetEnd: BudgetEnd;
  readonly stopper: Stopper;
  readonly spawner: Spawner;
  readonly announcer: Announcer;
  readonly messages: Messages;
  readonly unprocessed: Unprocessed;
  readonly habits: SpawnHabits;
  readonly endings: Endings;
  /** What follows from the end of a run that was recorded. */
  readonly ended: (run: Run) => void;
}

/** The parts under construction: each uses the others only once everything exists. */
export type Circle = { -readonly [K in keyof RunsLayer]: RunsLayer[K] };

export function wireRuns(below: Below): RunsLayer {
  const circle = {} as Circle;
  circle.habits = new SpawnHabits();
  circle.endings = new Endings((id) => below.stores.registry.get(id));
  circle.scheduler = scheduler(below);
  circle.unprocessed = unprocessed(below);
  circle.profiles = profiles(below, circle);
  circle.ended = ended(below, circle);
  circle.stopper = stopper(below, circle);
  circle.budgetEnd = budgetEnd(below, circle);
  circle.clock = runClock(below, circle);
  circle.turns = turns(below, circle, turnEnd(below, circle));
  circle.announcer = announcer(below, circle);
  circle.spawner = spawner(below, circle);
  circle.messages = messages(below, circle);
  return circle;
}

function ended(below: Below, circle: Circle): (run: Run) => void {
  const { parts, stores, acp, process } = below;
  return (run) => {
    process.runEnded(run);
    circle.clock.forget(run);
    // Nobody is left in its session to take in what its children bring.
    circle.turns.passOn(run.child);
    acp.ended(run);
    const failed = taskFailed(run);
    const after = [
      ...(failed === undefined ? [] : [stores.budgets.recordEnd(run.tree, run.agentId, run.task, failed)]),
      parts.killPrograms(run.child),
    ];
    for (const done of after)
      done.catch((error: unknown) => parts.log.error({ err: error, run: run.id }, 'cleaning up failed'));
    circle.announcer.owe(run);
    circle.endings.tell(run);
  };
}

function offer(circle: Circle): (session: Session, item: RunItem | MailItem) => ReturnType<Turns['offer']> {
  return (session, item) => circle.turns.offer(session, item);
}

function scheduler({ parts, process }: Below): Scheduler {
  const { defaults } = parts.config().agents;
  const { log, clock } = parts;
  return new Scheduler({
    clock,
    generation: process.generation,
    widths: { main: defaults.maxConcurrent, subagent: defaults.subagents.maxConcurrent },
    onWait: (warning) => log.warn({ ...warning, code: 'lane_wait' }, 'a turn has been waiting for more than 2 s'),
    onLate: (late) => log.warn({ ...late, code: 'late_result' }, 'a turn whose slots were taken came back'),
  });
}

function profiles(below: Below, circle: Circle): Profiles {
  const { parts, stores, acp } = below;
  const { config, agents, system, contextTokens } = parts;
  const own = sessionTools(below, () => circle);
  return new Profiles({
    config,
    agents,
    runtime: (session) => {
      const runtime = acp.runtime(session);
      return parts.seams?.runtime?.(runtime) ?? runtime;
    },
    system,
    contextTokens,
    catalogue: async (session, agent) => [...own(session), ...(await parts.tools(session, agent))],
    session: (key) => stores.sessions.get(key),
    origin: (session) => originOf(stores, session),
  });
}

function stopper(below: Below, circle: Circle): Stopper {
  const { clock, log } = below.parts;
  const { database, registry, inbox, openTurns, sessions } = below.stores;
  const { generation } = below.process;
  return new Stopper({
    database,
    registry,
    clock,
    log,
    archiveMinutes: () => below.parts.config().agents.defaults.subagents.archiveAfterMinutes,
    abort: (session, cause) => circle.turns.abort(session, cause),
    clear: (session, results) => {
      if (results === 'passed on') circle.turns.passOn(session);
      return circle.turns.clear(session);
    },
    inboxDone: async (itemIds, reason) => {
      await database.write((sql) => inbox.dropIn(sql, ticketsOf(itemIds), reason));
    },
    inHand: (session) => ({ turn: circle.turns.active(session), items: circle.turns.waiting(session) }),
    forget: (sql, { session, turn, items }) => {
      inbox.done(sql, ticketsOf((turn?.items ?? []).flatMap(idsOf)), 'stopped');
      inbox.dropIn(sql, ticketsOf(items.flatMap(idsOf)), 'stopped by a person');
      circle.unprocessed.tellIn(sql, session);
      openTurns.stopped(sql, session, { generation, ...(turn === undefined ? {} : { turn: turn.id }) });
    },
    unmark: async (keys) => {
      await Promise.all(keys.map((key) => sessions.update(key, unmarked)));
    },
    ended: circle.ended,
    sent: () => below.delivery.outbox.kick(),
    unbind: async (session) => {
      const farewell = await below.delivery.bindings.dropFor(session);
      if (farewell !== undefined) below.delivery.notify(farewell.key, farewell.route, farewell.text);
    },
  });
}

function runClock(below: Below, circle: Circle): RunClock {
  const { clock, log } = below.parts;
  const { database, registry, budgets } = below.stores;
  return new RunClock({
    database,
    registry,
    budgets,
    clock,
    log,
    stopRuns: (runs, ask) => circle.stopper.stopRuns(runs, ask),
    abort: (session, cause) => void circle.turns.abort(session, cause),
    partialOf: (session) => circle.turns.active(session)?.partial,
    originOf: (turn) =>
      turn.items.find((item) => item.route !== undefined)?.route ?? registry.byChild(turn.session)?.origin,
    notify: below.delivery.notify,
    spent: (events) => circle.budgetEnd.spent(events),
    toldOf: (tree) => circle.budgetEnd.toldOf(tree),
  });
}

function budgetEnd({ parts, stores, delivery }: Below, circle: Circle): BudgetEnd {
  return new BudgetEnd({
    registry: stores.registry,
    clock: parts.clock,
    log: parts.log,
    stopRuns: (runs, ask) => circle.stopper.stopRuns(runs, ask),
    notify: delivery.notify,
    enqueue: delivery.enqueue,
  });
}

function announcer(below: Below, circle: Circle): Announcer {
  const { parts, stores, delivery, process } = below;
  const { clock, log, config, onRunEnded } = parts;
  const { database, registry, sessions, transcripts } = stores;
  return new Announcer({
    database,
    registry,
    sessions,
    transcripts,
    clock,
    log,
    config,
    onRunEnded,
    offer: offer(circle),
    abortHandover: (session, itemId) => {
      const turn = circle.turns.active(session);
      const alone = turn?.items.every((item) => item.kind === 'completion' || item.kind === 'wake');
      if (alone && turn?.items.some((item) => item.id === itemId)) circle.turns.abort(session, 'handoff');
    },
    holding: (session) => circle.turns.holding(session),
    busy: (session) => circle.turns.active(session) !== undefined || circle.turns.waiting(session).length > 0,
    bound: async (session) => (await delivery.bindings.of(session)) !== undefined,
    ended: circle.ended,
    stopBelow: (session) => circle.stopper.stopBelow(session),
    archive: process.archive,
    childEnded: (session, runId) => circle.turns.childEnded(session, runId),
    routeFor: delivery.routeFor,
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
    draining: process.draining,
  });
}

function spawner(below: Below, circle: Circle): Spawner {
  const { parts, stores, delivery, acp } = below;
  const { clock, ids, log } = parts;
  const { database, registry, sessions, transcripts, numbers, budgets } = stores;
  const deps = { database, registry, sessions, transcripts, numbers, budgets, clock, ids, log };
  return new Spawner({
    ...deps,
    facts: spawnFacts(below, circle.profiles),
    offer: offer(circle),
    openThread: openRunThread(delivery, acp),
    closeThread: closeRunThread(delivery),
  });
}

function messages(below: Below, circle: Circle): Messages {
  const { parts, stores, delivery, acp } = below;
  const { clock, ids, log } = parts;
  return new Messages({
    database: stores.database,
    clock,
    offer: (session, item) => acp.steer(session, item, () => circle.turns.offer(session, item)),
    log,
    store: (sql, message) => {
      const ticket = stores.inbox.acceptInternal(sql, { ...message, kind: 'note' }, clock.now());
      return ticket === undefined ? undefined : itemId(ticket);
    },
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
    tree: (session) =>
      circle.turns.active(session.key)?.tree ?? stores.registry.byChild(session.key)?.tree ?? ids.uuid(),
    run: (session) => stores.registry.byChild(session),
    maxChars: () => parts.config().announce.maxChars,
    distrust: (session) => stores.sessions.update(session, distrusted),
    replyKey,
  });
}
