// What a turn leaves behind, recorded in one transaction: replies, answered messages, taken-in completions, the run's state.
// The `settle` hook of the turn engine. 1 facts  2 transaction  3 what follows from the commit

import type { MailItem } from '../agents/mailbox.ts';
import type { TurnResult } from '../agents/turn-types.ts';
import type { OutboundMessage, Priority } from '../core/message.ts';
import { type Route, sameRoute } from '../core/route.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import { addUsage } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import type { BudgetEvent, Budgets } from './budget.ts';
import type { SpawnClaim } from './claims.ts';
import { ownEntries, resultText } from './completion.ts';
import { consumed, standingAnswers } from './consumed.ts';
import { endRun, setDelivery } from './end-run.ts';
import type { RunRegistry } from './registry.ts';
import { falseClaim, isAnswer, type Reply, replies } from './reply.ts';

export interface TurnEndDeps {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly sessions: Pick<Sessions, 'update'>;
  readonly transcripts: Pick<Transcripts, 'read'>;
  readonly budgets: Budgets;
  readonly clock: Clock;
  readonly archiveMinutes: () => number;
  /** The conversation bound to a session. */
  readonly boundRoute: (session: SessionKey) => Promise<Route | undefined>;
  /** Whether sessions_spawn was offered in this turn; undefined: a coding agent, which has sub-agents of its own. */
  readonly maySpawn: (result: TurnResult) => boolean | undefined;
  /** A turn of a person in which sessions_spawn was offered. `claim`: what it said of sub-agents that is not so. */
  readonly couldSpawn: (result: TurnResult, claim: SpawnClaim | undefined) => void;
  /** Messages for this session that no turn has taken yet. */
  readonly waiting: (session: SessionKey) => readonly MailItem[];
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly inboxDone: (sql: Sql, itemIds: readonly string[], reason: string) => void;
  /** The turn is under way no more. */
  readonly over: (sql: Sql, result: TurnResult) => void;
  /** Stores the answers that a turn owes to people outside the session; `live`: its run has not ended before it. */
  readonly answered: (sql: Sql, result: TurnResult, live: boolean) => void;
  /** Commit is done: send what is in the outbox, announce what ended. */
  readonly sent: () => void;
  readonly ended: (run: Run) => void;
  /** A run failed or timed out: nobody is left to take in what its children bring. */
  readonly stopBelow: (session: SessionKey) => Promise<void>;
  /** Seconds of work of this turn that no budget has been charged with; asked once, at its end. */
  readonly workLeft: (result: TurnResult) => number;
  /** What these seconds led to: a warning, or the end of the tree. */
  readonly spent: (events: readonly BudgetEvent[]) => void;
  /** A lasting run answered in its own conversation after its task was over: its requester only learns of it. */
  readonly answeredThere: (run: Run) => Promise<void>;
}

export interface OutgoingEntry {
  readonly key: string;
  readonly route: Route;
  readonly message: OutboundMessage;
  readonly priority: Priority;
  readonly session: SessionKey;
  readonly runs?: readonly string[];
}

interface Recorded {
  /** The run that ended with this turn. */
  readonly ended: Run | undefined;
  readonly events: readonly BudgetEvent[];
}

interface Facts {
  readonly route: Route | undefined;
  /** The route is the conversation bound to the child. */
  readonly bound: boolean;
  readonly texts: readonly Reply[];
  /** Runs whose completion this turn was given. */
  readonly completions: readonly string[];
  readonly run: Run | undefined;
  /** Result text if the run ends with this turn. */
  readonly text: string;
}

export class TurnEnd {
  readonly #deps: TurnEndDeps;

  constructor(deps: TurnEndDeps) {
    this.#deps = deps;
  }

  async settle(result: TurnResult): Promise<void> {
    const facts = await this.#facts(result);
    // A turn cut off by shutdown leaves everything as it was: the next start finds it and goes on.
    if (result.cause === 'shutdown') {
      await this.#deps.sessions.update(result.session.key, (session) => ({ ...session, abortedLastRun: true }));
      return;
    }
    const { ended, events } = await this.#deps.database.write((sql) => this.#record(sql, result, facts));
    this.#deps.sent();
    this.#deps.spent(events);
    if (ended === undefined) return this.#later(result, facts);
    this.#deps.ended(ended);
    if (ended.state.status !== 'succeeded') await this.#deps.stopBelow(ended.child);
  }

