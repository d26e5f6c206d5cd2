// Chats the platform gave another id, e.g. a Telegram group that became a supergroup. What was for the old id is for the new
// one; what was remembered under the first id stays there. Durable; answers come from memory. Opened by the wiring.
import { z } from 'zod';
import { parentRoute, type Route, routeKey, routeSchema } from '../core/route.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';

const moveSchema = z.object({ from: routeSchema, to: routeSchema });
type Move = z.infer<typeof moveSchema>;

export class ChatMoves {
  readonly #store: KeyedStore<Move>;
  /** By route key of a chat: where it went, and where it came from. */
  readonly #next = new Map<string, Route>();
  readonly #before = new Map<string, Route>();

  private constructor(store: KeyedStore<Move>) {
    this.#store = store;
  }

  static async open(stores: StoreFactory): Promise<ChatMoves> {
    const store = stores('chat-moves', moveSchema);
    const moves = new ChatMoves(store);
    for await (const [, move] of store.entries()) moves.#remember(move);
    return moves;
  }

  /** Where a chat is now, through all its moves. A thread keeps its id. */
  current(route: Route): Route {
    return follow(this.#next, route).at(-1) ?? route;
  }

  /** The id a chat had at first: session keys are made of it, so that its memory goes on. */
  first(route: Route): Route {
    return follow(this.#before, route).at(-1) ?? route;
  }

  /** This chat under every id it had, the given one first. */
  all(route: Route): readonly Route[] {
    return follow(this.#before, route);
  }

  /**
   * Records a move; resolves once it is on disk. A way back to where the chat came from is no move: it would be nowhere.
   * @returns whether it was news: platforms tell of a move in both chats, and again with each message to the old one
   */
  async moved(from: Route, to: Route): Promise<boolean> {
    const move = { from: parentRoute(from), to: parentRoute(to) };
    if (this.all(move.from).some((each) => routeKey(each) === routeKey(move.to))) return false;
    await this.#store.set(routeKey(move.from), move);
    const known = this.#next.get(routeKey(move.from));
    this.#remember(move);
    return known === undefined || routeKey(known) !== routeKey(move.to);
  }

  #remember({ from, to }: Move): void {
    const earlier = this.#next.get(routeKey(from));
    if (earlier !== undefined) this.#before.delete(routeKey(earlier));
    this.#next.set(routeKey(from), to);
    this.#before.set(routeKey(to), from);
  }
}

/** The route and what it leads to, step by step, each with the route's own thread. */
function follow(steps: ReadonlyMap<string, Route>, route: Route): readonly Route[] {
  const found = [route];
  if (steps.size === 0) return found;
  const seen = new Set<string>();
  let key = routeKey(parentRoute(route));
  for (let at = steps.get(key); at !== undefined && !seen.has(key); at = steps.get(key)) {
    seen.add(key);
    found.push(route.thread === undefined ? at : { ...at, thread: route.thread });
    key = routeKey(at);
  }
  return found;
}
