// Where the person behind a session is. Used by the wiring of runs and session tools.
import type { Route } from '../core/route.ts';
import { lastRoute, type Session } from '../core/session.ts';
import type { Stores } from './stores.ts';

/** The place its tree was started from, else where the session was last spoken to. */
export function originOf(stores: Pick<Stores, 'registry'>, session: Session): Route | undefined {
  return stores.registry.byChild(session.key)?.origin ?? lastRoute(session);
}
