// A platform that counts what arrives by its own clock and refuses what is too much, with delays of its own. It shares no
// code with the pacer. Used by traffic.ts.
import type { ChannelAdapter, RateLimit } from '../../src/core/channel.ts';
import type { Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';

export interface Arrival {
  readonly kind: 'send' | 'edit';
  readonly route: Route;
  readonly text: string;
  /** Key of a send, message id of an edit. */
  readonly key: string;
  readonly at: number;
}

export interface StrictPlatform {
  readonly adapter: ChannelAdapter;
  /** Accepted, in the order in which they arrived. */
  readonly arrivals: Arrival[];
  /** Refused for being too much. */
  rejected: number;
}

export interface PlatformOptions {
  readonly clock: Clock;
  readonly limits: (route: Route) => readonly RateLimit[];
  /** Milliseconds of one way; asked for each. */
  readonly latency: () => number;
}

export function strictPlatform({ clock, limits, latency }: PlatformOptions): StrictPlatform {
  const times = new Map<string, number[]>();
  const platform = { arrivals: [] as Arrival[], rejected: 0 };

  function tooMuch(route: Route): boolean {
    const now = clock.now();
    const full = limits(route).some(({ key, count, perMs }) => {
      const inWindow = (times.get(key) ?? []).filter((at) => at > now - perMs);
      times.set(key, inWindow);
      return inWindow.length >= count;
    });
    if (!full) for (const key of new Set(limits(route).map((limit) => limit.key))) times.get(key)?.push(now);
    return full;
  }

  async function call(arrival: Omit<Arrival, 'at'>): Promise<Receipt> {
    await clock.sleep(latency());
    const rejected = tooMuch(arrival.route);
    if (rejected) platform.rejected += 1;
    else platform.arrivals.push({ ...arrival, at: clock.now() });
    const id = arrival.kind === 'edit' ? arrival.key : `m:${arrival.key}`;
    await clock.sleep(latency());
    if (rejected) return { status: 'retry', afterMs: 3000, cause: 'too many requests', silence: 'chat' };
    return { status: 'sent', messageIds: [id] };
  }

  const adapter: ChannelAdapter = {
    id: 'telegram',
    account: 'default',
    can: { threads: true, edits: true, buttons: true, typing: false, idempotentSend: false, maxText: 4000 },
    start: async () => undefined,
    deliver: (route, { text }, key) => call({ kind: 'send', route, text, key }),
    edit: (route, key, { text }) => call({ kind: 'edit', route, text, key }),
    limits,
    health: () => ({ state: 'connected', detail: 'connected' }),
    stop: async () => undefined,
  };
  return Object.assign(platform, { adapter });
}

/** The published limits of Telegram: a message a second in a chat, 20 a minute in a group, 30 a second in all. */
export function telegramLimits(route: Route): readonly RateLimit[] {
  const group = route.chat.startsWith('-') ? [{ key: `group:${route.chat}`, count: 20, perMs: 60_000 }] : [];
  return [{ key: `chat:${route.chat}`, count: 1, perMs: 1000 }, ...group, { key: 'account', count: 30, perMs: 1000 }];
}
