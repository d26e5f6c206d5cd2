// How much we send at most, as data for the pacer. Pure; used by adapter.ts.
import type { RateLimit } from '../../src/core/channel.ts';
import type { Route } from '../../src/core/route.ts';

/**
 * WhatsApp publishes no limits and closes accounts that write like a machine: one message a second in a chat and twenty a
 * minute in all is what careful bots keep to. Changes of messages count as messages.
 */
export function whatsappLimits({ chat }: Pick<Route, 'chat'>): readonly RateLimit[] {
  return [
    { key: `chat:${chat}`, count: 1, perMs: 1_000 },
    { key: 'account', count: 20, perMs: 60_000 },
  ];
}
