// Where the owner is reached with a word about the process itself: the direct chat they last wrote from, among those that are
// open now. Remembered across restarts. Made by wiring/delivery.ts; written and asked by the receiver through the wiring.
import { z } from 'zod';
import { parentRoute, type Route, routeSchema, sameRoute } from '../core/route.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';
import { accountKey } from './account.ts';

const key = 'recent';
const routesSchema = z.array(routeSchema).readonly();

export class OwnerRoute {
  readonly #store: KeyedStore<readonly Route[]>;
  readonly #open: (route: Route) => boolean;

  /** @param open whether a message to this chat could leave now: a terminal that is not there must not swallow it */
  constructor(stores: StoreFactory, open: (route: Route) => boolean) {
    this.#store = stores('owner-route', routesSchema);
    this.#open = open;
  }

  /**
   * Undefined until the owner wrote from a chat that is open.
   * @param without account key of a channel that is of no use now
   */
  async get(without?: string): Promise<Route | undefined> {
    return (await this.#store.get(key))?.find((route) => accountKey(route) !== without && this.#open(route));
  }

  /** The owner wrote in this direct chat. One is kept per account, the latest first. */
  async seen(route: Route): Promise<void> {
    await this.#store.update(key, (known = []) => {
      if (known[0] !== undefined && sameRoute(known[0], route)) return known;
      return [route, ...known.filter((each) => accountKey(each) !== accountKey(route))];
    });
  }

  /** Whoever is reached in this chat is the owner no more. */
  async forget(route: Route): Promise<void> {
    const chat = parentRoute(route);
    await this.#store.update(key, (known = []) => known.filter((each) => !sameRoute(parentRoute(each), chat)));
  }
}
