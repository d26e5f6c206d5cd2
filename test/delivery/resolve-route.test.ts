import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelIds, type Route, routeKey } from '../../src/core/route.ts';
import { fallbackRoute, resolveRoute } from '../../src/delivery/resolve-route.ts';

const origin: Route = { channel: 'telegram', account: 'default', chat: '1', thread: '7' };
const elsewhere: Route = { channel: 'discord', account: 'default', chat: '2' };

describe('resolveRoute', () => {
  it.each([
    [
      'the conversation bound to the child',
      { childBinding: elsewhere, requesterBinding: origin, origin },
      'bound_child',
      elsewhere,
    ],
    ['else the one bound to the requester', { requesterBinding: elsewhere, origin }, 'bound_requester', elsewhere],
    [
      'else the frozen origin, wherever the requester went since',
      { origin, requesterLast: elsewhere },
      'origin',
      origin,
    ],
  ] as const)('takes %s', (_name, query, why, route) => {
    expect(resolveRoute(query)).toEqual({ ok: true, value: { route, why } });
  });

  it('fills gaps of the origin from the last route of the same channel and keeps its thread', () => {
    const hint = { channel: 'telegram', thread: '7' } as const;
    const last = { ...origin, chat: '9', thread: '8' };
    expect(resolveRoute({ origin: hint, requesterLast: last })).toEqual({
      ok: true,
      value: { route: { channel: 'telegram', account: 'default', chat: '9', thread: '7' }, why: 'origin_completed' },
    });
  });

  it('never borrows a thread', () => {
    const result = resolveRoute({ origin: { channel: 'telegram', chat: '1' }, requesterLast: origin });
    expect(result).toMatchObject({ value: { route: { channel: 'telegram', account: 'default', chat: '1' } } });
    expect(result.ok && 'thread' in result.value.route).toBe(false);
  });

  it('does not take a chat of another account', () => {
    const result = resolveRoute({ origin: { channel: 'telegram', account: 'work' }, requesterLast: origin });
    expect(result).toMatchObject({ ok: false, refusal: { code: 'no_route' } });
  });

  it.each([
    ['nothing is known', {}],
    ['the last route is on another channel', { origin: { channel: 'telegram' }, requesterLast: elsewhere }],
  ] as const)('refuses when %s', (_name, query) => {
    expect(resolveRoute(query)).toMatchObject({ ok: false, refusal: { code: 'no_route' } });
  });

  it('answers only with complete routes, and never on a channel nobody named', () => {
    const route = fc.record(
      {
        channel: fc.constantFrom(...channelIds),
        account: fc.constantFrom('default', 'work'),
        chat: fc.constantFrom('1', '2'),
        thread: fc.constantFrom('7', '8'),
      },
      { requiredKeys: ['channel'] },
    );
    const whole = route.filter((one): one is typeof one & Route => one.account !== undefined && one.chat !== undefined);
    fc.assert(
      fc.property(route, fc.option(whole, { nil: undefined }), (hint, last) => {
        const result = resolveRoute({ origin: hint, requesterLast: last });
        if (!result.ok) return;
        expect(result.value.route).toMatchObject(hint);
        expect(result.value.route.thread).toBe(hint.thread);
        expect([typeof result.value.route.account, typeof result.value.route.chat]).toEqual(['string', 'string']);
      }),
    );
  });
});

describe('fallbackRoute', () => {
  const parent = { channel: 'telegram', account: 'default', chat: '1' } as const;

  it('goes to the parent chat first, saying that the thread is gone', () => {
    expect(fallbackRoute(origin, [routeKey(origin)], elsewhere)).toEqual({ route: parent, note: 'ℹ️ thread gone' });
  });

  it('then to the last route, then nowhere', () => {
    const gone = [routeKey(origin), routeKey(parent)];
    expect(fallbackRoute(parent, gone, elsewhere)?.route).toEqual(elsewhere);
    expect(fallbackRoute(elsewhere, [...gone, routeKey(elsewhere)], elsewhere)).toBeUndefined();
    expect(fallbackRoute(parent, gone, undefined)).toBeUndefined();
  });
});
