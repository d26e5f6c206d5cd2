// When a place may be sent to: counts sends against the limits the adapters describe, and keeps the silences a platform
// asked for. In memory; asked by outbox.ts and deliver-row.ts for what is owed, by updates.ts for progress.
import type { RateLimit } from '../core/channel.ts';
import { parentRoute, type Route, routeKey } from '../core/route.ts';
import type { Clock } from '../infra/clock.ts';
import { type Adapters, accountKey } from './account.ts';

/** What a send counts against. */
export interface Target {
  readonly account: string;
  /** Key of the chat, which all its threads share. */
  readonly chat: string;
  readonly limits: readonly RateLimit[];
}

/**
 * `owed` may use every window whole. `progress` may not fill one beyond its half, whoever used it, so that an answer
 * finds room at once; of a window with a count of 1 the half is one send in twice the time.
 */
export type Level = 'owed' | 'progress';

/** The right to one send. It counts from now on; exactly one of the two ends that, further calls change nothing. */
export interface Permit {
  /** A send took place with it. A permit for a place without limits is good for any number. */
  readonly spent: boolean;
  /** The answer is there, or will not come: counts for the limit's time from now on. */
  used(): void;
  /** Nothing was sent. */
  drop(): void;
}

/** Sends that share a key. */
interface Tally {
  inFlight: number;
  /** When the last ones ended, oldest first. */
  readonly ended: number[];
  /** No limit looks back further. */
  keepMs: number;
}

const unlimited: readonly RateLimit[] = [];
const freely: Permit = { spent: false, used: () => undefined, drop: () => undefined };
const sweepEveryMs = 60_000;
/** The clock has whole milliseconds: two roundings may cut off this much. */
const roundingMs = 1;

export class Pacer {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #tallies = new Map<string, Tally>();
  /** End of the silence by account or chat key. */
  readonly #silences = new Map<string, number>();
  readonly #watchers: (() => void)[] = [];
  #notifying = false;
  #lastNow = 0;
  #sweptAt = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Keys and silences remembered. */
  get size(): number {
    return this.#tallies.size + this.#silences.size;
  }

  /** Calls `changed` soon after a permit was given back: what waited for it may have a time now. */
  watch(changed: () => void): void {
    this.#watchers.push(changed);
  }

