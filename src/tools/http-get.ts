// One bounded GET: every hop's address is resolved, checked and then connected to as checked, so that a name cannot
// point elsewhere in between (DNS rebinding). Called by web.ts.
import { promises as dns, type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { isIP, type LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';
import { ok, type Result, refuse } from '../core/result.ts';
import { http, https } from '../infra/http.ts';
import { refusedAddress } from './addresses.ts';
import { errorCode, errorText } from './define.ts';

/** All addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly LookupAddress[]>;

export const systemResolve: Resolve = (host) => dns.lookup(host, { all: true, verbatim: true });

export interface GetOptions {
  readonly allowPrivate: boolean;
  readonly resolve: Resolve;
  /** Ends the request at any point, also while reading the body. */
  readonly signal: AbortSignal;
}

export interface Opened {
  /** After redirects. */
  readonly url: URL;
  readonly response: IncomingMessage;
}

const maxRedirects = 5;
const redirects = new Set([301, 302, 303, 307, 308]);
const headers = {
  'user-agent': 'Switchyard (web_fetch)',
  accept: 'text/html,application/xhtml+xml,application/json,text/*;q=0.9,*/*;q=0.1',
  'accept-encoding': 'gzip, deflate, br',
  'accept-language': 'en,*;q=0.5',
};

/**
 * Opens `address`, following at most five redirects. The body is not read yet: `readBody` or `response.destroy()` must follow.
 * @returns refusals `bad_url`, `blocked_address`, `too_many_redirects`, `unreachable`; rejects only when `signal` aborts
 */
export async function openUrl(address: string, options: GetOptions): Promise<Result<Opened>> {
  let next = address;
  let base: URL | undefined;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const url = checkedUrl(next, base);
    if (!url.ok) return url;
    const response = await requestOnce(url.value, options);
    if (!response.ok) return response;
    const { statusCode = 0, headers: answer } = response.value;
    if (!redirects.has(statusCode) || answer.location === undefined) {
      return ok({ url: url.value, response: response.value });
    }
    response.value.destroy();
    base = url.value;
    next = answer.location;
  }
  return refuse(
    'too_many_redirects',
    `${address} redirects more than ${maxRedirects} times.`,
    'Use the final address.',
  );
}

function checkedUrl(address: string, base: URL | undefined): Result<URL> {
  const fix = 'Give a full address that begins with http:// or https://.';
  if (!URL.canParse(address, base?.href)) return refuse('bad_url', `"${address}" is not a web address.`, fix);
  const url = new URL(address, base?.href);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return refuse('bad_url', `Only http and https can be fetched, not ${url.protocol.slice(0, -1)}.`, fix);
  }
  if (url.username !== '' || url.password !== '') {
    return refuse('bad_url', 'The address holds a user name or password; it is not sent.', 'Leave it out.');
  }
  return ok(url);
}

async function requestOnce(url: URL, options: GetOptions): Promise<Result<IncomingMessage>> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  try {
    const addresses = await addressesOf(host, options);
    for (const { address } of addresses) {
      const reason = refusedAddress(address, options.allowPrivate);
      if (reason === undefined) continue;
      const named = address === host ? address : `${host} (${address})`;
      const fix = 'Only public web addresses can be fetched; the owner can set tools.web.allowPrivateAddresses.';
      return refuse('blocked_address', `${named} is ${reason}.`, fix);
    }
    return ok(await send(url, addresses, options.signal));
  } catch (error) {
    options.signal.throwIfAborted();
    return refuse('unreachable', `${url.host} could not be reached: ${networkErrorText(error)}.`, 'Check the address.');
  }
}

