// The queue of updates and the long poll on it (https://core.telegram.org/bots/api#getupdates): offsets, allowed kinds, one
// poll at a time. Called by methods.ts; the webhook of webhook.ts empties the same queue.
import type { Clock } from '../../../src/infra/clock.ts';
import type { Params } from './params.ts';
import { conflict } from './refusal.ts';
import type { Wire } from './rooms.ts';

export interface QueuedUpdate {
  readonly id: number;
  readonly at: number;
  readonly wire: Wire;
}

interface Held {
  readonly limit: number;
  answer(updates: readonly Wire[]): void;
  fail(reason: Error): void;
}

const oneDay = 24 * 3600 * 1000;
/** Left out unless they are asked for. */
const optional = new Set(['chat_member', 'message_reaction', 'message_reaction_count']);

export class Updates {
  /** The address of the webhook; while it is set nobody may poll. */
  webhook = '';
  /** Called when something was queued. */
  woken: () => void = () => {};
  readonly #clock: Clock;
  #queue: QueuedUpdate[] = [];
  #next: number;
  #allowed: ReadonlySet<string> | undefined;
  #held: Held | undefined;

  constructor(clock: Clock, firstId: number) {
    this.#clock = clock;
    this.#next = firstId;
  }

  get waiting(): readonly QueuedUpdate[] {
    return this.#queue;
  }

  /** Kinds that are not allowed at this moment are lost. */
  add(kind: string, payload: Wire): void {
    const wanted = this.#allowed === undefined ? !optional.has(kind) : this.#allowed.has(kind);
    if (!wanted) return;
    this.#queue.push({ id: this.#next, at: this.#clock.now(), wire: { update_id: this.#next, [kind]: payload } });
    this.#next += 1;
    this.#held?.answer(this.#take(this.#held.limit));
    this.woken();
  }

  /** Ids go on at another number, as after a quiet week. */
  restartIds(at: number): void {
    this.#next = at;
  }

  allow(params: Params): void {
    const kinds = params.object<string[]>('allowed_updates');
    if (kinds !== undefined) this.#allowed = kinds.length === 0 ? undefined : new Set(kinds);
  }

  /** getUpdates. @param gone aborts when the client closes its connection */
  async poll(params: Params, gone: AbortSignal): Promise<readonly Wire[]> {
    if (this.webhook !== '')
      throw conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    this.end('other getUpdates request; make sure that only one bot instance is running');
    this.allow(params);
    this.#confirm(params.integer('offset') ?? 0);
    const limit = Math.min(Math.max(params.integer('limit') ?? 100, 1), 100);
    const timeoutMs = Math.min(Math.max(params.integer('timeout') ?? 0, 0), 50) * 1000;
    const ready = this.#take(limit);
    return ready.length > 0 || timeoutMs === 0 ? ready : this.#hold(limit, timeoutMs, gone);
  }

  /** Ends a held poll with 409. */
  end(because: string): void {
    this.#held?.fail(conflict(`terminated by ${because}`));
  }

  /** Forgets one update that reached the webhook, or all. */
  forget(id?: number): void {
    this.#queue = id === undefined ? [] : this.#queue.filter((update) => update.id !== id);
  }

  #hold(limit: number, timeoutMs: number, gone: AbortSignal): Promise<readonly Wire[]> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        timer.cancel();
        gone.removeEventListener('abort', close);
        if (this.#held === held) this.#held = undefined;
      };
      const held: Held = {
        limit,
        answer: (updates) => {
          leave();
          resolve(updates);
        },
        fail: (reason) => {
          leave();
          reject(reason);
        },
      };
      const close = (): void => held.answer([]);
      const timer = this.#clock.after(timeoutMs, close);
      gone.addEventListener('abort', close, { once: true });
      this.#held = held;
      if (gone.aborted) close();
    });
  }

  /**
   * Everything below the offset is forgotten. An offset more than 10 beyond the next id confirms nothing and reads from
   * the start (TDLib, TQueue::get), which is what happens after ids restarted lower.
   */
  #confirm(offset: number): void {
    const oldest = this.#clock.now() - oneDay;
    this.#queue = this.#queue.filter((update) => update.at >= oldest);
    if (offset < 0) this.#queue = this.#queue.slice(offset);
    if (offset > 0 && offset <= this.#next + 10) this.#queue = this.#queue.filter((update) => update.id >= offset);
  }

  #take(limit: number): readonly Wire[] {
    return this.#queue.slice(0, limit).map((update) => update.wire);
  }
}
