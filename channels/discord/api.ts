// Discord's REST API as this adapter calls it: one try per call, a time limit on each, one way to end them all, and silence
// when too many were refused. Used by every file here that calls Discord.
import { DefaultRestOptions, REST } from 'discord.js';
import type { Clock } from '../../src/infra/clock.ts';
import { type Fault, faultOf, HeldBack } from './faults.ts';
import { Refusals } from './refusals.ts';

export interface ApiOptions {
  readonly token: string;
  /** Address of the API without its version; undefined: Discord's own. */
  readonly apiUrl: string | undefined;
  readonly clock: Clock;
}

/** Calls answer within seconds, or something is wrong. */
const answerWithinMs = 15_000;

/**
 * How every REST client here is set up. The library repeats failed calls without a pause, and waits 429s out in a queue of
 * its own: both are left to the outbox and the pacer, which know what is urgent.
 */
export function restOptions(apiUrl: string | undefined) {
  return {
    api: cleanApiUrl(apiUrl ?? DefaultRestOptions.api),
    retries: 0,
    // The pacer counts from each answer on, and so later than Discord: a margin on top would only refuse what is allowed.
    offset: 0,
    rejectOnRateLimit: () => true,
    timeout: answerWithinMs,
  };
}

/** What people write into the setting: with a slash at the end, or with the version behind it. */
export function cleanApiUrl(apiUrl: string): string {
  return apiUrl.replace(/\/+$/, '').replace(/\/v\d+$/, '');
}

export class DiscordApi {
  readonly #rest: REST;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #refusals: Refusals;
  #tokenRefused: () => void = () => undefined;

  constructor({ token, apiUrl, clock }: ApiOptions) {
    this.#rest = new REST(restOptions(apiUrl)).setToken(token);
    this.#clock = clock;
    this.#refusals = new Refusals(clock);
  }

  /** Told at any 401: nothing works any more then. */
  onTokenRefused(told: () => void): void {
    this.#tokenRefused = told;
  }

  /**
   * One call, made once. Rejects with the library's error, which `faultOf` reads; the raw one is never logged.
   * @param withinMs given up after that, the outcome then being unknown
   * @param stop ends this call early
   */
  async call<T>(
    work: (rest: REST, signal: AbortSignal) => Promise<unknown>,
    withinMs: number = answerWithinMs,
    stop?: AbortSignal,
  ): Promise<T> {
    const heldMs = this.#refusals.heldMs();
    if (heldMs > 0) throw new HeldBack(heldMs);
    const late = new AbortController();
    const timer = this.#clock.after(withinMs, () => late.abort());
    const signals = [late.signal, this.#over.signal, ...(stop === undefined ? [] : [stop])];
    try {
      // What Discord answers is what its documentation says; the library hands it on as it is.
      return (await work(this.#rest, AbortSignal.any(signals))) as T;
    } catch (error) {
      this.#note(faultOf(error));
      throw error;
    } finally {
      timer.cancel();
    }
  }

  /** Ends every call under way. */
  close(): void {
    this.#over.abort();
    this.#rest.clearHashSweeper();
    this.#rest.clearHandlerSweeper();
  }

  #note(fault: Fault): void {
    this.#refusals.note(fault);
    if (fault.kind === 'token') this.#tokenRefused();
  }
}
