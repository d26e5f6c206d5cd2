// The turn engine and what follows from the end of a turn. Part of the layer that runs.ts builds.
import type { OpenTurn } from '../agents/open-turns.ts';
import { calledTools, cutOff } from '../agents/resume.ts';
import type { ActiveTurn, CutCall, TurnResult } from '../agents/turn-types.ts';
import { Turns } from '../agents/turns.ts';
import { idsOf } from '../agents/waiters.ts';
import type { ToolOutput } from '../core/tool.ts';
import { ticketsOf } from '../inbound/tickets.ts';
import { Unprocessed } from '../inbound/unprocessed.ts';
import type { SpawnClaim } from '../runs/claims.ts';
import { recentResumes } from '../runs/fates.ts';
import { TurnEnd } from '../runs/turn-end.ts';
import { queueSettings } from '../sessions/session-services.ts';
import { closeAnswered } from './acp/drop.ts';
import { noteAnswers } from './acp/note.ts';
import type { Below, Circle } from './runs.ts';
import { untilStored } from './until-stored.ts';

const spawnTool = { name: 'sessions_spawn', group: 'session' } as const;

export function turnEnd(below: Below, circle: Circle): TurnEnd {
  const { parts, stores, delivery, acp } = below;
  const { database, registry, sessions, transcripts, budgets, inbox } = stores;
  return new TurnEnd({
    database,
    registry,
    sessions,
    transcripts,
    budgets,
    clock: parts.clock,
    archiveMinutes: () => parts.config().agents.defaults.subagents.archiveAfterMinutes,
    boundRoute: async (session) => (await delivery.bindings.of(session))?.route,
    maySpawn: ({ session }) =>
      acp.backs(session) ? undefined : circle.profiles.removal(session, spawnTool) === undefined,
    couldSpawn: (result, claim) => spoke(below, circle, result, claim),
    waiting: (session) => circle.turns.waiting(session),
    enqueue: delivery.enqueue,
    inboxDone: (sql, itemIds, reason) => inbox.done(sql, ticketsOf(itemIds), reason),
    over: (sql, { session, id, items, yielded }) => {
      stores.openTurns.ended(sql, session.key, id, items.flatMap(idsOf));
      const sleep = yielded ? circle.turns.held(session.key) : undefined;
      if (sleep !== undefined) stores.openTurns.sleeps(sql, session.key, sleep);
    },
    answered: (sql, result, live) => circle.messages.settled(sql, result, live),
    sent: () => delivery.outbox.kick(),
    ended: circle.ended,
    stopBelow: (session) => circle.stopper.stopBelow(session),
    workLeft: (result) => circle.clock.workLeft(result.id),
    spent: (events) => circle.budgetEnd.spent(events),
    answeredThere: (run) => circle.announcer.note(run),
  });
}

/** Whether the agent called sessions_spawn is remembered for the doctor; what it only claimed is written down. */
function spoke({ parts }: Below, circle: Circle, result: TurnResult, claim: SpawnClaim | undefined): void {
  const { session, entries, cut } = result;
  const model = session.model ?? circle.profiles.agent(session).model;
  const called = [...cut, ...entries].some(
    (entry) =>
      entry.type === 'assistant' && entry.parts.some((part) => part.type === 'call' && part.name === spawnTool.name),
  );
  if (session.kind === 'chat')
    circle.habits.record({ agentId: session.agentId, model, called, claimed: claim !== undefined });
  if (claim !== undefined)
    parts.log.warn({ session: session.key, model, code: claim }, 'the model spoke of sub-agents; none was started');
}

