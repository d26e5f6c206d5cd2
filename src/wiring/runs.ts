// Turns and runs, which need each other: the turn engine settles into the runs, and runs start turns. Third layer.
// Each part is built from what is stored below it and reaches its peers through `Circle`, which is complete at the end.
import type { MailItem } from '../agents/mailbox.ts';
import { Profiles } from '../agents/profile.ts';
import { Turns } from '../agents/turns.ts';
import type { Route } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import { lastRoute, type Session } from '../core/session.ts';
import { ticketsOf } from '../inbound/receive.ts';
import { Scheduler } from '../lanes/scheduler.ts';
import { Announcer } from '../runs/announce.ts';
import { Messages } from '../runs/messages.ts';
import { type RunItem, Spawner } from '../runs/spawn.ts';
import { Stopper } from '../runs/stop.ts';
import { TurnEnd } from '../runs/turn-end.ts';
import { RunClock } from '../runs/turn-hooks.ts';
import { queueSettings } from '../sessions/session-services.ts';
import type { DeliveryLayer } from './delivery.ts';
import type { EngineParts } from './parts.ts';
import { sessionTools } from './session-tools.ts';
import { spawnFacts } from './spawn-facts.ts';
import type { Stores } from './stores.ts';
import { openRunThread } from './threads.ts';

export interface Process {
  /** Number of this start of the process. */
  readonly generation: number;
  readonly draining: () => boolean;
}

/** What the parts below are built from. */
export interface Below {
  readonly parts: EngineParts;
  readonly stores: Stores;
  readonly delivery: DeliveryLayer;
  readonly process: Process;
}

export interface RunsLayer {
  readonly scheduler: Scheduler;
  readonly profiles: Profiles;
  readonly turns: Turns;
  readonly clock: RunClock;
  readonly stopper: Stopper;
  readonly spawner: Spawner;
  readonly announcer: Announcer;
  readonly messages: Messages;
}

/** The parts under construction: each uses the others only once everything exists. */
type Circle = { -readonly [K in keyof RunsLayer]: RunsLayer[K] };

export function wireRuns(below: Below): RunsLayer {
  const circle = {} as Circle;
  circle.scheduler = scheduler(below);
  circle.profiles = profiles(below, circle);
  circle.stopper = stopper(below, circle);
  circle.clock = runClock(below, circle);
  circle.turns = turns(below, circle, turnEnd(below, circle));
  circle.announcer = announcer(below, circle);
  circle.spawner = spawner(below, circle);
  circle.messages = messages(below, circle);
  return circle;
}

/** The place a session's person is: where its tree was started from, else where it was last spoken to. */
export function originOf(stores: Stores, session: Session): Route | undefined {
  return stores.registry.byChild(session.key)?.origin ?? lastRoute(session);
}

