// Chats that are closed to us: the person blocked the bot, it was removed, the chat is gone. Remembered across restarts until
// something comes from there again. Written by deliver-row.ts and updates.ts, made by src/wiring/delivery.ts.
import { z } from 'zod';
import type { Receipt } from '../core/message.ts';
import { parentRoute, type Route } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';
import type { Log } from '../infra/log.ts';
import { chatKey } from './pacer.ts';

const closedSchema = z.object({
  /** For people: `the person has blocked the bot`. */
  reason: z.string(),
  /** Unix time in milliseconds. */
  at: z.number(),
});
type Closed = z.infer<typeof closedSchema>;

export interface ClosedPlacesOptions {
  readonly stores: StoreFactory;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'info' | 'error'>;
}

export class ClosedPlaces {
  readonly #options: ClosedPlacesOptions;
  readonly #store: KeyedStore<Closed>;
  /** By chat key. */
  readonly #closed = new Map<string, Closed>();
  readonly #watchers: ((chat: Route) => void)[] = [];
  #loading: Promise<void> | undefined;
  #loaded = false;

  constructor(options: ClosedPlacesOptions) {
    this.#options = options;
    this.#store = options.stores('closed-places', closedSchema);
  }

  /** What earlier processes knew; undefined once that is in memory. Never rejects. */
  loading(): Promise<void> | undefined {
    if (this.#loaded) return undefined;
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Why nothing can be sent to the chat of this route, or undefined. Complete once `loading` is over. */
  reason(route: Route): string | undefined {
    return this.#closed.size === 0 ? undefined : this.#closed.get(chatKey(route))?.reason;
  }

  /** All of them, for views. */
  list(): readonly { readonly chat: string; readonly reason: string }[] {
    return [...this.#closed].map(([chat, { reason }]) => ({ chat, reason }));
  }

  /** Calls `closed` whenever a chat closes. */
  watch(closed: (chat: Route) => void): void {
    this.#watchers.push(closed);
  }

  /** Remembers what a receipt says of the whole chat, if it does. Holds at once; a failed write is logged. */
  note(route: Route, receipt: Receipt): void {
    if (receipt.status !== 'refused' || receipt.closed !== true) return;
    const chat = parentRoute(route);
    const closed = {
      reason: receipt.reason ?? `${route.channel} refuses every message there`,
      at: this.#options.clock.now(),
    };
    this.#closed.set(chatKey(chat), closed);
    this.#options.log.info({ chat: chatKey(chat), reason: closed.reason }, 'a chat is closed to us');
    this.#store
      .set(chatKey(chat), closed)
      .catch((error: unknown) => this.#options.log.error({ err: error }, 'a closed chat was not stored'));
    for (const watcher of this.#watchers) watcher(chat);
  }

  /**
   * Something came from this chat: it is open again. Costs nothing for a chat that was never closed.
   * @returns whether it was closed
   */
  async reopen(route: Route): Promise<boolean> {
    const loading = this.loading();
    if (loading !== undefined) await loading;
    if (!this.#closed.delete(chatKey(route))) return false;
    await this.#store.delete(chatKey(route));
    this.#options.log.info({ chat: chatKey(route) }, 'a closed chat is open again');
    return true;
  }

  async #load(): Promise<void> {
    try {
      for await (const [chat, closed] of this.#store.entries())
        if (!this.#closed.has(chat)) this.#closed.set(chat, closed);
    } catch (error) {
      this.#options.log.error({ err: error }, 'closed chats could not be read');
    }
    this.#loaded = true;
  }
}
