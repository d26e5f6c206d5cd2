// Who may look: invitations that open the page once, the cookie that follows, and the token itself for programs. Made by
// server.ts.
//
// The token never stands in an address: addresses are kept in histories and logs of proxies. A link carries an invitation
// instead, which is worthless once used, and is exchanged for a cookie no script can read. The cookie is signed with the token
// and nothing is stored: it outlives a restart, and a new token signs everybody out.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';

export interface SignInParts {
  readonly token: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly ids: Pick<Ids, 'code'>;
  /** Name of the cookie: cookies are shared by all ports of a host. */
  readonly cookie: string;
  /** The page is reached over https. */
  readonly secure: boolean;
}

export interface Invitation {
  readonly code: string;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

export const invitationMs = 60 * 60_000;
const signedInMs = 30 * 24 * 60 * 60_000;
/** More that nobody has used are not wanted by anybody. */
const mostOpen = 20;

export class SignIn {
  readonly #parts: SignInParts;
  /** Hash of a code -> when it expires. */
  readonly #open = new Map<string, number>();

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  invite(): Invitation {
    const { clock, ids } = this.#parts;
    const code = ids.code(32);
    const expiresAt = clock.now() + invitationMs;
    this.#open.set(hashOf(code), expiresAt);
    const [oldest] = this.#open.keys();
    if (this.#open.size > mostOpen && oldest !== undefined) this.#open.delete(oldest);
    return { code, expiresAt };
  }

  /** Takes an invitation. @returns the cookie to set, or undefined: it is unknown, used or too old */
  enter(code: string): string | undefined {
    // Looked up by hash: how long that takes says nothing about codes that would fit.
    const key = hashOf(code);
    const expiresAt = this.#open.get(key);
    this.#open.delete(key);
    const { clock, ids } = this.#parts;
    if (expiresAt === undefined || expiresAt <= clock.now()) return undefined;
    const said = `${clock.now() + signedInMs}.${ids.code(16)}`;
    return this.#setCookie(`${said}.${this.#sign(said)}`, signedInMs / 1000);
  }

  /** The cookie that signs a browser out. */
  leave(): string {
    return this.#setCookie('', 0);
  }

  /** @param cookies the header of a request */
  knowsCookie(cookies: string | undefined): boolean {
    const { cookie, clock } = this.#parts;
    const pairs = (cookies ?? '').split(';').map((pair) => pair.trim());
    const value = pairs.find((pair) => pair.startsWith(`${cookie}=`))?.slice(cookie.length + 1) ?? '';
    const [until = '', nonce = '', signature = ''] = value.split('.');
    const genuine = equal(signature, this.#sign(`${until}.${nonce}`));
    return genuine && Number(until) > clock.now();
  }

  /** @param authorization the header of a request */
  knowsToken(authorization: string | undefined): boolean {
    const [, given] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    return equal(given ?? '', this.#parts.token) && given !== undefined;
  }

  #sign(said: string): string {
    return createHmac('sha256', this.#parts.token).update(`signed in until ${said}`).digest('base64url');
  }

  #setCookie(value: string, maxAgeSeconds: number): string {
    const { cookie, secure } = this.#parts;
    return `${cookie}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Takes the same time wherever they differ, and however long they are. */
function equal(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
