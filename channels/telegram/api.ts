// The Bot API as this adapter calls it: grammY's client, a time limit on every call, and one way to end them all.
// Used by every file here that calls Telegram.
import { Api } from 'grammy';
import type { Clock } from '../../src/infra/clock.ts';

/** The type of signal grammY asks for comes from a package that knows nothing of Node's own; at run time both do. */
type ApiSignal = Parameters<Api['getMe']>[0];

export interface ApiOptions {
  readonly token: string;
  /** Address of the Bot API server without a slash at its end. */
  readonly apiRoot: string;
  readonly clock: Clock;
}

export const publicApiRoot = 'https://api.telegram.org';
/** Calls that are neither polls nor file transfers answer within seconds, or something is wrong. */
const answerWithinMs = 30_000;

export class TelegramApi {
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  /** Where files are fetched from; holds the token, so it is never logged or shown. */
  readonly fileRoot: string;

  constructor({ token, apiRoot, clock }: ApiOptions) {
    this.#api = new Api(token, { apiRoot });
    this.#clock = clock;
    this.fileRoot = `${apiRoot}/file/bot${token}`;
  }

  /**
   * One call. Rejects with the library's error, which `faultOf` reads; the raw one is never logged.
   * @param withinMs given up after that, the outcome then being unknown
   * @param stop ends this call early
   */
  async call<T>(
    work: (api: Api, signal: ApiSignal) => Promise<T>,
    withinMs: number = answerWithinMs,
    stop?: AbortSignal,
  ): Promise<T> {
    const late = new AbortController();
    const timer = this.#clock.after(withinMs, () => late.abort());
    const signals = [late.signal, this.#over.signal, ...(stop === undefined ? [] : [stop])];
    try {
      return await work(this.#api, AbortSignal.any(signals) as unknown as ApiSignal);
    } finally {
      timer.cancel();
    }
  }

  /** Ends every call under way. */
  close(): void {
    this.#over.abort();
  }
}

/** What people write into the setting: with a slash at the end, or with the bot's own path behind it. */
export function cleanApiRoot(apiRoot: string): string {
  return apiRoot.replace(/\/+$/, '').replace(/\/bot[^/]*$/, '');
}
