// Two bots that answer each other would never end: what bots say in one chat is heard only up to a limit, then not for a while.
// Asked by hear.ts for every message of a bot that access lets through. Time comes in with each call.

export type BotDecision =
  | { readonly kind: 'heard' }
  /** `begins`: the first one not heard, worth a line in the log. `until`: unix time in milliseconds. */
  | { readonly kind: 'ignored'; readonly reason: 'bots_paused'; readonly begins: boolean; readonly until: number };

/** At most `events` in any `perMs` milliseconds of one chat, all its bots together; one more, and they wait `pauseMs`. */
const limit = { events: 20, perMs: 60_000, pauseMs: 60_000 } as const;
/** Chats remembered at once; the one that was silent longest goes first. */
const mostChats = 1_000;

interface Chat {
  /** Times of what was heard within `limit.perMs`, oldest first. */
  readonly heard: number[];
  pausedUntil: number;
}

export class BotGuard {
  /** The chat that spoke last is the last one. */
  readonly #chats = new Map<string, Chat>();

  /** @param chat any stable name of the chat. @param now unix time in milliseconds */
  decide(chat: string, now: number): BotDecision {
    const known = this.#take(chat);
    if (now < known.pausedUntil) return paused(known, false);
    while (known.heard[0] !== undefined && now - known.heard[0] >= limit.perMs) known.heard.shift();
    if (known.heard.length >= limit.events) {
      known.heard.length = 0;
      known.pausedUntil = now + limit.pauseMs;
      return paused(known, true);
    }
    known.heard.push(now);
    return { kind: 'heard' };
  }

  /** Chats remembered. */
  size(): number {
    return this.#chats.size;
  }

  #take(chat: string): Chat {
    const known = this.#chats.get(chat) ?? { heard: [], pausedUntil: 0 };
    this.#chats.delete(chat);
    this.#chats.set(chat, known);
    const [oldest] = this.#chats.keys();
    if (this.#chats.size > mostChats && oldest !== undefined) this.#chats.delete(oldest);
    return known;
  }
}

function paused(chat: Chat, begins: boolean): BotDecision {
  return { kind: 'ignored', reason: 'bots_paused', begins, until: chat.pausedUntil };
}
