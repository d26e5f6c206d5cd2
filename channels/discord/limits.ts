// How much Discord takes, as data for the pacer. Pure; used by adapter.ts.
import type { RateLimit } from '../../src/core/channel.ts';
import type { Route } from '../../src/core/route.ts';
import { nativeOf } from './native-answers.ts';
import { channelOf } from './places.ts';

/**
 * docs.discord.com/developers/topics/rate-limits: 50 requests a second in all. That a channel or thread takes 5 messages in
 * 5 seconds is no promise, but what its headers have said for years.
 */
export function discordLimits(route: Pick<Route, 'chat' | 'thread'>, answers?: string): readonly RateLimit[] {
  // The answer to a command fills in a message that is there already, by a token with a limit of its own.
  if (answers !== undefined && nativeOf(answers)?.kind === 'command') return [];
  // The rest is for what is asked and read, which is most at a start, when most is owed too; all calls pass gate.ts.
  const account = { key: 'account', count: 35, perMs: 1_000 };
  return [{ key: `channel:${channelOf(route)}`, count: 5, perMs: 5_000 }, account];
}
