// Where a result or reply goes, and where next once that place is gone.
// Pure; called by deliver-row.ts and src/wiring/delivery.ts.
import { ok, type Result, refuse } from '../core/result.ts';
import { parentRoute, type Route, type RouteHint, routeKey } from '../core/route.ts';

export interface RouteQuery {
  /** Conversation bound to the child that speaks. */
  readonly childBinding?: Route | undefined;
  /** Conversation bound to the session that asked. */
  readonly requesterBinding?: Route | undefined;
  /** The place that asked, frozen at spawn. */
  readonly origin?: RouteHint | undefined;
  /** Where the requester's session was last spoken to; only fills gaps of `origin`. */
  readonly requesterLast?: Route | undefined;
}

export type RouteReason = 'bound_child' | 'bound_requester' | 'origin' | 'origin_completed';

export interface ResolvedRoute {
  readonly route: Route;
  readonly why: RouteReason;
}

/** The first complete address wins. Refused with `no_route` and what is missing. */
export function resolveRoute(query: RouteQuery): Result<ResolvedRoute> {
  if (query.childBinding !== undefined) return ok({ route: query.childBinding, why: 'bound_child' });
  if (query.requesterBinding !== undefined) return ok({ route: query.requesterBinding, why: 'bound_requester' });
  const { origin } = query;
  if (origin === undefined) return noRoute('it was started from no conversation');
  const own = complete(origin, undefined);
  if (own !== undefined) return ok({ route: own, why: 'origin' });
  const filled = complete(origin, query.requesterLast);
  if (filled !== undefined) return ok({ route: filled, why: 'origin_completed' });
  return noRoute(`the conversation it was started from on ${origin.channel} is not fully known`);
}

/**
 * Gaps come from the last route of the same channel, and only where it does not contradict what is known: a chat id
 * means nothing under another account. A thread is kept, never borrowed.
 */
function complete(hint: RouteHint, last: Route | undefined): Route | undefined {
  const usable = last?.channel === hint.channel ? last : undefined;
  const account = hint.account ?? usable?.account;
  const chat = hint.chat ?? (usable?.account === account ? usable?.chat : undefined);
  if (account === undefined || chat === undefined) return undefined;
  return { channel: hint.channel, account, chat, ...(hint.thread === undefined ? {} : { thread: hint.thread }) };
}

function noRoute(what: string) {
  return refuse('no_route', `There is no place to send this to: ${what}.`, 'Read it with /subagents log.');
}

export interface Fallback {
  readonly route: Route;
  /** A line to put above the text, so that people know why it appears here. */
  readonly note: string;
}

/**
 * The next place after the platform refused one for good (deleted, locked, forbidden): the parent chat of a thread, then
 * the session's last route.
 * @param gone route keys that refused it so far, the present one included
 * @returns undefined when nothing is left: `undelivered: no route`
 */
export function fallbackRoute(route: Route, gone: readonly string[], last: Route | undefined): Fallback | undefined {
  const parent = route.thread === undefined ? undefined : parentRoute(route);
  if (parent !== undefined && !gone.includes(routeKey(parent))) return { route: parent, note: 'ℹ️ thread gone' };
  if (last === undefined || gone.includes(routeKey(last))) return undefined;
  return { route: last, note: 'ℹ️ the place this belongs to is gone' };
}
