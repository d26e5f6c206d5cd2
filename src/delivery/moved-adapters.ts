// The adapters with every route replaced by where its chat is now: whoever sends knows nothing of moved chats. Used by
// src/wiring/delivery.ts for everything that leaves.
import type { ChannelAdapter } from '../core/channel.ts';
import type { Route } from '../core/route.ts';
import type { Adapters } from './account.ts';

/** @param current where a chat is now; a route that never moved comes back as it is */
export function movedAdapters(adapters: Adapters, current: (route: Route) => Route): Adapters {
  const known = new WeakMap<ChannelAdapter, ChannelAdapter>();
  const redirected = (adapter: ChannelAdapter): ChannelAdapter => {
    const before = known.get(adapter);
    if (before !== undefined) return before;
    const made = redirect(adapter, current);
    known.set(adapter, made);
    return made;
  };
  return () => new Map([...adapters()].map(([key, adapter]) => [key, redirected(adapter)]));
}

/** Optional abilities stay optional: their absence means something. */
function redirect(adapter: ChannelAdapter, current: (route: Route) => Route): ChannelAdapter {
  const [edit, openThread, opensThreads] = [
    adapter.edit?.bind(adapter),
    adapter.openThread?.bind(adapter),
    adapter.opensThreads?.bind(adapter),
  ];
  const [limits, signal, fetch] = [
    adapter.limits?.bind(adapter),
    adapter.signal?.bind(adapter),
    adapter.fetch?.bind(adapter),
  ];
  const [botName, pairLink] = [adapter.botName?.bind(adapter), adapter.pairLink?.bind(adapter)];
  return {
    id: adapter.id,
    account: adapter.account,
    get can() {
      return adapter.can;
    },
    start: (events) => adapter.start(events),
    deliver: (route, message, key) => adapter.deliver(current(route), message, key),
    health: () => adapter.health(),
    stop: () => adapter.stop(),
    ...(edit && { edit: (route, id, message) => edit(current(route), id, message) }),
    ...(openThread && { openThread: (parent, name) => openThread(current(parent), name) }),
    ...(opensThreads && { opensThreads: (parent) => opensThreads(current(parent)) }),
    ...(limits && { limits: (route) => limits(current(route)) }),
    ...(signal && { signal: (route, sign) => signal(current(route), sign) }),
    ...(fetch && { fetch: (file, maxBytes) => fetch(file, maxBytes) }),
    ...(botName && { botName }),
    ...(pairLink && { pairLink }),
  };
}
