// What every request has to pass before anything answers it: the name it was sent to, who sends it, and from which page.
// Called by routes.ts; the decisions are pure.
import { isIP } from 'node:net';
import { isLoopback } from '../core/loopback.ts';
import type { WebConfig } from '../infra/config-web.ts';

/** Nothing but our own files: no other place, no script in the page, no frame around it, and nothing is kept. */
export const headers: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Whether a request meant us. A page of somebody else can have its own name lead here (DNS rebinding), but cannot make it an
 * address or one of our names.
 * @param host the header `Host`
 */
export function isOurHost(host: string | undefined, { host: own, url }: Pick<WebConfig, 'host' | 'url'>): boolean {
  const at = `http://${host ?? ''}`;
  if (host === undefined || !URL.canParse(at)) return false;
  const name = new URL(at).hostname;
  const bare = name.replace(/^\[(.*)\]$/, '$1');
  const ours = [own.toLowerCase(), ...(url === undefined ? [] : [new URL(url).hostname])];
  return isIP(bare) !== 0 || isLoopback(bare) || ours.includes(bare);
}

export interface Sender {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** The header `Sec-Fetch-Site`. */
  readonly site: string | undefined;
}

/**
 * Whether something that changes was asked for by our own page. Browsers say where a POST comes from; one that says nothing is
 * not heard.
 */
export function isOwnPage({ host, origin, site }: Sender, { url }: Pick<WebConfig, 'url'>): boolean {
  if (site !== undefined && site !== 'same-origin') return false;
  if (origin === undefined) return site === 'same-origin';
  if (!URL.canParse(origin)) return false;
  const from = new URL(origin);
  return (
    (host !== undefined && from.host === host.toLowerCase()) ||
    (url !== undefined && from.origin === new URL(url).origin)
  );
}
