// How much Telegram takes, as data for the pacer, and how far a refusal reaches. Pure but for what it remembers of refusals.
import type { RateLimit } from '../../src/core/channel.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';

/**
 * core.telegram.org/bots/faq «My bot is hitting limits»: one message a second in a chat, 20 a minute in a group, about 30 a
 * second in all. Topics of a forum share the limits of their group; edits count like messages.
 */
export function telegramLimits({ chat }: Pick<Route, 'chat'>): readonly RateLimit[] {
  const own: RateLimit = { key: `chat:${chat}`, count: 1, perMs: 1_000 };
  const all: RateLimit = { key: 'account', count: 30, perMs: 1_000 };
  return isGroupChat(chat) ? [own, { key: `group:${chat}`, count: 20, perMs: 60_000 }, all] : [own, all];
}

/** Ids of groups are negative (core.telegram.org/bots/api#chat). */
function isGroupChat(chat: string): boolean {
  return chat.startsWith('-');
}

/** 429 does not say whether it means the chat or the bot. One in a second chat while the first still holds means the bot. */
export class Silences {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #until = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Notes a 429 for a chat and says what is to be silent. */
  add(chat: string, afterMs: number): 'chat' | 'account' {
    const now = this.#clock.now();
    for (const [other, until] of this.#until) if (until <= now) this.#until.delete(other);
    const others = this.#until.size - (this.#until.has(chat) ? 1 : 0);
    this.#until.set(chat, now + afterMs);
    return others > 0 ? 'account' : 'chat';
  }
}
