import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invitationMs, SignIn } from '../../src/web/sign-in.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';

const token = 'a-token-of-thirty-two-characters';
const day = 24 * 60 * 60_000;

function signIn(more: { readonly token?: string; readonly secure?: boolean } = {}) {
  const clock = virtualClock();
  const ids = seededIds();
  const parts = { token, secure: false, cookie: 'switchyard_8787', clock, ids, ...more };
  return { clock, desk: new SignIn(parts), again: () => new SignIn(parts) };
}

/** As a browser sends it back. */
const sentBack = (setCookie: string | undefined): string => (setCookie ?? '').split(';')[0] ?? '';

describe('an invitation', () => {
  it('becomes a cookie that scripts and other sites cannot use, once', () => {
    const { desk } = signIn();
    const { code } = desk.invite();
    const cookie = desk.enter(code);
    expect(cookie).toMatch(/^switchyard_8787=\S+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Strict$/);
    expect(desk.knowsCookie(`other=1; ${sentBack(cookie)}; more=2`)).toBe(true);
    expect(desk.enter(code)).toBeUndefined();
  });

  it('is worth nothing after an hour', async () => {
    const { desk, clock } = signIn();
    const { code, expiresAt } = desk.invite();
    expect(expiresAt - clock.now()).toBe(invitationMs);
    await clock.advance(invitationMs);
    expect(desk.enter(code)).toBeUndefined();
  });

  it('is kept only for the newest twenty', () => {
    const { desk } = signIn();
    const codes = Array.from({ length: 21 }, () => desk.invite().code);
    expect(desk.enter(codes[0] ?? '')).toBeUndefined();
    expect(desk.enter(codes[1] ?? '')).toBeDefined();
  });

  it('is never one that was guessed', () => {
    const { desk } = signIn();
    desk.invite();
    fc.assert(fc.property(fc.string(), (code) => desk.enter(code) === undefined));
  });
});

describe('a cookie', () => {
  it('is sent over https alone where the page is reached that way', () => {
    const { desk } = signIn({ secure: true });
    expect(desk.enter(desk.invite().code)).toMatch(/; Secure$/);
  });

  it('outlives a restart, and ends after thirty days or with a new token', async () => {
    const { desk, again, clock } = signIn();
    const cookie = sentBack(desk.enter(desk.invite().code));
    expect(again().knowsCookie(cookie)).toBe(true);
    expect(signIn({ token: `${token}2` }).desk.knowsCookie(cookie)).toBe(false);
    await clock.advance(30 * day - 1);
    expect(desk.knowsCookie(cookie)).toBe(true);
    await clock.advance(1);
    expect(desk.knowsCookie(cookie)).toBe(false);
  });

  it('cannot be changed, for example to last longer', () => {
    const { desk } = signIn();
    const cookie = sentBack(desk.enter(desk.invite().code));
    const longer = cookie.replace(/=\d+/, (until) => `=${Number(until.slice(1)) + day}`);
    expect(desk.knowsCookie(longer)).toBe(false);
    const at = fc.integer({ min: 'switchyard_8787='.length, max: cookie.length - 1 });
    fc.assert(
      fc.property(at, fc.constantFrom(...'abcXYZ019._-'), (index, letter) => {
        const changed = cookie.slice(0, index) + letter + cookie.slice(index + 1);
        return changed === cookie || !desk.knowsCookie(changed);
      }),
    );
  });

  it.each([undefined, '', 'switchyard_8787=', 'switchyard_8787=..', 'switchyard_1=1.2.3', 'garbage'])(
    'is not %s',
    (cookies) => expect(signIn().desk.knowsCookie(cookies)).toBe(false),
  );
});

describe('the token', () => {
  it('is known as a bearer', () => {
    expect(signIn().desk.knowsToken(`Bearer ${token}`)).toBe(true);
    expect(signIn().desk.knowsToken(`bearer  ${token}`)).toBe(true);
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${token}`,
    token,
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
  ])('is not %s', (header) => expect(signIn().desk.knowsToken(header)).toBe(false));
});
