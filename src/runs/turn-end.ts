// What a turn leaves behind, recorded in one transaction: replies, answered messages, taken-in completions, the run's state.
// The `settle` hook of the turn engine. 1 facts  2 transaction  3 what follows from the commit

import type { MailItem } from '../agents/mailbox.ts';
import type { TurnResult } from '../agents/turn-types.ts';
import type { OutboundMessage, Priority } from '../core/message.ts';
import type { Route } from '../core/route.ts';
import { isTerminal, type Run } from '../core/run.ts';
import type { SessionKey } from '../core/session.ts';
import { addUsage } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { Transcripts } from '../sessions/transcript.ts';
import type { Budgets } from './budget.ts';
import { resultText } from './completion.ts';
import { endRun, setDelivery } from './end-run.ts';
import type { RunRegistry } from './registry.ts';
import { isSilent, type Reply, replies } from './reply.ts';

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
  /** Whether sessions_spawn was offered in this turn; decides between the two notes on narrated spawns. */
  readonly maySpawn: (result: TurnResult) => Promise<boolean>;
  /** Messages for this session that no turn has taken yet. */
  readonly waiting: (session: SessionKey) => readonly MailItem[];
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly inboxDone: (sql: Sql, itemIds: readonly string[], reason: string) => void;
  /** Commit is done: send what is in the outbox, announce what ended. */
  readonly sent: () => void;
  readonly ended: (run: Run) => void;
  /** A run failed or timed out: nobody is left to take in what its children bring. */
  readonly stopBelow: (session: SessionKey) => Promise<void>;
}

export interface OutgoingEntry {
  readonly key: string;
  readonly route: Route;
  readonly message: OutboundMessage;
  readonly priority: Priority;
  readonly session: SessionKey;
  readonly runs?: readonly string[];
}