function ended(below: Below, circle: Circle): (run: Run) => void {
  const { parts, stores } = below;
  return (run) => {
    circle.clock.forget(run);
    const failed = run.state.status === 'failed' || run.state.status === 'timed_out';
    const after = [stores.budgets.recordEnd(run.tree, run.agentId, run.task, failed), parts.killPrograms(run.child)];
    for (const done of after)
      done.catch((error: unknown) => parts.log.error({ err: error, run: run.id }, 'cleaning up failed'));
    circle.announcer.owe(run);
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
  const { parts, stores } = below;
  const { config, agents, runtime, system, contextTokens } = parts;
  const own = sessionTools(below, () => circle);
  return new Profiles({
    config,
    agents,
    runtime,
    system,
    contextTokens,
    catalogue: async (session, agent) => [...own(session), ...(await parts.tools(session, agent))],
    origin: (session) => originOf(stores, session),
  });
}

function stopper(below: Below, circle: Circle): Stopper {
  const { clock, log } = below.parts;
  const { database, registry, inbox } = below.stores;
  return new Stopper({
    database,
    registry,
    clock,
    log,
    abort: (session, cause) => circle.turns.abort(session, cause),
    clear: (session) => circle.turns.clear(session, 'stopped'),
    inboxDone: (itemIds, reason) => database.write((sql) => inbox.done(sql, ticketsOf(itemIds), reason)),
    ended: (run) => ended(below, circle)(run),
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
  });
}

function turnEnd(below: Below, circle: Circle): TurnEnd {
  const { parts, stores, delivery } = below;
  const { database, registry, sessions, transcripts, budgets, inbox } = stores;
  const spawnTool = { name: 'sessions_spawn', group: 'session' } as const;
  return new TurnEnd({
    database,
    registry,
    sessions,
    transcripts,
    budgets,
    clock: parts.clock,
    archiveMinutes: () => parts.config().agents.defaults.subagents.archiveAfterMinutes,
    boundRoute: async (session) => (await delivery.bindings.of(session))?.route,
    maySpawn: async (result) => circle.profiles.removal(result.session, spawnTool) === undefined,
    waiting: (session) => circle.turns.waiting(session),
    enqueue: delivery.enqueue,
    inboxDone: (sql, itemIds, reason) => inbox.done(sql, ticketsOf(itemIds), reason),
    sent: () => delivery.outbox.kick(),
    ended: (run) => ended(below, circle)(run),
    stopBelow: (session) => circle.stopper.stopBelow(session),
  });
}

function turns(below: Below, circle: Circle, end: TurnEnd): Turns {
  const { parts, stores, delivery } = below;
  const { clock, ids, log, config, runtime } = parts;
  const { sessions, transcripts } = stores;
  return new Turns({
    clock,
    ids,
    log,
    sessions,
    transcripts,
    scheduler: circle.scheduler,
    profile: (session) => circle.profiles.of(session),
    signs: delivery.signs,
    queue: (session) => queueSettings(config(), session),
    canInject: (session) => runtime(session).kind === 'native',
    limits: () => {
      const { stall, subagents } = config().agents.defaults;
      const [startMs, warnMs] = [subagents.startTimeoutSeconds * 1000, stall.warnSeconds * 1000];
      return { startMs, warnMs, abortMs: stall.abortSeconds * 1000 };
    },
    hooks: {
      started: (turn) => circle.clock.started(turn),
      alive: (turn) => circle.clock.alive(turn),
      settle: (result) => end.settle(result),
      refuseCall: (turn) => circle.clock.refuseCall(turn),
      spend: (turn, session, usage) => circle.clock.spend(turn, session, usage),
      stalled: (turn, silentMs) => circle.clock.stalled(turn, silentMs),
      dropped: (session, items) => dropped(below, session, items),
    },
  });
}

/** Messages beyond the queue's cap: said once per burst, never silently. */
function dropped({ parts, stores, delivery }: Below, session: string, items: readonly MailItem[]): void {
  const ids = items.map((item) => item.id);
  stores.database
    .write((sql) => stores.inbox.done(sql, ticketsOf(ids), 'queue full'))
    .catch((error: unknown) => parts.log.error({ err: error, session }, 'dropped messages were not recorded'));
  parts.log.warn({ session, count: items.length, code: 'queue_full' }, 'messages were not processed');
  const route = items.at(-1)?.route;
  if (route === undefined) return;
  const count = items.length === 1 ? '1 message' : `${items.length} messages`;
  delivery.notify(
    `dropped:${ids.at(-1)}`,
    route,
    `⚠️ ${count} not processed: too many are waiting here (messages.queue.cap). /queue shows the settings.`,
  );
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
    childEnded: (session, runId) => circle.turns.childEnded(session, runId),
    routeFor: delivery.routeFor,
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
    draining: process.draining,
  });
}

function spawner(below: Below, circle: Circle): Spawner {
  const { parts, stores, delivery } = below;
  const { clock, ids, log } = parts;
  const { database, registry, sessions, transcripts, numbers, budgets } = stores;
  const deps = { database, registry, sessions, transcripts, numbers, budgets, clock, ids, log };
  return new Spawner({
    ...deps,
    facts: spawnFacts(below, circle.profiles),
    offer: offer(circle),
    openThread: openRunThread(parts, delivery),
  });
}

function messages(below: Below, circle: Circle): Messages {
  const { parts, stores, delivery } = below;
  const { clock, ids } = parts;
  return new Messages({
    database: stores.database,
    clock,
    offer: offer(circle),
    store: (sql, { session, key, text, from, route }) => {
      const ticket = stores.inbox.acceptInternal(sql, { session, kind: 'note', text, from, route, key }, clock.now());
      return ticket === undefined ? undefined : `inbox:${ticket}`;
    },
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
    tree: (session) =>
      circle.turns.active(session.key)?.tree ?? stores.registry.byChild(session.key)?.tree ?? ids.uuid(),
  });
}
