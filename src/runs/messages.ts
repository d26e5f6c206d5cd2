// Messages that people and agents put into a run's session: steer and send. Stored before anything acts on them; an answer
// that takes longer than the asker waits follows by itself. Called by /subagents, /steer and the session tools.

import type { ItemEnd } from '../agents/turn-types.ts';
import type { Placed } from '../agents/turns.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import type { Route } from '../core/route.ts';
import type { SendResult, SteerResult } from '../core/services.ts';
import type { Session } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Database, Sql } from '../infra/database.ts';
import type { RunItem } from './spawn.ts';
import type { OutgoingEntry } from './turn-end.ts';

/** Time a command waits for the answer to a send, and for a running turn to take a steer in. */
const answerMs = 30_000;
const boundaryMs = 2_000;

export interface MessagesDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly offer: (session: Session, item: RunItem) => Placed;
  /** Stores a message for a session; returns the item id its row has, or undefined for a key stored before. */
  readonly store: (sql: Sql, message: StoredMessage) => string | undefined;
  readonly enqueue: (sql: Sql, entry: OutgoingEntry) => void;
  readonly sent: () => void;
  readonly tree: (session: Session) => string;
}

export interface StoredMessage {
  readonly session: string;
  readonly key: string;
  readonly text: string;
  readonly from: string;
  /** Where an answer is owed. */
  readonly route: Route | undefined;
}

export interface MessageAsk {
  readonly target: Session;
  readonly label: string;
  readonly text: string;
  /** Who says it, for the agent's eyes. */
  readonly from: string;
  /** Idempotency key: the command's intake row or the tool call. */
  readonly key: string;
  /** Where an answer goes that comes later; absent where nobody waits for one. */
  readonly route?: Route | undefined;
  /** The session answers in `route` itself, as it does to a plain message there. */
  readonly inPlace?: boolean;
}

export class Messages {
  readonly #deps: MessagesDeps;

  constructor(deps: MessagesDeps) {
    this.#deps = deps;
  }

  /** Into the running turn at its next boundary; its next message if that turn ends first; a new turn if none runs. */
  async steer(ask: MessageAsk): Promise<Result<SteerResult>> {
    const placed = await this.#put(ask, true);
    if (placed === undefined) return ok('queued');
    if (placed.to === 'turn') {
      this.#follow(ask, placed);
      return ok('idle');
    }
    if (placed.to !== 'active') return ok('queued');
    const taken = await this.#within(placed.taken, boundaryMs);
    return ok(taken === 'injected' ? 'injected' : 'queued');
  }

  /** The next turn of the session. Answers within 30 s, else the answer is posted when it comes. */
  async send(ask: MessageAsk): Promise<Result<SendResult>> {
    const placed = await this.#put(ask, false);
    if (placed === undefined) return ok({ kind: 'running' });
    const end = await this.#within(placed.ended, answerMs);
    if (end === undefined) {
      this.#follow(ask, placed);
      return ok({ kind: 'running' });
    }
    return answerOf(end);
  }

  /** Puts a message in and has the answer handed to `onAnswer`; used by agents, whose answer is a note, not a post. */
  async forward(ask: MessageAsk, onAnswer: (text: string) => void): Promise<void> {
    const placed = await this.#put(ask, false);
    void placed?.ended.then((end) => {
      const answer = answerOf(end);
      if (answer.ok && answer.value.kind === 'answered') onAnswer(answer.value.text);
      if (answer.ok && answer.value.kind === 'failed') onAnswer(answer.value.message);
    });
  }

  /** Goes on with a message stored before a restart. */
  resume(ask: Omit<MessageAsk, 'key' | 'label'>, ticket: number): void {
    const { clock, offer, tree } = this.#deps;
    const { target, text, from } = ask;
    const id = `inbox:${ticket}`;
    const placed = offer(target, {
      id,
      kind: 'note',
      text,
      from,
      at: clock.now(),
      tree: tree(target),
      steerable: true,
    });
    this.#follow({ ...ask, key: id, label: target.agentId }, placed);
  }

  async #put(ask: MessageAsk, steerable: boolean): Promise<Placed | undefined> {
    const { database, clock, offer, store, tree } = this.#deps;
    const { target, text, from, route } = ask;
    const id = await database.write((sql) => store(sql, { session: target.key, key: ask.key, text, from, route }));
    if (id === undefined) return undefined;
    const place = ask.inPlace === true && route !== undefined ? { route } : {};
    return offer(target, { id, kind: 'note', text, from, at: clock.now(), tree: tree(target), steerable, ...place });
  }

  /** Posts the answer when it comes. */
  #follow(ask: MessageAsk, placed: Placed): void {
    const { route } = ask;
    if (route === undefined || ask.inPlace === true) return;
    void placed.ended.then(async (end) => {
      const answer = answerOf(end);
      if (!answer.ok || answer.value.kind === 'running') return;
      const text =
        answer.value.kind === 'answered'
          ? `✅ ${ask.label}: ${answer.value.text}`
          : `⚠️ ${ask.label}: ${answer.value.message}`;
      await this.#deps.database.write((sql) =>
        this.#deps.enqueue(sql, {
          key: `answer:${ask.key}`,
          route,
          message: { text },
          priority: 'final',
          session: ask.target.key,
        }),
      );
      this.#deps.sent();
    });
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

function answerOf(end: ItemEnd): Result<SendResult> {
  if (end.kind === 'dropped') {
    if (end.why === 'draining')
      return refuse('draining', 'Switchyard is restarting.', 'The message is kept and answered after the restart.');
    return ok({
      kind: 'failed',
      message: end.why === 'gone' ? 'its session is gone.' : 'stopped before it was answered.',
    });
  }
  const { outcome, answers } = end.result;
  switch (outcome.kind) {
    case 'success':
      return ok({ kind: 'answered', text: answers.join('\n\n') || '(no text)' });
    case 'error':
      return ok({ kind: 'failed', message: outcome.message });
    case 'timeout':
      return ok({ kind: 'failed', message: 'it took too long and was stopped.' });
    case 'stopped':
      return ok({ kind: 'failed', message: 'stopped before it was answered.' });
  }
}
