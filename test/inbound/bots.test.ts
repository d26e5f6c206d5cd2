import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BotGuard } from '../../src/inbound/bots.ts';

const minute = 60_000;

/** How many of `count` messages, `everyMs` apart, are heard. */
function heard(
  guard: BotGuard,
  chat: string,
  { count, from, everyMs }: { count: number; from: number; everyMs: number },
) {
  const times = Array.from({ length: count }, (_, index) => from + index * everyMs);
  return times.filter((now) => guard.decide(chat, now).kind === 'heard').length;
}

describe('what bots say in one chat', () => {
  it('is heard twenty times a minute, then not for a minute, then again', () => {
    const guard = new BotGuard();
    expect(heard(guard, 'a', { count: 20, from: 0, everyMs: 10 })).toBe(20);
    const until = 1000 + minute;
    expect(guard.decide('a', 1000)).toEqual({ kind: 'ignored', reason: 'bots_paused', begins: true, until });
    expect(guard.decide('a', until - 1)).toEqual({ kind: 'ignored', reason: 'bots_paused', begins: false, until });
    expect(heard(guard, 'a', { count: 21, from: until, everyMs: 1 })).toBe(20);
  });

  it('goes on for ever at a calm pace, and does not count in other chats', () => {
    const guard = new BotGuard();
    expect(heard(guard, 'calm', { count: 500, from: 0, everyMs: minute / 20 })).toBe(500);
    heard(guard, 'loud', { count: 30, from: 0, everyMs: 1 });
    expect(guard.decide('other', 30).kind).toBe('heard');
  });

  it('is never heard more than twenty times in any minute', () => {
    const gaps = fc.array(fc.oneof(fc.nat(500), fc.nat(20_000)), { maxLength: 200 });
    fc.assert(
      fc.property(gaps, (each) => {
        const guard = new BotGuard();
        let now = 0;
        const passed: number[] = [];
        for (const gap of each) {
          now += gap;
          if (guard.decide('a', now).kind === 'heard') passed.push(now);
          expect(passed.filter((at) => now - at < minute).length).toBeLessThanOrEqual(20);
        }
      }),
    );
  });

  it('is remembered for a thousand chats at most, those that spoke last', () => {
    const guard = new BotGuard();
    heard(guard, 'loud', { count: 21, from: 0, everyMs: 0 });
    for (let chat = 0; chat < 5000; chat += 1) {
      guard.decide(`c${chat}`, 1);
      expect(guard.decide('loud', 1).kind).toBe('ignored');
    }
    expect(guard.size()).toBe(1000);
  });
});