  /**
   * Unix time in milliseconds from which a send is allowed: not in the future when it is now, `Infinity` when that is
   * known only after an answer to what is being sent.
   */
  freeAt(target: Target, level: Level): number {
    if (target.limits.length > 0 || this.#silences.size > 0) this.#now();
    let at = this.silentUntil(target);
    for (const limit of target.limits) {
      const tally = this.#tallies.get(tallyKey(target, limit));
      if (tally !== undefined) at = Math.max(at, windowFreeAt(tally, shareOf(limit, level)));
    }
    return at;
  }

  /** The permit for a send that begins now, or undefined when it would be too early. */
  take(target: Target, level: Level): Permit | undefined {
    const now = this.#now();
    if (this.freeAt(target, level) > now) return undefined;
    if (target.limits.length === 0) return freely;
    this.#sweep(now);
    return this.#permit(new Set(target.limits.map((limit) => this.#tally(target, limit))));
  }

  /** A send of an earlier process that had ended by `at`. Only before the first permit is taken. */
  recall(target: Target, at: number): void {
    for (const limit of target.limits) {
      const { ended } = this.#tally(target, limit);
      ended.splice(ended.findLastIndex((each) => each <= at) + 1, 0, at);
    }
  }

  /** The platform asked for silence in the chat or from the whole account, for `afterMs` from now. Never shortens one. */
  silence(target: Pick<Target, 'account' | 'chat'>, scope: 'chat' | 'account', afterMs: number): void {
    const key = scope === 'account' ? target.account : target.chat;
    this.#silences.set(key, Math.max(this.#silences.get(key) ?? 0, this.#now() + afterMs));
  }

  /** End of the silence that holds here; 0 or a past time when there is none. */
  silentUntil(target: Pick<Target, 'account' | 'chat'>): number {
    if (this.#silences.size === 0) return 0;
    return Math.max(this.#silences.get(target.account) ?? 0, this.#silences.get(target.chat) ?? 0);
  }

  #permit(tallies: ReadonlySet<Tally>): Permit {
    let spent = false;
    let open = true;
    const close = (sent: boolean): void => {
      if (!open) return;
      open = false;
      spent = sent;
      const now = this.#now();
      for (const tally of tallies) {
        tally.inFlight -= 1;
        if (sent) tally.ended.push(now);
        while ((tally.ended[0] ?? now) < now - tally.keepMs) tally.ended.shift();
      }
      this.#notify();
    };
    for (const tally of tallies) tally.inFlight += 1;
    return {
      get spent() {
        return spent;
      },
      used: () => close(true),
      drop: () => close(false),
    };
  }

  #tally(target: Target, limit: RateLimit): Tally {
    const key = tallyKey(target, limit);
    const tally = this.#tallies.get(key) ?? { inFlight: 0, ended: [], keepMs: 0 };
    this.#tallies.set(key, tally);
    tally.keepMs = Math.max(tally.keepMs, shareOf(limit, 'progress').perMs + roundingMs);
    return tally;
  }

  /** Not at once: whoever gave a permit back is in the middle of something. */
  #notify(): void {
    if (this.#notifying) return;
    this.#notifying = true;
    queueMicrotask(() => {
      this.#notifying = false;
      for (const changed of this.#watchers) changed();
    });
  }

  /** A clock that was put back takes what is remembered along, or nothing would be sent until it caught up. */
  #now(): number {
    const now = this.#clock.now();
    const back = this.#lastNow - now;
    this.#lastNow = now;
    if (back <= 0) return now;
    for (const { ended } of this.#tallies.values()) ended.splice(0, ended.length, ...ended.map((at) => at - back));
    for (const [key, until] of this.#silences) this.#silences.set(key, until - back);
    this.#sweptAt = Math.min(this.#sweptAt, now);
    return now;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < sweepEveryMs) return;
    this.#sweptAt = now;
    for (const [key, { inFlight, ended, keepMs }] of this.#tallies)
      if (inFlight === 0 && (ended.at(-1) ?? 0) < now - keepMs) this.#tallies.delete(key);
    for (const [key, until] of this.#silences) if (until <= now) this.#silences.delete(key);
  }
}

/** What a send to a route counts against. Limits are asked anew each time: a reload replaces adapters. */
export function targetOf(adapters: Adapters, route: Route, known?: Known): Target {
  const { account, chat } = known ?? { account: accountKey(route), chat: chatKey(route) };
  const answers = known?.started === true ? undefined : known?.answers;
  return { account, chat, limits: adapters().get(account)?.limits?.(route, answers) ?? unlimited };
}

type Known = Pick<Target, 'account' | 'chat'> & {
  readonly answers?: string | undefined;
  /** A part of it was sent. */
  readonly started?: boolean;
};

/** The chat of a route, whatever the thread. */
export function chatKey(route: Route): string {
  return routeKey(parentRoute(route));
}

function tallyKey(target: Target, limit: RateLimit): string {
  return `${target.account} ${limit.key}`;
}

function shareOf({ count, perMs }: RateLimit, level: Level): Pick<RateLimit, 'count' | 'perMs'> {
  if (level === 'owed') return { count: Math.max(1, count), perMs };
  return count < 2 ? { count: 1, perMs: 2 * perMs } : { count: Math.floor(count / 2), perMs };
}

/**
 * When a send reached the platform is unknown, only that it was between its start and its answer. So one that is being
 * sent fills a place in the window, and one that ended leaves it only when the window's time has passed since.
 */
function windowFreeAt(tally: Tally, share: Pick<RateLimit, 'count' | 'perMs'>): number {
  const room = share.count - tally.inFlight;
  if (room <= 0) return Infinity;
  const last = tally.ended.at(-room);
  return last === undefined ? 0 : last + share.perMs + roundingMs;
}