export function turns(below: Below, circle: Circle, end: TurnEnd): Turns {
  const { parts, stores, delivery, acp } = below;
  const { clock, ids, log, config } = parts;
  const { sessions, transcripts } = stores;
  const stored = <T>(work: () => Promise<T>): Promise<T> =>
    untilStored({ clock, log, draining: below.process.draining }, work);
  return new Turns({
    clock,
    ids,
    log,
    sessions: {
      get: (key) => sessions.get(key),
      recordTurn: (key, usage, cut) => stored(() => sessions.recordTurn(key, usage, cut)),
    },
    transcripts,
    scheduler: circle.scheduler,
    profile: (session) => circle.profiles.of(session),
    signs: delivery.signs,
    queue: (session, route) => queueSettings(config(), session, route?.channel),
    canInject: (session, item) => acp.takesIn(session, item),
    injectable: (session, item) => acp.injectable(session, item),
    limits: () => {
      const { stall, subagents } = config().agents.defaults;
      const [startMs, warnMs] = [subagents.startTimeoutSeconds * 1000, stall.warnSeconds * 1000];
      return { startMs, warnMs, abortMs: stall.abortSeconds * 1000 };
    },
    hooks: {
      started: (turn) => started(below, circle, turn),
      recall: (turn, call) => recall(stores, turn, call),
      alive: (turn) => circle.clock.alive(turn),
      settle: (result) =>
        stored(async () => {
          await named(below, circle, result);
          await end.settle(result);
          noteAnswers(below, result).catch((err: unknown) =>
            log.error({ err, session: result.session.key }, 'an answer of a coding agent was not noted in its chat'),
          );
          closeAnswered({ ...below, layer: circle }, result).catch((err: unknown) =>
            log.error({ err, session: result.session.key }, 'a coding agent was not closed'),
          );
        }),
      refuseCall: (turn) => circle.clock.refuseCall(turn),
      spend: (turn, session, usage) => circle.clock.spend(turn, session, usage),
      stalled: (turn, silentMs) => circle.clock.stalled(turn, silentMs),
      dropped: (session, items, why) => circle.unprocessed.add(session, items, why),
    },
  });
}

/** The turn and its run are recorded as started in one commit. Going on with what a restart cut off is counted. */
async function started(
  { parts, stores, acp, process }: Below,
  circle: Circle,
  turn: ActiveTurn,
): Promise<string | undefined> {
  const [cut] = await Promise.all([stores.openTurns.begin(turn, process.generation), circle.clock.started(turn)]);
  if (cut === undefined) return undefined;
  const now = parts.clock.now();
  const resumes = await isWork({ stores, acp }, cut);
  if (resumes)
    await stores.sessions.update(turn.session, (session) => ({
      ...session,
      resumedAt: [...recentResumes(session, now), now],
    }));
  return cut.since;
}

/** Going on with this cut-off turn is a resume: it is a run's, or had done more than to listen. */
export async function isWork(
  { stores, acp }: Pick<Below, 'stores' | 'acp'>,
  cut: Pick<OpenTurn, 'session' | 'since'>,
): Promise<boolean> {
  const session = await stores.sessions.get(cut.session);
  if (session === undefined || session.kind !== 'chat') return session !== undefined;
  const done = cutOff(await stores.transcripts.read(session.id), cut.since);
  return calledTools(done) || (acp.backs(session) && done.length > 0);
}

/** A spawn is recorded under its call before anything of it is there. */
function recall({ registry }: Below['stores'], turn: string, call: CutCall): ToolOutput | undefined {
  if (call.name !== 'sessions_spawn') return undefined;
  const run = registry.bySpawnKey(`${turn}:${call.id}`);
  if (run === undefined) return { text: 'not run: the process ended before anything was started', failed: true };
  const { id: runId, child: childSessionKey, label } = run;
  return { text: JSON.stringify({ status: 'accepted', runId, childSessionKey, label }) };
}

/** A run is about to speak, where it is bound, was asked, or owes an answer. */
async function named({ delivery }: Below, circle: Circle, { session, items }: TurnResult): Promise<void> {
  if (session.kind === 'chat') return;
  const bound = (await delivery.bindings.of(session.key))?.route;
  const asked = items.flatMap((item) => item.route ?? circle.messages.owes(item.id) ?? []);
  for (const route of [...(bound === undefined ? [] : [bound]), ...asked])
    await delivery.tags.prepare(route, session.key);
}

export function unprocessed({ parts, stores, delivery }: Below): Unprocessed {
  const { database, inbox } = stores;
  const { clock, log } = parts;
  return new Unprocessed({
    database,
    inbox,
    clock,
    log,
    enqueue: delivery.enqueue,
    sent: () => delivery.outbox.kick(),
  });
}