interface Facts {
  readonly route: Route | undefined;
  /** The route is the conversation bound to the child, not one somebody wrote from. */
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
    const ended = await this.#deps.database.write((sql) => this.#record(sql, result, facts));
    this.#deps.sent();
    if (ended === undefined) return;
    this.#deps.ended(ended);
    if (ended.state.status !== 'succeeded') await this.#deps.stopBelow(ended.child);
  }

  async #facts(result: TurnResult): Promise<Facts> {
    const { registry, sessions: _, ...deps } = this.#deps;
    const child = result.session.kind !== 'chat';
    const run = child ? registry.byChild(result.session.key) : undefined;
    const asked = [...result.items].reverse().find((item) => item.route !== undefined)?.route;
    // A bound child speaks in its conversation; otherwise nothing of a child's own turns leaves it. The answer to a send or
    // steer goes back by whoever sent it.
    const own = result.items.some((item) => item.kind !== 'note');
    const route = asked ?? (child && own ? await deps.boundRoute(result.session.key) : undefined);
    const maySpawn = await deps.maySpawn(result);
    return {
      route,
      bound: asked === undefined && route !== undefined,
      texts: replies(result, { started: registry.startedIn(result.id), maySpawn }),
      completions: result.items.flatMap((item) => (item.kind === 'completion' ? [completionRun(item.id)] : [])),
      run: run !== undefined && !isTerminal(run.state.status) ? run : undefined,
      text: run === undefined ? '' : await this.#resultText(result, run),
    };
  }

  async #resultText(result: TurnResult, run: Run): Promise<string> {
    if (result.answers.length > 0) return resultText(result.entries, result.outcome);
    const entries = await this.#deps.transcripts.read(result.session.id);
    return resultText(
      entries.filter((entry) => entry.at >= run.acceptedAt),
      result.outcome,
    );
  }

  /** Returns the run that ended with this turn. */
  #record(sql: Sql, result: TurnResult, facts: Facts): Run | undefined {
    const now = this.#deps.clock.now();
    this.#deps.inboxDone(
      sql,
      result.items.flatMap((item) => [item.id, ...(item.folds ?? [])]),
      result.outcome.kind,
    );
    this.#deps.budgets.spend(sql, {
      tree: result.tree,
      place: { session: result.session.controlScope, agentId: result.session.agentId, origin: facts.route },
      seconds: (result.endedAt - result.startedAt) / 1000,
    });
    const taken = this.#takeIn(sql, result, facts);
    const ended = this.#advance(sql, result, facts, now);
    const delivers = ended?.delivery.state === 'sending' ? [...taken, ended.id] : taken;
    this.#reply(sql, result, facts, delivers);
    return ended;
  }

  /** The last answer is also the delivery of `delivers`: what was taken in, and a bound run that ended with it. */
  #reply(sql: Sql, result: TurnResult, { route, texts }: Facts, delivers: readonly string[]): void {
    if (route === undefined) return;
    const last = texts.findLastIndex((each) => each.kind === 'answer');
    for (const [index, each] of texts.entries()) {
      const announces = index === last && delivers[0] !== undefined;
      this.#deps.enqueue(sql, {
        key: announces ? `announce:${delivers[0]}` : `reply:${result.id}:${index}`,
        route,
        message: { text: each.text },
        priority: each.kind === 'answer' ? 'final' : 'reply',
        session: result.session.key,
        ...(announces ? { runs: delivers } : {}),
      });
    }
  }

  /** Marks the completions this turn took in. Returns those that its last answer delivers. */
  #takeIn(sql: Sql, result: TurnResult, facts: Pick<Facts, 'route' | 'texts' | 'completions'>): readonly string[] {
    if (result.outcome.kind !== 'success') return [];
    const { registry } = this.#deps;
    const owed = facts.completions.filter((id) => {
      const state = registry.get(id, sql)?.delivery.state;
      return state === 'pending' || state === 'handed';
    });
    const answered = facts.texts.some((each) => each.kind === 'answer');
    const inward = result.session.kind !== 'chat' && facts.route === undefined;
    if (!inward && answered) {
      this.#mark(sql, owed, { state: 'sending' });
      return owed;
    }
    if (inward || result.yielded) this.#mark(sql, owed, { state: 'delivered', reason: 'taken in by the requester' });
    else if (isSilent(result)) this.#mark(sql, owed, { state: 'silent', reason: 'the agent answered NO_REPLY' });
    // Anything else is an empty answer: the completion stays owed and is handed over again.
    return [];
  }

  #mark(
    sql: Sql,
    ids: readonly string[],
    to: { readonly state: Run['delivery']['state']; readonly reason?: string },
  ): void {
    const { registry, clock, archiveMinutes } = this.#deps;
    const now = clock.now();
    for (const id of ids) {
      const attempts = registry.get(id, sql)?.delivery.attempts ?? 0;
      const delivery = { ...to, attempts, ...(to.state === 'delivered' ? { deliveredAt: now } : {}) };
      setDelivery(sql, registry, id, { delivery, now, archiveMinutes: archiveMinutes() });
    }
  }

  /** Moves the run of a child session on; returns it if it ended with this turn. */
  #advance(sql: Sql, result: TurnResult, facts: Facts, now: number): Run | undefined {
    const { registry } = this.#deps;
    const { outcome, cause } = result;
    if (facts.run === undefined) return undefined;
    const run = registry.change(sql, facts.run.id, (each) => ({ ...each, usage: addUsage(each.usage, result.usage) }));
    if (run === undefined || isTerminal(run.state.status)) return undefined;
    // A stop ends the run itself, and a newer message goes on with it in the next turn.
    if (outcome.kind === 'stopped' || cause === 'handoff') return undefined;
    if (outcome.kind !== 'success') {
      // A failed attempt to take a completion in is repeated by the announcer, which gives up on the run if it must.
      return onlyCompletions(result.items) ? undefined : endRun(sql, registry, run.id, { outcome, now });
    }
    // A steer that came too late for this turn still belongs to the task.
    const unread = this.#deps.waiting(result.session.key).some((item) => item.kind === 'note' && item.steerable);
    if (unread) return undefined;
    if (registry.openChildren(result.session.key, sql).length > 0) {
      const state = { status: 'waiting', startedAt: startedAt(run, now) } as const;
      registry.change(sql, run.id, (each) => ({ ...each, lastEventAt: now, state }));
      return undefined;
    }
    const posted = facts.bound && facts.texts.some((each) => each.kind === 'answer');
    return endRun(sql, registry, run.id, {
      outcome: { kind: 'success', text: facts.text },
      now,
      ...(posted ? { delivery: { state: 'sending', attempts: 0 } } : {}),
    });
  }
}

/** Item ids of completions carry the run and the attempt: `announce:<runId>:<attempt>`. */
export function completionRun(itemId: string): string {
  return itemId.split(':')[1] ?? '';
}

export function completionItemId(runId: string, attempt: number): string {
  return `announce:${runId}:${attempt}`;
}

function onlyCompletions(items: readonly MailItem[]): boolean {
  return items.every((item) => item.kind === 'completion' || item.kind === 'wake');
}

function startedAt(run: Run, now: number): number {
  return run.state.status === 'running' || run.state.status === 'waiting' ? run.state.startedAt : now;
}
