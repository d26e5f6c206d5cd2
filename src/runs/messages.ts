// Messages that people and agents put into a run's session: steer and send. Stored before anything acts on them; an answer
// that takes longer than the asker waits follows by itself. Called by /subagents, /steer and the session tools.

import type { SteerOutcome } from '../acp/steer.ts';
import type { Placed } from '../agents/active.ts';
import type { ItemEnd, TurnResult } from '../agents/turn-types.ts';
import type { OutboundMessage } from '../core/message.ts';
import { ok, type Result } from '../core/result.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import type { SendResult, SteerResult } from '../core/services.ts';
import type { Session, SessionKey } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { Log } from '../infra/log.ts';
import { completionMessage } from './completion.ts';
import { statusOf } from './end-run.ts';
import { answerOf, kept, notRead, steerResult } from './message-answers.ts';
import type { RunItem } from './spawn.ts';
import type { OutgoingEntry } from './turn-end.ts';

/** Time a command waits for the answer to a send, and for a running turn to take a steer in. */
const answerMs = 30_000;
const boundaryMs = 2_000;
/** Time a coding agent has to take a steer in, or to give its turn up for it. */
const steeredMs = 30_000;

export interface MessagesDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  readonly offer: (session: Session, item: RunItem) => SteerPlaced;
  /** Stores a message for a session; returns the item id its row has, or undefined for a key stored before. */
  readonly store: (sql: Sql, message: StoredMessage) => string | undefined;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
  readonly tree: (session: Session) => string;
  /** The run whose session this is. */
  readonly run: (session: SessionKey) => Run | undefined;
  /** Longest result shown in a chat, in UTF-16 units. */
  readonly maxChars: () => number;
  /** Somebody else than the owner speaks in this session from now on. */
  readonly distrust: (session: SessionKey) => Promise<unknown>;
  /** Outbox key of the reply to the command with this key: what is stored there first is what the person gets. */
  readonly replyKey: (key: string) => string;
}

export interface SteerPlaced extends Placed {
  /** What a coding agent does with it; absent where it is not for a turn that works, or gets ready to. */
  readonly became?: Promise<SteerOutcome> | undefined;
}

export interface StoredMessage {
  readonly session: string;
  readonly key: string;
  readonly text: string;
  readonly from: string;
  /** Where an answer is owed. */
  readonly route: Route | undefined;
  readonly steer: boolean;
  readonly inPlace: boolean;
}

export interface MessageAsk {
  readonly target: Session;
  readonly label: string;
  readonly text: string;
  /** Who says it, for the agent's eyes. */
  readonly from: string;
  /** False for a person who is not the owner, and for agents that listen to such people. */
  readonly trusted: boolean;
  /** Idempotency key: the command's intake row or the tool call. */
  readonly key: string;
  /** Where an answer goes that comes later; absent where nobody waits for one. */
  readonly route?: Route | undefined;
  /** The session answers in `route` itself, as it does to a plain message there. */
  readonly inPlace?: boolean;
  /** The command's reply to a result of `send`. */
  readonly reply?: ((result: SendResult) => string) | undefined;
  /** Called once the message has its place, long before any answer. */
  readonly acted?: (() => void) | undefined;
}

/** An answer that is owed to a place outside the session. */
interface Owed {
  readonly ask: MessageAsk;
  readonly route: Route;
  /** Also while the run goes on, whose own result would otherwise say it. */
  readonly always: boolean;
  /** The command still waits: the answer is its reply. */
  direct: boolean;
}

