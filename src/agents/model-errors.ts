// Reads what a model API threw: may it be retried, when, and one sentence for people. Called by model-call.ts.
import { redacted, redactText } from '../infra/redact.ts';

export interface ModelFailure {
  readonly code: 'model_auth' | 'model_rate_limited' | 'model_unreachable' | 'model_bad_request' | 'model_error';
  /** HTTP status, where there was an answer. */
  readonly status?: number;
  readonly reason: string;
  readonly retryable: boolean;
  /** The server's own wish, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** What is known of the provider, for sentences. */
export interface ModelPlace {
  readonly provider: string;
  /** Where its credential is set, e.g. `ANTHROPIC_API_KEY or models.providers.anthropic.apiKey`. */
  readonly keyHint: string;
  /** Credentials in use: never shown. */
  readonly secrets: readonly string[];
}

interface Thrown {
  readonly name: string;
  readonly message: string;
  readonly statusCode?: number;
  readonly isRetryable?: boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly code?: string;
}

/** @param now Unix time in ms, for Retry-After dates. */
export function readFailure(error: unknown, now: number): ModelFailure {
  const thrown = readThrown(error);
  const reason = thrown.message;
  const status = thrown.statusCode;
  if (status === undefined) return { ...statusless(thrown), reason };
  // The answer began well and its body broke off.
  if (status < 400) return { code: 'model_unreachable', reason, retryable: true };
  if (status === 401 || status === 403) return { code: 'model_auth', status, reason, retryable: false };
  const wish = retryAfterMs(thrown.headers, now);
  const wait = wish === undefined ? {} : { retryAfterMs: wish };
  // OpenAI answers 429 also when the account is out of credit: waiting does not help there.
  if (status === 429)
    return { code: 'model_rate_limited', status, reason, retryable: thrown.code !== 'insufficient_quota', ...wait };
  if (status >= 500 || status === 408) return { code: 'model_error', status, reason, retryable: true, ...wait };
  return { code: 'model_bad_request', status, reason, retryable: false };
}

/** No HTTP status: the connection failed or broke, or the SDK found a fault of its own. */
function statusless(thrown: Thrown): Pick<ModelFailure, 'code' | 'retryable'> {
  switch (thrown.name) {
    case 'AI_APICallError':
      return { code: 'model_unreachable', retryable: true };
    case 'AI_LoadAPIKeyError':
      return { code: 'model_auth', retryable: false };
    case 'AI_StreamProviderError':
      return { code: 'model_error', retryable: thrown.isRetryable === true };
    // fetch gives a TypeError `terminated` when the connection breaks in the middle of the stream.
    case 'TypeError':
    case 'SocketError':
      return { code: 'model_unreachable', retryable: true };
    case 'CutStreamError':
    case 'AI_InvalidResponseDataError':
    case 'AI_NoOutputGeneratedError':
    case 'AI_EmptyResponseBodyError':
    case 'AI_JSONParseError':
      return { code: 'model_error', retryable: true };
    default:
      return { code: 'model_error', retryable: false };
  }
}

/** The stream ended without the model saying that it is done. */
export function cutStream(): Error {
  return Object.assign(new Error('the answer broke off'), { name: 'CutStreamError' });
}

function readThrown(error: unknown): Thrown {
  const source = isRecord(error) ? error : {};
  const headers = isRecord(source.responseHeaders) ? (source.responseHeaders as Record<string, string>) : {};
  const data = isRecord(source.data) && isRecord(source.data.error) ? source.data.error : source;
  return {
    name: typeof source.name === 'string' ? source.name : 'Error',
    message: reasonOf(error, source),
    headers,
    ...(typeof source.statusCode === 'number' ? { statusCode: source.statusCode } : {}),
    ...(typeof source.isRetryable === 'boolean' ? { isRetryable: source.isRetryable } : {}),
    ...(typeof data.code === 'string' ? { code: data.code } : {}),
  };
}

function reasonOf(error: unknown, source: Record<string, unknown>): string {
  const own = typeof source.message === 'string' ? source.message : String(error);
  const cause = isRecord(source.cause) && typeof source.cause.message === 'string' ? source.cause.message : '';
  const text = cause === '' || own.includes(cause) ? own : `${own} (${cause})`;
  return text === '' ? 'no reason given' : text;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Retry-After as milliseconds from now: `retry-after-ms`, seconds, or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const find = (name: string): string | undefined =>
    Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const ms = Number(find('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  const text = find('retry-after')?.trim();
  if (text === undefined || text === '') return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

const longestReason = 300;

/** One sentence with provider, status, reason and the next step; credentials never appear in it. */
export function failureText(failure: ModelFailure, place: ModelPlace, attempts: number): string {
  const reason = clean(failure.reason, place.secrets);
  const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
  switch (failure.code) {
    case 'model_auth':
      return `${place.provider} refused the credential${statusText(failure)}: ${reason}. Check ${place.keyHint}.`;
    case 'model_rate_limited':
      return `${place.provider} is rate limited${statusText(failure)}${tries}: ${reason}. Wait, or set models.providers.${place.provider}.rpm.`;
    case 'model_unreachable':
      return `${place.provider} could not be reached${tries}: ${reason}. Check the connection and models.providers.${place.provider}.baseUrl.`;
    case 'model_bad_request':
      return `${place.provider} rejected the request${statusText(failure)}: ${reason}. Check the model name and its limits.`;
    case 'model_error':
      return `${place.provider} failed${statusText(failure)}${tries}: ${reason}.`;
  }
}

function statusText(failure: ModelFailure): string {
  return failure.status === undefined ? '' : ` (${failure.status})`;
}

function clean(reason: string, secrets: readonly string[]): string {
  const known = secrets
    .filter((secret) => secret !== '')
    .reduce((text, secret) => text.replaceAll(secret, redacted), reason);
  const line = redactText(known).replaceAll(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length <= longestReason ? line : `${line.slice(0, longestReason)}…`;
}
