// Where the owner is reached with a word about the process itself: the direct chat they last wrote from. Remembered across
// restarts. Written by inbound/receive.ts through the wiring, read by wiring/delivery.ts.
import { parentRoute, type Route, routeSchema, sameRoute } from '../core/route.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';

const key = 'last';

export class OwnerRoute {
  readonly #store: KeyedStore<Route>;

  constructor(stores: StoreFactory) {
    this.#store = stores('owner-route', routeSchema);
  }

  /** Undefined until the owner wrote for the first time. */
  get(): Promise<Route | undefined> {
    return this.#store.get(key);
  }

  /** The owner wrote in this direct chat. Stored only when it is another one than before. */
  async seen(route: Route): Promise<void> {
    await this.#store.update(key, (known) => (known !== undefined && sameRoute(known, route) ? known : route));
  }

  /** Whoever is reached in this chat is the owner no more. */
  async forget(route: Route): Promise<void> {
    const chat = parentRoute(route);
    await this.#store.update(key, (known) =>
      known !== undefined && sameRoute(parentRoute(known), chat) ? undefined : known,
    );
  }
}