export class Messages {
  readonly #deps: MessagesDeps;
  /** By item id, until the item has ended. */
  readonly #owed = new Map<string, Owed>();

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /**
   * Into the running turn at its next boundary; its next message if that turn ends first; a new turn if none runs.
   * `pending`: no boundary came within two seconds; it goes in at the next one, or becomes the next message.
   */
  async steer(ask: MessageAsk): Promise<Result<SteerResult>> {
    const placed = await this.#put(ask, true);
    if (placed === undefined) return ok('queued');
    // Its task has not begun; the message comes after it and belongs to the same run.
    if (this.#deps.run(ask.target.key)?.state.status === 'queued') return ok('queued');
    if (placed.became !== undefined) return this.#became(placed.became);
    if (placed.to === 'turn') return ok('idle');
    if (placed.to !== 'active') return ok('queued');
    const taken = await this.#within(placed.taken, boundaryMs);
    if (taken === undefined) return ok('pending');
    if (taken !== 'dropped') return ok(taken === 'injected' ? 'injected' : 'queued');
    const end = await placed.ended;
    return end.kind === 'dropped' && end.why === 'draining' ? kept() : notRead();
  }

  async #became(became: Promise<SteerOutcome>): Promise<Result<SteerResult>> {
    return steerResult(await this.#within(became, steeredMs));
  }

  /** The next turn of the session. Answers within 30 s, else the answer is posted when it comes. */
  async send(ask: MessageAsk): Promise<Result<SendResult>> {
    const placed = await this.#put(ask, false);
    // A command repeated after a restart: what it stored goes on by itself.
    if (placed === undefined) return ok({ kind: 'running' });
    const end = await this.#within(placed.ended, answerMs);
    if (end !== undefined) return answerOf(end);
    const owed = this.#owed.get(placed.id);
    if (owed !== undefined) owed.direct = false;
    return ok({ kind: 'running' });
  }

  /** Puts a message in and has the answer handed to `onAnswer`; used by agents, whose answer is a note, not a post. */
  async forward(ask: MessageAsk, onAnswer: (text: string) => void): Promise<void> {
    const placed = await this.#put(ask, false);
    void placed?.ended.then((end) => {
      const answer = answerOf(end);
      if (answer.ok && answer.value.kind === 'answered') onAnswer(answer.value.text || '(no text)');
      if (answer.ok && answer.value.kind === 'failed') onAnswer(answer.value.message);
    });
  }

  /** Goes on with a message stored before a restart. */
  resume(
    ask: Omit<MessageAsk, 'label' | 'trusted'>,
    { id, steer }: { readonly id: string; readonly steer: boolean },
  ): void {
    const label = this.#deps.run(ask.target.key)?.label ?? ask.target.agentId;
    this.#offer({ ...ask, trusted: true, label }, id, steer);
  }

  /**
   * Stores the answers this turn owes, in the transaction that ends its messages: one for each place that asked.
   * @param live the run of this session goes on, or ends with this turn: its result says what steering it led to
   */
  settled(sql: Sql, result: TurnResult, live: boolean): void {
    const owed = result.items.flatMap(({ id }) => {
      const each = this.#owed.get(id);
      return each === undefined || (live && !each.always) ? [] : [each];
    });
    const told = new Set<string>();
    for (const { ask, route, direct } of owed.toSorted((a, b) => Number(b.direct) - Number(a.direct))) {
      const place = routeKey(route);
      if (told.has(place)) continue;
      told.add(place);
      const end: ItemEnd = { kind: 'turn', result };
      if (direct) this.#enqueue(sql, ask, { key: this.#deps.replyKey(ask.key), route, message: this.#reply(ask, end) });
      else this.#enqueue(sql, ask, { key: `answer:${ask.key}`, route, message: this.#answer(ask, end) });
    }
  }

  /** Where the answer to a message goes, as long as one is owed. */
  owes(itemId: string): Route | undefined {
    return this.#owed.get(itemId)?.route;
  }

  /** Messages whose answer somebody outside waits for. */
  stats(): { readonly owed: number } {
    return { owed: this.#owed.size };
  }

  async #put(ask: MessageAsk, steer: boolean): Promise<(SteerPlaced & { readonly id: string }) | undefined> {
    const { database, store, distrust } = this.#deps;
    const { target, text, from, route, key, inPlace = false } = ask;
    if (!ask.trusted && target.ownerOnly) await distrust(target.key);
    const id = await database.write((sql) =>
      store(sql, { session: target.key, key, text, from, route, steer, inPlace }),
    );
    const placed = id === undefined ? undefined : { id, ...this.#offer(ask, id, steer) };
    ask.acted?.();
    return placed;
  }

  #offer(ask: MessageAsk, id: string, steer: boolean): SteerPlaced {
    const { clock, offer, tree } = this.#deps;
    const { target, text, from, route } = ask;
    const place = ask.inPlace === true && route !== undefined ? { route } : {};
    const placed = offer(target, {
      ...{ id, kind: 'note', text, from, at: clock.now(), tree: tree(target), steerable: steer },
      ...place,
    });
    if (route === undefined || ask.inPlace === true) return placed;
    const always = !steer || placed.to === 'turn';
    this.#owed.set(id, { ask, route, always, direct: !steer && ask.reply !== undefined });
    void placed.ended.then((end) => this.#ended(id, end));
    return placed;
  }

  /** A message that no turn will answer is told to whoever does not wait for it any more. */
  #ended(id: string, end: ItemEnd): void {
    const owed = this.#owed.get(id);
    this.#owed.delete(id);
    if (owed === undefined || owed.direct || end.kind === 'turn' || end.why === 'draining') return;
    const { ask, route } = owed;
    this.#deps.database
      .write((sql) => this.#enqueue(sql, ask, { key: `answer:${ask.key}`, route, message: this.#answer(ask, end) }))
      .then(() => this.#deps.sent())
      .catch((error: unknown) => this.#deps.log.error({ err: error, key: ask.key }, 'answer was not stored'));
  }

  #enqueue(
    sql: Sql,
    ask: MessageAsk,
    out: { readonly key: string; readonly route: Route; readonly message: OutboundMessage | undefined },
  ): void {
    const { key, route, message } = out;
    if (message === undefined) return;
    this.#deps.enqueue(sql, { key, route, message, priority: 'final', session: ask.target.key });
  }

  #reply(ask: MessageAsk, end: ItemEnd): OutboundMessage | undefined {
    const answer = answerOf(end);
    const text = answer.ok ? ask.reply?.(answer.value) : undefined;
    return text === undefined ? undefined : { text };
  }

  /** An answer that comes later looks like the run's own completion. Undefined: it comes after a restart. */
  #answer(ask: MessageAsk, end: ItemEnd): OutboundMessage | undefined {
    // A coding agent that a person started belongs to no run, and is spoken of like one.
    const run = this.#deps.run(ask.target.key) ?? (ask.target.kind === 'acp' ? { label: ask.label } : undefined);
    if (end.kind === 'turn' && run !== undefined) {
      const { usage, startedAt, endedAt, outcome: said, answers } = end.result;
      const outcome = said.kind === 'success' ? { ...said, text: answers.join('\n\n') } : said;
      const state = { status: statusOf(outcome), startedAt, endedAt, outcome };
      return completionMessage({ ...run, usage, state }, this.#deps.maxChars());
    }
    const answer = answerOf(end);
    if (!answer.ok || answer.value.kind === 'running') return undefined;
    if (answer.value.kind === 'failed') return { text: `⚠️ ${ask.label}: ${answer.value.message}` };
    return { text: `✅ ${ask.label}: ${answer.value.text || 'finished, no text result'}` };
  }

  async #within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
    const over = new AbortController();
    const late = this.#deps.clock.sleep(ms, over.signal).then(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } finally {
      over.abort();
    }
  }
}
