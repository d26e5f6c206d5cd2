// What became of messages whose answer was lost. Discord tells us of our own messages, too, and our key comes back with them;
// for a while it also recognises a repeated key by itself. Used by sending.ts.
import { createHash } from 'node:crypto';
import type { Clock } from '../../src/infra/clock.ts';

/**
 * What Discord knows a repeated message by, for some minutes (`enforce_nonce`; at most 25 characters,
 * docs.discord.com/developers/resources/message#create-message).
 */
export function nonceOf(key: string): string {
  return createHash('sha256').update(key).digest('base64url').slice(0, 24);
}

const remembered = 2_000;

export class Sent {
  readonly #clock: Pick<Clock, 'now'>;
  /** Message id by nonce, of what arrived. */
  readonly #ids = new Map<string, string>();
  /** Nonces by message id. */
  readonly #owners = new Map<string, string>();
  /** First attempt by nonce, Unix ms, of what may have arrived. */
  readonly #open = new Map<string, number>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** The message arrived. */
  arrived(nonce: string, messageId: string): void {
    this.#open.delete(nonce);
    this.#ids.set(nonce, messageId);
    this.#owners.set(messageId, nonce);
    trim(this.#ids);
    trim(this.#owners);
  }

  /** An attempt that began at `at` may have arrived. */
  doubtful(nonce: string, at: number): void {
    if (this.#ids.has(nonce) || this.#open.has(nonce)) return;
    this.#open.set(nonce, at);
    trim(this.#open);
  }

  id(nonce: string): string | undefined {
    return this.#ids.get(nonce);
  }

  /** Since when it may have arrived, Unix ms; undefined: no attempt is in doubt. */
  doubtSince(nonce: string): number | undefined {
    return this.#open.get(nonce);
  }

  /** Milliseconds since the first attempt that is in doubt; 0 without one. */
  doubtfulFor(nonce: string): number {
    const since = this.#open.get(nonce);
    return since === undefined ? 0 : this.#clock.now() - since;
  }

  /** Whether this message is known to be another one. */
  isAnother(messageId: string, nonce: string): boolean {
    const owner = this.#owners.get(messageId);
    return owner !== undefined && owner !== nonce;
  }
}

function trim(map: Map<string, unknown>): void {
  if (map.size <= remembered) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}
