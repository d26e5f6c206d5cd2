// «typing …» for as long as somebody works on an answer. Best effort: Telegram shows it for at most 5 s, so it is repeated.
// Used by adapter.ts.
import { type Route, routeKey } from '../../src/core/route.ts';
import type { Clock, Timer } from '../../src/infra/clock.ts';
import type { TelegramApi } from './api.ts';
import { faultOf } from './faults.ts';

const againMs = 4_500;

export class Typing {
  readonly #api: TelegramApi;
  readonly #clock: Clock;
  readonly #places = new Map<string, Timer>();

  constructor(api: TelegramApi, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  begin(route: Route): void {
    const key = routeKey(route);
    if (this.#places.has(key)) return;
    this.#repeat(route, key);
  }

  end(route: Route): void {
    const key = routeKey(route);
    this.#places.get(key)?.cancel();
    this.#places.delete(key);
  }

  close(): void {
    for (const timer of this.#places.values()) timer.cancel();
    this.#places.clear();
  }

  #repeat(route: Route, key: string): void {
    const timer = this.#clock.after(againMs, () => this.#repeat(route, key));
    this.#places.set(key, timer);
    const thread = route.thread === undefined ? {} : { message_thread_id: Number(route.thread) };
    this.#api
      .call((bot, signal) => bot.sendChatAction(route.chat, 'typing', thread, signal), againMs)
      .catch((error: unknown) => {
        // A chat that is closed to us stays so for as long as this turn works.
        const { kind } = faultOf(error);
        if ((kind === 'chat-closed' || kind === 'thread-gone') && this.#places.get(key) === timer) timer.cancel();
      });
  }
}
