// A complete address of a place where messages are read and written. Used by every room; built by the channels.
import { z } from 'zod';

export const channelIds = ['console', 'telegram', 'discord', 'whatsapp'] as const;
export type ChannelId = (typeof channelIds)[number];

export const routeSchema = z.object({
  channel: z.enum(channelIds),
  /** Account name from the config; `default` unless more accounts are configured. */
  account: z.string().min(1),
  /** The platform's chat id; for a Discord thread the parent channel's id. */
  chat: z.string().min(1),
  /** Thread or forum topic inside the chat. */
  thread: z.string().min(1).optional(),
});

export interface Route {
  readonly channel: ChannelId;
  readonly account: string;
  readonly chat: string;
  readonly thread?: string | undefined;
}

/** A partial address; only delivery/resolve-route.ts accepts one. */
export type RouteHint = Partial<Route> & Pick<Route, 'channel'>;

const encodePart = (part: string): string => part.replaceAll('%', '%25').replaceAll(':', '%3A');

/** Stable text form, unique per conversation: `telegram:default:123` or `telegram:default:123:7`. */
export function routeKey(route: Route): string {
  const parts = [route.channel, route.account, route.chat, ...(route.thread === undefined ? [] : [route.thread])];
  return parts.map(encodePart).join(':');
}

/** The route that `routeKey` made this of; undefined where it made none such. */
export function routeOfKey(key: string): Route | undefined {
  const [channel, account, chat, thread] = key
    .split(':')
    .map((part) => part.replaceAll('%3A', ':').replaceAll('%25', '%'));
  const parsed = routeSchema.safeParse({ channel, account, chat, ...(thread === undefined ? {} : { thread }) });
  return parsed.success ? parsed.data : undefined;
}

export function sameRoute(a: Route, b: Route): boolean {
  return routeKey(a) === routeKey(b);
}

/** The chat that holds a thread; a route without a thread is its own parent. */
export function parentRoute(route: Route): Route {
  return { channel: route.channel, account: route.account, chat: route.chat };
}
