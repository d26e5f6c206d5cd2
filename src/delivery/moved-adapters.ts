// The adapters with every route replaced by where its chat is now: whoever sends knows nothing of moved chats. Used by
// src/wiring/delivery.ts for everything that leaves.
import type { ChannelAdapter } from '../core/channel.ts';
import type { Route } from '../core/route.ts';
import type { Adapters } from './account.ts';

export interface Redirection {
  /** Where a chat is now; a route that never moved comes back as it is. */
  readonly current: (route: Route) => Route;
  /** Opens a thread when it is that chat's turn. */
  readonly opening: <T>(parent: Route, open: () => Promise<T>) => Promise<T>;
}

export function movedAdapters(adapters: Adapters, redirection: Redirection): Adapters {
  const known = new WeakMap<ChannelAdapter, ChannelAdapter>();
  const redirected = (adapter: ChannelAdapter): ChannelAdapter => {
    const before = known.get(adapter);
    if (before !== undefined) return before;
    const made = redirect(adapter, redirection);
    known.set(adapter, made);
    return made;
  };
  return () => new Map([...adapters()].map(([key, adapter]) => [key, redirected(adapter)]));
}

/** Optional abilities stay optional: their absence means something. */
function redirect(adapter: ChannelAdapter, { current, opening }: Redirection): ChannelAdapter {
  const [edit, openThread, opensThreads] = [
    adapter.edit?.bind(adapter),
    adapter.openThread,
    adapter.opensThreads?.bind(adapter),
  ];
  const [limits, signal, fetch] = [
    adapter.limits?.bind(adapter),
    adapter.signal?.bind(adapter),
    adapter.fetch?.bind(adapter),
  ];
  const direct = adapter.direct?.bind(adapter);
  const reaches = adapter.reaches?.bind(adapter);
  const takesFiles = adapter.takesFiles?.bind(adapter);
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
    ...(openThread && {
      openThread: (parent, name, from) => {
        const place = current(parent);
        const open = (): Promise<Route> => (adapter.openThread ?? openThread).call(adapter, place, name, from);
        return adapter.can.threadsFromMessages === true ? opening(place, open) : open();
      },
    }),
    ...(opensThreads && { opensThreads: (parent) => opensThreads(current(parent)) }),
    ...(reaches && { reaches: (route) => reaches(current(route)) }),
    ...(takesFiles && { takesFiles: (route) => takesFiles(current(route)) }),
    ...(limits && { limits: (route, answers) => limits(current(route), answers) }),
    ...(signal && {
      signal: (route, sign, message) => {
        const now = current(route);
        signal(now, sign, message);
        if (message !== undefined) return;
        // It may have begun before the chat moved.
        if (sign === 'idle' && now !== route) signal(route, sign);
      },
    }),
    ...(fetch && { fetch: (file, maxBytes) => fetch(file, maxBytes) }),
    ...(direct && { direct }),
    ...(botName && { botName }),
    ...(pairLink && { pairLink }),
  };
}