async function addressesOf(host: string, options: GetOptions): Promise<readonly LookupAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  options.signal.throwIfAborted();
  // A name lookup cannot be cancelled; its late answer is dropped.
  const found = await new Promise<readonly LookupAddress[]>((resolve, reject) => {
    const abort = (): void => reject(options.signal.reason);
    options.signal.addEventListener('abort', abort, { once: true });
    options
      .resolve(host)
      .then(resolve, reject)
      .finally(() => options.signal.removeEventListener('abort', abort));
  });
  if (found.length === 0) throw Object.assign(new Error('no address'), { code: 'ENOTFOUND' });
  return found;
}

function send(url: URL, addresses: readonly LookupAddress[], signal: AbortSignal): Promise<IncomingMessage> {
  const lookup: LookupFunction = (_host, { all }, callback) => {
    if (all === true) callback(null, [...addresses]);
    else callback(null, addresses[0]?.address ?? '', addresses[0]?.family ?? 0);
  };
  const client = url.protocol === 'https:' ? https() : http;
  return new Promise((resolve, reject) => {
    // Without a shared agent: no proxy from the environment and no pooled connection stands in for the checked address.
    const request = client.request(url, { agent: false, headers, lookup, signal });
    request.once('response', (response) => {
      // An error between here and the reading of the body shows up there; without a listener it would end the process.
      response.on('error', () => undefined);
      resolve(response);
    });
    request.on('error', reject);
    request.end();
  });
}

export interface Body {
  readonly bytes: Buffer;
  /** The rest was left unread. */
  readonly cut: boolean;
}

/** Reads at most `maxBytes`, counted both before and after decompression. Refusals `unreachable`, `unsupported_encoding`. */
export async function readBody(opened: Opened, maxBytes: number, signal: AbortSignal): Promise<Result<Body>> {
  const { response } = opened;
  try {
    const stream = await decoded(response, maxBytes);
    if (stream === undefined) {
      const named = response.headers['content-encoding'] ?? '';
      return refuse('unsupported_encoding', `The answer is packed as ${named}, which is not supported.`, '');
    }
    return ok(await take(stream, maxBytes));
  } catch (error) {
    signal.throwIfAborted();
    return refuse(
      'unreachable',
      `The answer of ${opened.url.host} broke off: ${networkErrorText(error)}.`,
      'Try again.',
    );
  } finally {
    response.destroy();
  }
}

async function decoded(response: IncomingMessage, maxBytes: number): Promise<Readable | undefined> {
  const decoder = await decoderFor(response);
  if (decoder === 'none') return response;
  // A packed body may expand to nothing for ever, so its packed size is bounded too.
  let packed = 0;
  response.on('data', (chunk: Buffer) => {
    packed += chunk.length;
    if (packed > maxBytes) response.destroy(new Error('the packed answer is too large'));
  });
  return decoder && pipeline(response, decoder, () => undefined);
}

async function decoderFor(response: IncomingMessage) {
  switch ((response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()) {
    case 'identity':
    case '':
      return 'none';
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    case 'deflate':
      return (await hasZlibHeader(response)) ? createInflate() : createInflateRaw();
    default:
      return undefined;
  }
}

/** `deflate` should mean zlib (RFC 9110, 8.4.1.2), but some servers send it bare. */
async function hasZlibHeader(response: IncomingMessage): Promise<boolean> {
  if (response.readableLength === 0 && !response.readableEnded) await once(response, 'readable');
  const first: Buffer | null = response.read(1);
  if (first !== null) response.unshift(first);
  return first !== null && ((first[0] ?? 0) & 0x0f) === 8;
}

async function take(stream: Readable, maxBytes: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), cut: true };
  }
  return { bytes: Buffer.concat(chunks), cut: false };
}

const networkErrors: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNREFUSED: 'nothing answers there',
  ECONNRESET: 'the connection was closed',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'no way to that host',
  ENETUNREACH: 'no way to that network',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate cannot be verified',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

function networkErrorText(error: unknown): string {
  // With several addresses tried at once the error is a list; the first is as good as any.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  return networkErrors[errorCode(first)] ?? errorText(first);
}
