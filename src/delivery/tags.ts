// Who speaks, in chats where nothing else tells: the tag of a run for what its session says. Numbers are looked up before the
// transaction that stores a message, which cannot wait. Made by src/wiring/delivery.ts.
import type { OutboundMessage } from '../core/message.ts';
import { type Route, routeKey } from '../core/route.ts';
import type { Run } from '../core/run.ts';
import { runTag } from '../core/tag.ts';
import type { Sql } from '../infra/database.ts';

export interface TagsOptions {
  /** Whether what runs say at this place is tagged. */
  readonly wanted: (route: Route) => boolean;
  readonly run: (session: string, sql: Sql | undefined) => Run | undefined;
  /** The run's number in a conversation; gives it one. */
  readonly number: (route: Route, runId: string) => Promise<number>;
  /** Where a chat is now. */
  readonly current: (route: Route) => Route;
}

const remembered = 1_000;

export class Tags {
  readonly #options: TagsOptions;
  /** By place and run; the oldest first. */
  readonly #numbers = new Map<string, number>();

  constructor(options: TagsOptions) {
    this.#options = options;
  }

  /** A session is about to speak at a place. */
  async prepare(place: Route, session: string): Promise<void> {
    const route = this.#options.current(place);
    const run = this.#options.wanted(route) ? this.#options.run(session, undefined) : undefined;
    if (run === undefined) return;
    const key = keyOf(route, run);
    const number = await this.#options.number(route, run.id);
    this.#numbers.delete(key);
    this.#numbers.set(key, number);
    for (const oldest of this.#numbers.keys()) {
      if (this.#numbers.size <= remembered) break;
      this.#numbers.delete(oldest);
    }
  }

  /** The message as that session says it there; without a number where none was prepared. */
  said(sql: Sql, route: Route, session: string | undefined, message: OutboundMessage): OutboundMessage {
    if (session === undefined || !this.#options.wanted(route)) return message;
    const run = this.#options.run(session, sql);
    if (run === undefined) return message;
    return { ...message, tag: runTag(run.label, this.#numbers.get(keyOf(route, run))) };
  }
}

function keyOf(route: Route, run: Run): string {
  return `${routeKey(route)} ${run.id}`;
}
