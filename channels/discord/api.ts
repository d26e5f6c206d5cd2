// Discord's REST API as this adapter calls it: one try per call, a time limit on each, one way to end them all, and silence
// when too many were refused. Used by every file here that calls Discord.
import { DefaultRestOptions, REST } from 'discord.js';
import type { Clock } from '../../src/infra/clock.ts';
import { type Fault, faultOf, HeldBack } from './faults.ts';
import { Gate, type Leave } from './gate.ts';
import { Refusals } from './refusals.ts';

export interface ApiOptions {
  readonly token: string;
  /** Address of the API without its version; undefined: Discord's own. */
  readonly apiUrl: string | undefined;
  readonly clock: Clock;
}

/** Calls answer within seconds, or something is wrong. */
const answerWithinMs = 15_000;
/** Room is there again after a second. */
const spareAgainMs = 1_000;

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

export interface CallOptions {
  /** Milliseconds; given up after that, the outcome then being unknown. Default 15 s. */
  readonly withinMs?: number | undefined;
  /** Ends this call early. */
  readonly stop?: AbortSignal | undefined;
  /**
   * `own`: does not count with the others, as answers to interactions and files do not. `spare`: left out where the account
   * has little room. Default: counts, and waits for its turn.
   */
  readonly counts?: 'own' | 'spare' | undefined;
}

export class DiscordApi {
  readonly #rest: REST;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #refusals: Refusals;
  readonly #gate: Gate;
  #tokenRefused: () => void = () => undefined;

  constructor({ token, apiUrl, clock }: ApiOptions) {
    this.#rest = new REST(restOptions(apiUrl)).setToken(token);
    this.#clock = clock;
    this.#refusals = new Refusals(clock);
    this.#gate = new Gate(clock);
  }

  /** Told at any 401: nothing works any more then. */
  onTokenRefused(told: () => void): void {
    this.#tokenRefused = told;
  }

  /** One call, made once. Rejects with the library's error, which `faultOf` reads; the raw one is never logged. */
  async call<T>(
    work: (rest: REST, signal: AbortSignal) => Promise<unknown>,
    { withinMs = answerWithinMs, stop, counts }: CallOptions = {},
  ): Promise<T> {
    this.#notHeld();
    const leave = await this.#enter(counts, stop);
    const late = new AbortController();
    const timer = this.#clock.after(withinMs, () => late.abort());
    const signals = [late.signal, this.#over.signal, ...(stop === undefined ? [] : [stop])];
    try {
      // Something may have been refused while this waited.
      this.#notHeld();
      // What Discord answers is what its documentation says; the library hands it on as it is.
      return (await work(this.#rest, AbortSignal.any(signals))) as T;
    } catch (error) {
      this.#note(faultOf(error));
      throw error;
    } finally {
      timer.cancel();
      leave();
    }
  }

  /** Ends every call under way. */
  close(): void {
    this.#over.abort();
    this.#rest.clearHashSweeper();
    this.#rest.clearHandlerSweeper();
  }

  #notHeld(): void {
    const heldMs = this.#refusals.heldMs();
    if (heldMs > 0) throw new HeldBack(heldMs);
  }

  async #enter(counts: CallOptions['counts'], stop: AbortSignal | undefined): Promise<Leave> {
    if (counts === 'own') return () => undefined;
    if (counts === 'spare') {
      const leave = this.#gate.spare();
      if (leave === undefined) throw new HeldBack(spareAgainMs);
      return leave;
    }
    const over = this.#over.signal;
    try {
      return await this.#gate.enter(stop === undefined ? over : AbortSignal.any([over, stop]));
    } catch {
      throw new HeldBack(spareAgainMs);
    }
  }

  #note(fault: Fault): void {
    this.#refusals.note(fault);
    if (fault.kind === 'token') this.#tokenRefused();
  }
}
