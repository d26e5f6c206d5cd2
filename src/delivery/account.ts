// The name of one platform account, under which its adapter is found and its sends are counted.
// Used by delivery, app.ts and the wiring.
import type { ChannelAdapter } from '../core/channel.ts';
import type { Route } from '../core/route.ts';

/** `telegram:default`; channel ids hold no colon, so the text is unique. */
export function accountKey(of: Pick<Route, 'channel' | 'account'>): string {
  return `${of.channel}:${of.account}`;
}

/** The running adapters by account key; a getter, because a reload replaces them. */
export type Adapters = () => ReadonlyMap<string, ChannelAdapter>;

export function adapterFor(adapters: Adapters, route: Route): ChannelAdapter | undefined {
  return adapters().get(accountKey(route));
}
