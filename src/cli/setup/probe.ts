// One question to a platform's web API, for the probes of this folder: a time limit, and no address or token in what is said.
import type { Clock } from '../../infra/clock.ts';

export type Probed<T> =
  | { readonly kind: 'works'; readonly value: T }
  /** It answers, and does not accept this. */
  | { readonly kind: 'refused'; readonly what: string }
  | { readonly kind: 'unreachable'; readonly what: string };

export interface Net {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface Asked {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose answer it is, for sentences. */
  readonly who: string;
}

export type Answered =
  | { readonly kind: 'answered'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'unreachable'; readonly what: string };

const answerWithinMs = 10_000;

/** GET; a body that is no JSON is undefined. Never throws. */
export async function getJson(
  { fetch: get, clock, signal }: Net,
  { url, headers = {}, who }: Asked,
): Promise<Answered> {
  const late = new AbortController();
  const timer = clock.after(answerWithinMs, () => late.abort());
  try {
    const answer = await get(url, { headers, signal: AbortSignal.any([signal, late.signal]), redirect: 'error' });
    const text = await answer.text();
    return { kind: 'answered', status: answer.status, body: parsed(text) };
  } catch (error) {
    const why = late.signal.aborted ? `no answer within ${answerWithinMs / 1_000} s` : reasonOf(error);
    return { kind: 'unreachable', what: `${who} could not be reached (${why}).` };
  } finally {
    timer.cancel();
  }
}

/** The system's code alone: the library's own sentence may hold the address, and the address the token. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return 'the connection failed';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
