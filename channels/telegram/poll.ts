// The poll loop: one getUpdates at a time, and an update is confirmed only after it was stored. Our own, because the library's
// confirm an update that is still being handled. Called by connection.ts.
// 1 ask  2 store what came, in order, each until it is stored  3 move the offset  4 on a fault wait as its kind demands
import type { Update } from 'grammy/types';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { TelegramApi } from './api.ts';
import { causeOf, type Fault, type FaultCause, faultOf } from './faults.ts';
import { wantedUpdates } from './inbound.ts';

export interface PollOptions {
  readonly api: Pick<TelegramApi, 'call'>;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly signal: AbortSignal;
  /** Resolves once the update is stored; rejects when it was not. */
  readonly take: (update: Update) => Promise<void>;
  /** Telegram answered a poll. */
  readonly answered: () => void;
  /** A poll failed; the loop goes on by itself in `inMs`, except after `token`. */
  readonly failed: (fault: Fault, cause: FaultCause, inMs: number) => void;
  readonly intakeFailed: (error: unknown) => void;
}

/** Seconds Telegram holds a poll open while nothing happens. */
export const pollSeconds = 25;
/** A poll that is not answered this long after it should have been is dead. */
const graceMs = 10_000;
/** Longer than any poll is held, so that whoever has the token now is not thrown out by us at once. */
const conflictMs = 35_000;
const firstPauseMs = 250;
const longestPauseMs = 30_000;
const intakePauseMs = { first: 200, longest: 5_000 } as const;
/** For the last word to Telegram when we stop. */
const confirmWithinMs = 2_000;

/** Polls until `signal` aborts or the token is refused. Never rejects; resolves with no poll under way. */
export async function pollUpdates(options: PollOptions): Promise<void> {
  const { api, clock, signal } = options;
  let offset: number | undefined;
  let failures = 0;
  // The first poll does not wait: it tells at once whether we are connected, and what has piled up.
  let seconds = 0;
  while (!signal.aborted) {
    try {
      const updates = await getUpdates(options, offset, seconds);
      failures = 0;
      options.answered();
      // An answered poll has confirmed its offset. Without one Telegram gives what is open, also after a quiet week, when
      // numbers start anew at a random place (core.telegram.org/bots/api#update).
      offset = undefined;
      if (updates.length === 0) seconds = pollSeconds;
      for (const update of updates) {
        if (!(await store(options, update))) break;
        offset = update.update_id + 1;
      }
    } catch (error) {
      if (signal.aborted) break;
      const fault = faultOf(error);
      const inMs = pauseMs(fault, failures, options.ids.random());
      failures += 1;
      // As the first one: the poll after a fault tells at once whether Telegram is there again.
      seconds = 0;
      options.failed(fault, causeOf(error), inMs);
      if (fault.kind === 'token') return;
      // Only a webhook that somebody set explains a conflict without a second program.
      if (fault.kind === 'conflict') {
        await api.call((bot, stop) => bot.deleteWebhook({}, stop), undefined, signal).catch(() => undefined);
      }
      await clock.sleep(inMs, signal);
    }
  }
  if (offset !== undefined) await confirm(api, offset);
}

function getUpdates({ api, signal }: PollOptions, offset: number | undefined, seconds: number): Promise<Update[]> {
  const ask = {
    limit: 100,
    timeout: seconds,
    allowed_updates: wantedUpdates,
    ...(offset === undefined ? {} : { offset }),
  };
  return api.call((bot, stop) => bot.getUpdates(ask, stop), seconds * 1000 + graceMs, signal);
}

/** An update that cannot be stored keeps those behind it waiting: their order matters, and Telegram keeps them meanwhile. */
async function store({ take, clock, signal, intakeFailed }: PollOptions, update: Update): Promise<boolean> {
  for (let wait: number = intakePauseMs.first; ; wait = Math.min(wait * 2, intakePauseMs.longest)) {
    if (signal.aborted) return false;
    try {
      await take(update);
      return true;
    } catch (error) {
      intakeFailed(error);
      await clock.sleep(wait, signal);
    }
  }
}

/** @param chance in [0, 1): programs that failed together must not come back together */
export function pauseMs(fault: Fault, failures: number, chance: number): number {
  if (fault.kind === 'rate') return fault.afterMs;
  if (fault.kind === 'conflict') return conflictMs + chance * 5_000;
  const pause = Math.min(firstPauseMs * 2 ** Math.min(failures, 10), longestPauseMs);
  return pause * (1 + chance * 0.1);
}

/** Tells Telegram what was stored, so that the next start does not get it again. Missing that is harmless: it is recognised. */
async function confirm(api: PollOptions['api'], offset: number): Promise<void> {
  const ask = { offset, limit: 1, timeout: 0, allowed_updates: wantedUpdates };
  await api.call((bot, stop) => bot.getUpdates(ask, stop), confirmWithinMs).catch(() => undefined);
}