  /** `mode: session`: each turn after the task is answered in the run's conversation, and the requester gets a note. */
  async #later(result: TurnResult, { run, bound, texts }: Facts): Promise<void> {
    const last = texts.findLast((each) => each.kind === 'answer');
    if (run?.mode !== 'session' || !isTerminal(run.state.status) || !bound || last === undefined) return;
    const { startedAt, endedAt } = result;
    const outcome = { kind: 'success', text: last.text } as const;
    await this.#deps.answeredThere({
      ...run,
      usage: result.usage,
      state: { status: 'succeeded', startedAt, endedAt, outcome },
    });
  }

  async #facts(result: TurnResult): Promise<Facts> {
    const { registry, sessions: _, ...deps } = this.#deps;
    const child = result.session.kind !== 'chat';
    const run = child ? registry.byChild(result.session.key) : undefined;
    const asked = [...result.items].reverse().find((item) => item.route !== undefined)?.route;
    // A bound child speaks in its conversation; otherwise nothing of a child's own turns leaves it. The answer to a send or
    // steer goes back by whoever sent it.
    const own = result.items.some((item) => item.kind !== 'note');
    const place = child ? await deps.boundRoute(result.session.key) : undefined;
    const route = asked ?? (own ? place : undefined);
    const maySpawn = deps.maySpawn(result);
    const spawns = maySpawn === undefined ? undefined : { started: registry.startedIn(turnsOf(result)), maySpawn };
    if (maySpawn === true && isAnswer(result) && result.outcome.kind === 'success')
      deps.couldSpawn(result, falseClaim(result, spawns));
    return {
      route,
      bound: route !== undefined && place !== undefined && sameRoute(route, place),
      texts: replies(result, spawns),
      completions: result.items.flatMap((item) => (item.kind === 'completion' ? [completionRun(item.id)] : [])),
      run,
      text: run === undefined ? '' : await this.#resultText(result, run),
    };
  }

  async #resultText(result: TurnResult, run: Run): Promise<string> {
    if (result.answers.length > 0) return resultText(result.entries, result.outcome);
    const entries = await this.#deps.transcripts.read(result.session.id);
    return resultText(ownEntries(entries, run), result.outcome);
  }

  #record(sql: Sql, result: TurnResult, facts: Facts): Recorded {
    const now = this.#deps.clock.now();
    this.#deps.over(sql, result);
    this.#deps.inboxDone(
      sql,
      result.items.flatMap((item) => [item.id, ...(item.folds ?? [])]),
      result.outcome.kind,
    );
    const events = this.#deps.budgets.spend(sql, {
      tree: result.tree,
      place: { session: result.session.controlScope, agentId: result.session.agentId, origin: facts.route },
      seconds: this.#deps.workLeft(result),
    });
    const live = facts.run !== undefined && !isTerminal(facts.run.state.status);
    const taken = this.#takeIn(sql, result, facts);
    const ended = this.#advance(sql, result, facts, now);
    this.#reply(sql, result, facts, (nth, last) => [
      ...(taken.get(nth) ?? []),
      ...(last && ended?.delivery.state === 'sending' ? [ended.id] : []),
    ]);
    this.#deps.answered(sql, result, live);
    return { ended, events };
  }

  /** An answer is also the delivery of what `tellsOf` names: what was taken in, and a bound run that ended with it. */
  #reply(
    sql: Sql,
    result: TurnResult,
    { route, texts, bound, run }: Facts,
    tellsOf: (nth: number, last: boolean) => readonly string[],
  ): void {
    if (route === undefined) return;
    const last = texts.findLast((each) => each.kind === 'answer');
    for (const [index, each] of texts.entries()) {
      const runs = each.kind === 'answer' ? tellsOf(each.nth, each === last) : [];
      const speaks = bound && each.kind === 'answer' && runs[0] === undefined;
      this.#deps.enqueue(sql, {
        key: runs[0] === undefined ? `reply:${result.id}:${index}` : `announce:${runs[0]}`,
        route,
        message: { text: each.text, ...(speaks && run !== undefined ? { speaker: run.label } : {}) },
        priority: each.kind === 'answer' ? 'final' : 'reply',
        session: result.session.key,
        ...(runs[0] === undefined ? {} : { runs }),
      });
    }
  }

  /** Marks the completions this turn took in. Returns those each of its answers delivers. */
  #takeIn(sql: Sql, result: TurnResult, { route, completions }: Facts): ReadonlyMap<number, readonly string[]> {
    const nothing = new Map<number, readonly string[]>();
    const standing = result.answers.slice(0, standingAnswers(result));
    if (result.outcome.kind !== 'success' && standing.length === 0) return nothing;
    const { registry } = this.#deps;
    const owed = completions.flatMap((id) => {
      const run = registry.get(id, sql);
      const state = run?.delivery.state;
      return run !== undefined && (state === 'pending' || state === 'handed') ? [{ run: id, child: run.child }] : [];
    });
    if (route === undefined && result.session.kind !== 'chat') {
      const runs = owed.map((each) => each.run);
      if (result.outcome.kind === 'success') this.#mark(sql, runs, takenIn);
      return nothing;
    }
    const { answered, silent, ignored } = consumed({ entries: result.entries, answers: standing }, owed);
    const told = [...answered.values()].flat();
    this.#mark(sql, told, route === undefined ? nowhere : { state: 'sending' });
    this.#mark(sql, silent, { state: 'silent', reason: 'the agent answered NO_REPLY' });
    // Anything else is an empty answer: the completion stays owed and is handed over again.
    if (result.yielded) this.#mark(sql, ignored, takenIn);
    return answered;
  }

  #mark(
    sql: Sql,
    ids: readonly string[],
    to: { readonly state: Run['delivery']['state']; readonly reason?: string },
  ): void {
    const { registry, clock, archiveMinutes } = this.#deps;
    const now = clock.now();
    for (const id of ids) {
      const handovers = registry.get(id, sql)?.delivery.attempts ?? 0;
      // The handover that led to this message goes on as the message's first sending: one attempt, not two.
      const attempts = to.state === 'sending' ? Math.max(0, handovers - 1) : handovers;
      const delivery = { ...to, attempts, ...(to.state === 'delivered' ? { deliveredAt: now } : {}) };
      setDelivery(sql, registry, id, { delivery, now, archiveMinutes: archiveMinutes() });
    }
  }

  /** Moves the run of a child session on; returns it if it ended with this turn. */
  #advance(sql: Sql, result: TurnResult, facts: Facts, now: number): Run | undefined {
    const { registry } = this.#deps;
    const { outcome, cause } = result;
    if (facts.run === undefined) return undefined;
    // What a stopped run's last turn and later turns of its session used was spent too.
    const run = registry.change(sql, facts.run.id, (each) => ({ ...each, usage: addUsage(each.usage, result.usage) }));
    if (run === undefined || isTerminal(run.state.status)) return undefined;
    // A stop ends the run itself, and a newer message goes on with it in the next turn.
    if (outcome.kind === 'stopped' || cause === 'handoff') return undefined;
    if (outcome.kind !== 'success') {
      if (!onlyCompletions(result.items)) return endRun(sql, registry, run.id, { outcome, now });
      // A failed attempt to take a completion in is repeated by the announcer, which gives up on the run if it must.
      this.#wait(sql, run, now);
      return undefined;
    }
    // A steer that came too late for this turn still belongs to the task.
    const unread = this.#deps.waiting(result.session.key).some((item) => item.kind === 'note' && item.steerable);
    if (unread) return undefined;
    if (registry.openChildren(result.session.key, sql).length > 0) {
      this.#wait(sql, run, now);
      return undefined;
    }
    const posted = facts.bound && facts.texts.some((each) => each.kind === 'answer');
    return endRun(sql, registry, run.id, {
      outcome: { kind: 'success', text: facts.text },
      now,
      ...(posted ? { delivery: { state: 'sending', attempts: 0 } } : {}),
    });
  }

  #wait(sql: Sql, run: Run, now: number): void {
    const state = { status: 'waiting', startedAt: startedAt(run, now) } as const;
    this.#deps.registry.change(sql, run.id, (each) => ({ ...each, lastEventAt: now, state }));
  }
}

const takenIn = { state: 'delivered', reason: 'taken in by the requester' } as const;
const nowhere = { state: 'undelivered', reason: 'no route: the requester has no conversation' } as const;

/** Item ids of completions carry the run and the attempt: `announce:<runId>:<attempt>`. */
export function completionRun(itemId: string): string {
  return itemId.split(':')[1] ?? '';
}

export function completionItemId(runId: string, attempt: number): string {
  return `announce:${runId}:${attempt}`;
}

/** Itself, and those it goes on with. */
function turnsOf({ id, cut }: TurnResult): readonly string[] {
  return [id, ...new Set(cut.map(({ turn }) => turn))];
}

/** A wake beside them changes nothing; one alone is nobody's to repeat. */
function onlyCompletions(items: readonly MailItem[]): boolean {
  const rest = items.filter((item) => item.kind !== 'wake');
  return rest.length > 0 && rest.every((item) => item.kind === 'completion');
}

function startedAt(run: Run, now: number): number {
  return run.state.status === 'running' || run.state.status === 'waiting' ? run.state.startedAt : now;
}
