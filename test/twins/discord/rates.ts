// The rates Discord allows and the headers it tells them in (https://discord.com/developers/docs/topics/rate-limits). The
// numbers of the single buckets are commonly observed, not published. Asked by server.ts before a call is carried out.
import type { Clock } from '../../../src/infra/clock.ts';
import { tooMany } from './faults.ts';
import type { Refusal } from './refusal.ts';
import type { Violations } from './violations.ts';

interface Rate {
  readonly name: string;
  readonly count: number;
  readonly perMs: number;
}

interface Bucket {
  left: number;
  resetAt: number;
}

export interface Asking {
  readonly route: string;
  /** The channel, guild or webhook a bucket belongs to. */
  readonly major: string;
  readonly renames: boolean;
}

export type Headers = Readonly<Record<string, string>>;

const bot: Rate = { name: 'global', count: 50, perMs: 1000 };
const renaming: Rate = { name: 'rename', count: 2, perMs: 600_000 };
const invalidWindowMs = 600_000;

const rates: readonly (readonly [RegExp, Rate])[] = [
  [/^POST \/channels\/:id\/messages$/, { name: 'send', count: 5, perMs: 5000 }],
  [/^PATCH \/channels\/:id\/messages\/:id$/, { name: 'edit', count: 5, perMs: 5000 }],
  [/^DELETE \/channels\/:id\/messages\/:id$/, { name: 'delete', count: 5, perMs: 1000 }],
  [/^GET \/channels\/:id\/messages$/, { name: 'history', count: 10, perMs: 5000 }],
  [/\/reactions\//, { name: 'react', count: 1, perMs: 250 }],
  [/\/typing$/, { name: 'typing', count: 5, perMs: 5000 }],
  [/^POST .*\/threads$/, { name: 'threads', count: 50, perMs: 300_000 }],
  [/ \/webhooks\/:id\/:token/, { name: 'webhook', count: 5, perMs: 2000 }],
];
const other: Rate = { name: 'other', count: 10, perMs: 10_000 };

/** Answers to interactions take no part in the global rate, the first one in none. */
const isCallback = (route: string): boolean => route.endsWith('/callback');
const isFree = (route: string): boolean => isCallback(route) || route.includes('/webhooks/:id/:token');

export class Rates {
  enabled = true;
  /** Calls refused so far. */
  refused = 0;
  readonly #clock: Clock;
  readonly #violations: Violations;
  readonly #mostInvalid: number;
  readonly #buckets = new Map<string, Bucket>();
  #invalid: number[] = [];

  /** @param mostInvalid 401, 403 and 429 in ten minutes before the address is banned */
  constructor(clock: Clock, violations: Violations, mostInvalid: number) {
    this.#clock = clock;
    this.#violations = violations;
    this.#mostInvalid = mostInvalid;
  }

  /** Calls answered with 401, 403 or 429 in the last ten minutes. */
  get invalid(): number {
    const since = this.#clock.now() - invalidWindowMs;
    this.#invalid = this.#invalid.filter((at) => at > since);
    return this.#invalid.length;
  }

  /** Counts a call: the headers of its answer, and the refusal where it is one too many. */
  take({ route, major, renames }: Asking): { readonly headers: Headers; readonly refusal?: Refusal } {
    if (!this.enabled || isCallback(route)) return { headers: {} };
    const rate = rates.find(([pattern]) => pattern.test(route))?.[1] ?? { ...other, name: route };
    const asked = [{ rate, key: `${rate.name} ${major}` }];
    if (renames) asked.push({ rate: renaming, key: `rename ${major}` });
    if (!isFree(route)) asked.push({ rate: bot, key: 'global' });
    const full = asked.find(({ rate: one, key }) => this.#bucket(one, key).left === 0);
    if (full !== undefined) return this.#refuse(full.rate, full.key, route);
    for (const { rate: one, key } of asked) this.#bucket(one, key).left -= 1;
    return { headers: this.#headers(rate, `${rate.name} ${major}`) };
  }

  /** Counts what Discord counts against the address. */
  answered(status: number): void {
    if (![401, 403, 429].includes(status)) return;
    this.#invalid.push(this.#clock.now());
    if (this.invalid === this.#mostInvalid + 1)
      this.#violations.note('too many invalid requests', `${this.invalid} in ten minutes`);
  }

  #refuse(rate: Rate, key: string, route: string): { readonly headers: Headers; readonly refusal: Refusal } {
    this.refused += 1;
    this.#violations.note('rate limit exceeded', `${route} (${rate.name}: ${rate.count} per ${rate.perMs} ms)`);
    const waitMs = this.#bucket(rate, key).resetAt - this.#clock.now();
    const retryAfter = Math.ceil(waitMs) / 1000;
    const global = key === 'global';
    return {
      headers: { ...(global ? {} : this.#headers(rate, key)) },
      refusal: tooMany({ retryAfter, global }),
    };
  }

  #headers({ name, count }: Rate, key: string): Headers {
    const { left, resetAt } = this.#bucketAt(key);
    return {
      ...{ 'x-ratelimit-limit': `${count}`, 'x-ratelimit-remaining': `${left}` },
      ...{ 'x-ratelimit-reset': `${resetAt / 1000}`, 'x-ratelimit-bucket': hash(name) },
      'x-ratelimit-reset-after': `${Math.max(0, resetAt - this.#clock.now()) / 1000}`,
    };
  }

  #bucketAt(key: string): Bucket {
    return this.#buckets.get(key) ?? { left: 0, resetAt: 0 };
  }

  /** The window of now; it starts with the first call. */
  #bucket({ count, perMs }: Rate, key: string): Bucket {
    const now = this.#clock.now();
    const open = this.#buckets.get(key);
    if (open !== undefined && open.resetAt > now) return open;
    const fresh = { left: count, resetAt: now + perMs };
    this.#buckets.set(key, fresh);
    return fresh;
  }
}

/** Looks like a bucket of Discord's; the library only compares it. */
const hash = (name: string): string => Buffer.from(name).toString('hex').padEnd(32, '0').slice(0, 32);
