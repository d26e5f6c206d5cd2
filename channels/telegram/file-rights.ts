// Chats in which the bot may write but not send files, learnt from what Telegram refused: for an hour texts go there in parts.
// Used by adapter.ts and sending.ts.
import type { Clock } from '../../src/infra/clock.ts';

/** Rights are given back now and then, and nobody tells about it. */
const forMs = 60 * 60_000;
const mostKnown = 1_000;

export class FileRights {
  readonly #clock: Clock;
  /** By chat, until when (Unix ms); oldest first. */
  readonly #without = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  refused(chat: string): void {
    this.#without.delete(chat);
    this.#without.set(chat, this.#clock.now() + forMs);
    for (const oldest of this.#without.keys()) {
      if (this.#without.size <= mostKnown) return;
      this.#without.delete(oldest);
    }
  }

  allows(chat: string): boolean {
    return (this.#without.get(chat) ?? 0) <= this.#clock.now();
  }
}
