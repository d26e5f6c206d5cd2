// Reads what was said while nobody told us: a lost session, or a process that was not running. Used by adapter.ts whenever a
// session begins anew; a resumed one is told everything by Discord.
// 1 which channels have something newer than what was seen  2 page it, oldest first  3 hand it to the inbox like anything else
import { type Client, Routes } from 'discord.js';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import type { DiscordApi } from './api.ts';
import { causeOf, faultOf } from './faults.ts';
import type { DiscordMessage } from './inbound.ts';
import type { Seen } from './seen.ts';
import { isNewer } from './snowflake.ts';

export interface BackfillOptions {
  readonly api: DiscordApi;
  readonly clock: Clock;
  readonly log: Log;
  readonly seen: Seen;
  readonly signal: AbortSignal;
  /** Resolves once stored. */
  readonly take: (message: DiscordMessage) => Promise<void>;
}

/** docs.discord.com/developers/resources/message#get-channel-messages */
const pageSize = 100;
/** A channel that went on for long without us: what is older has passed. */
const mostPages = 10;
const mostTries = 8;
const longestPauseMs = 30_000;

interface Gap {
  readonly channel: string;
  readonly after: string;
}

/** Resolves when everything that can be read was handed on. Never rejects. */
export async function backfill(options: BackfillOptions, client: Client): Promise<void> {
  let messages = 0;
  const gaps = gapsOf(client, options.seen);
  for (const gap of gaps) messages += await readOn(options, gap);
  if (messages > 0)
    options.log.info({ channels: gaps.length, messages, code: 'discord_backfill' }, 'read what was said meanwhile');
}

/** Discord says with every session what the last message of each channel is; for direct chats it does not. */
function gapsOf(client: Client, seen: Seen): readonly Gap[] {
  const channels = [...client.channels.cache.values()].flatMap((channel): Gap[] => {
    if (channel.isDMBased() || !('lastMessageId' in channel)) return [];
    const { id, lastMessageId } = channel;
    const after = seen.after(id);
    if (typeof lastMessageId !== 'string' || after === undefined || !isNewer(lastMessageId, after)) return [];
    return [{ channel: id, after }];
  });
  const directs = seen.directs().flatMap((channel): Gap[] => {
    const after = seen.after(channel);
    return after === undefined ? [] : [{ channel, after }];
  });
  return [...channels, ...directs];
}

/** @returns how many messages were handed on */
async function readOn(options: BackfillOptions, { channel, after }: Gap): Promise<number> {
  const { signal, take, log } = options;
  let last = after;
  let count = 0;
  for (let page = 0; page < mostPages && !signal.aborted; page += 1) {
    const found = await readPage(options, channel, last);
    for (const message of found) {
      if (signal.aborted) return count;
      await take(message);
      last = message.id;
      count += 1;
    }
    if (found.length < pageSize) return count;
  }
  if (!signal.aborted) log.warn({ channel, code: 'discord_backfill' }, 'too much was said meanwhile to read all of it');
  return count;
}

async function readPage(options: BackfillOptions, channel: string, after: string): Promise<readonly DiscordMessage[]> {
  const { api, clock, log, signal } = options;
  const query = new URLSearchParams({ after, limit: String(pageSize) });
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      const page = await api.call<DiscordMessage[]>((rest, stop) =>
        rest.get(Routes.channelMessages(channel), { query, signal: stop }),
      );
      return page.sort((a, b) => (isNewer(a.id, b.id) ? 1 : -1));
    } catch (error) {
      const fault = faultOf(error);
      const again = fault.kind === 'rate' || fault.kind === 'unsent' || fault.kind === 'unknown';
      if (!again || tries >= mostTries) {
        const level = again ? 'error' : 'debug';
        log[level]({ channel, cause: causeOf(error), code: 'discord_backfill' }, 'a channel could not be read');
        return [];
      }
      const pause = Math.min(1_000 * 2 ** (tries - 1), longestPauseMs);
      await clock.sleep(fault.kind === 'rate' ? fault.afterMs : pause, signal);
    }
  }
  return [];
}
