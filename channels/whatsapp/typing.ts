// «typing …» for as long as somebody works on an answer. Best effort: WhatsApp shows it for a while only, so it is repeated, and
// taken back at the end. Made by adapter.ts.
import type { WASocket } from '@whiskeysockets/baileys';
import { type Route, routeKey } from '../../src/core/route.ts';
import type { Clock, Timer } from '../../src/infra/clock.ts';
import type { Identity } from './identity.ts';

export interface TypingOptions {
  /** While connected. */
  readonly socket: () => Pick<WASocket, 'sendPresenceUpdate'> | undefined;
  readonly identity: Pick<Identity, 'mark'>;
  readonly clock: Clock;
}

const againMs = 10_000;

export class Typing {
  readonly #options: TypingOptions;
  readonly #places = new Map<string, Timer>();
  #closed = false;

  constructor(options: TypingOptions) {
    this.#options = options;
  }

  begin(route: Route): void {
    const key = routeKey(route);
    if (!this.#closed && !this.#places.has(key)) this.#repeat(route, key);
  }

  end(route: Route): void {
    const key = routeKey(route);
    const timer = this.#places.get(key);
    if (timer === undefined) return;
    timer.cancel();
    this.#places.delete(key);
    this.#show(route, 'paused');
  }

  /** For good. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#places.values()) timer.cancel();
    this.#places.clear();
  }

  #repeat(route: Route, key: string): void {
    this.#places.set(
      key,
      this.#options.clock.after(againMs, () => this.#repeat(route, key)),
    );
    this.#show(route, 'composing');
  }

  #show(route: Route, what: 'composing' | 'paused'): void {
    const { socket, identity } = this.#options;
    // A connection that has gone says so itself.
    socket()
      ?.sendPresenceUpdate(what, identity.mark(route.chat).address)
      .catch(() => undefined);
  }
}
