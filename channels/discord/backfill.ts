// Reads what was said while nobody told us: a lost session, a process that was not running, a server that Discord could not
// show. Used by adapter.ts whenever a session begins anew, and when such a server is back; a resumed session is told everything.
// 1 which channels have something newer than what was seen  2 page it  3 hand it to the inbox like anything else, oldest first
import { type Client, Routes } from 'discord.js';
import pLimit from 'p-limit';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import type { DiscordApi } from './api.ts';
import type { Newest } from './dispatches.ts';
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
/** After that it is told that a channel cannot be read; it is tried on. */
const toldAfterTries = 5;
const longestPauseMs = 60_000;
/** What comes now waits only so long for what a channel does not hand out. */
const patienceMs = 10_000;
/** Channels read side by side; how many calls a second that makes depends on how fast Discord answers. */
const atOnce = 4;

export interface Gap {
  readonly channel: string;
  readonly after: string;
}

/**
 * @param gaps their marks are held
 * Resolves when what can be read at once was handed on; never rejects. What Discord fails to hand out goes on by itself: one
 * such channel must not keep everybody waiting whose message comes meanwhile.
 */
export async function backfill(options: BackfillOptions, gaps: readonly Gap[]): Promise<void> {
  const limit = pLimit(atOnce);
  const counts = await Promise.all(gaps.map((gap) => limit(() => readOn(options, gap))));
  const messages = counts.reduce((sum, count) => sum + count, 0);
  if (messages > 0)
    options.log.info({ channels: gaps.length, messages, code: 'discord_backfill' }, 'read what was said meanwhile');
}

/** Discord says with every session what the last message of each channel is; for direct chats it does not. */
export function gapsOf(client: Client, seen: Seen): readonly Gap[] {
  const newest = [...client.channels.cache.values()].flatMap((channel): Newest[] => {
    if (channel.isDMBased() || !('lastMessageId' in channel)) return [];
    const { id, lastMessageId } = channel;
    return typeof lastMessageId === 'string' ? [{ channel: id, message: lastMessageId }] : [];
  });
  const directs = seen.directs().flatMap((channel): Gap[] => {
    const after = seen.after(channel);
    return after === undefined ? [] : [{ channel, after }];
  });
  return [...gapsBefore(newest, seen), ...hold(directs, seen)];
}

export function gapsBefore(newest: readonly Newest[], seen: Seen): readonly Gap[] {
  const gaps = newest.flatMap(({ channel, message }): Gap[] => {
    const after = seen.after(channel);
    return after === undefined || !isNewer(message, after) ? [] : [{ channel, after }];
  });
  return hold(gaps, seen);
}

/** All of them at once: what is said now must move no mark of those that wait to be read. */
function hold(gaps: readonly Gap[], seen: Seen): readonly Gap[] {
  for (const { channel, after } of gaps) seen.hold(channel, after);
  return gaps;
}

/** @returns how many messages were handed on */
async function readOn(options: BackfillOptions, gap: Gap): Promise<number> {
  const { signal, clock } = options;
  const missed = read(options, gap);
  const soon = new AbortController();
  const late = clock.sleep(patienceMs, AbortSignal.any([soon.signal, signal])).then(() => undefined);
  const found = await Promise.race([missed, late]);
  soon.abort();
  if (found !== undefined) return await handOn(options, gap, found);
  // Later than what is said now, but not lost: the mark of the channel stays until then.
  void missed.then((each) => handOn(options, gap, each));
  return 0;
}

async function handOn(
  { signal, take, seen }: BackfillOptions,
  { channel }: Gap,
  missed: readonly DiscordMessage[],
): Promise<number> {
  let count = 0;
  for (const message of missed) {
    if (signal.aborted) return count;
    await take(message);
    count += 1;
  }
  // At the end of the process it may be that not everything was read.
  if (!signal.aborted) seen.release(channel);
  return count;
}

/** What was missed, oldest first; read from its end, so that what is left out is the oldest. Never rejects. */
async function read(options: BackfillOptions, { channel, after }: Gap): Promise<readonly DiscordMessage[]> {
  const { signal, log } = options;
  const missed: DiscordMessage[] = [];
  for (let page = 0; page < mostPages && !signal.aborted; page += 1) {
    const found = await readPage(options, channel, missed.at(-1)?.id);
    const fresh = found.filter(({ id }) => isNewer(id, after));
    missed.push(...fresh);
    if (fresh.length < pageSize) return missed.reverse();
  }
  if (!signal.aborted) log.warn({ channel, code: 'discord_backfill' }, 'too much was said meanwhile to read all of it');
  return missed.reverse();
}

/** Newest first. @param before undefined: from the end */
async function readPage(
  options: BackfillOptions,
  channel: string,
  before: string | undefined,
): Promise<readonly DiscordMessage[]> {
  const { api, clock, log, signal } = options;
  const query = new URLSearchParams({ limit: String(pageSize), ...(before === undefined ? {} : { before }) });
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      const page = await api.call<DiscordMessage[]>((rest, stop) =>
        rest.get(Routes.channelMessages(channel), { query, signal: stop }),
      );
      return page.sort((a, b) => (isNewer(a.id, b.id) ? -1 : 1));
    } catch (error) {
      const fault = faultOf(error);
      const again = fault.kind === 'rate' || fault.kind === 'unsent' || fault.kind === 'unknown';
      const fields = { channel, cause: causeOf(error), code: 'discord_backfill' };
      if (!again) {
        log.debug(fields, 'a channel cannot be read any more');
        return [];
      }
      if (tries === toldAfterTries) log.error(fields, 'a channel cannot be read; what was said in it comes later');
      const pause = Math.min(1_000 * 2 ** Math.min(tries - 1, 10), longestPauseMs);
      await clock.sleep(fault.kind === 'rate' ? fault.afterMs : pause, signal);
    }
  }
  return [];
}
