// The rates Telegram allows (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this), taken to the
// letter: no bursts. Asked by twin.ts before a call is carried out.
import type { Clock } from '../../../src/infra/clock.ts';
import { tooMany } from './refusal.ts';

interface Window {
  readonly key: string;
  readonly count: number;
  readonly perMs: number;
}

/** Sends and edits count; typing, callback answers, deletes and all that asks do not. */
const counted = /^(send(?!ChatAction)|editMessage|copyMessage|forwardMessage)/;

export class Limits {
  enabled = false;
  /** Calls refused so far. */
  refused = 0;
  readonly #clock: Clock;
  /** Times of the calls let through, oldest first. */
  readonly #passed = new Map<string, number[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws Refusal 429 with the seconds until the next call passes */
  check(method: string, chat: string | undefined): void {
    if (!this.enabled || chat === undefined || !counted.test(method)) return;
    const now = this.#clock.now();
    const windows = windowsOf(chat);
    const wait = Math.max(...windows.map((window) => this.#wait(window, now)));
    if (wait > 0) {
      this.refused += 1;
      throw tooMany(Math.ceil(wait / 1000));
    }
    for (const { key } of windows) this.#times(key).push(now);
  }

  /** Milliseconds until one more fits. */
  #wait({ key, count, perMs }: Window, now: number): number {
    const times = this.#times(key).filter((at) => at > now - perMs);
    this.#passed.set(key, times);
    const oldest = times.at(-count);
    return oldest === undefined ? 0 : oldest + perMs - now;
  }

  #times(key: string): number[] {
    const times = this.#passed.get(key) ?? [];
    this.#passed.set(key, times);
    return times;
  }
}

function windowsOf(chat: string): readonly Window[] {
  const all: readonly Window[] = [
    { key: `chat ${chat}`, count: 1, perMs: 1000 },
    { key: 'bot', count: 30, perMs: 1000 },
  ];
  // Groups and channels have ids below zero, or a name.
  return /^[-@]/.test(chat) ? [...all, { key: `group ${chat}`, count: 20, perMs: 60_000 }] : all;
}
