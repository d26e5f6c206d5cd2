import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dueAt, expiryOf } from '../../src/bindings/expiry.ts';

describe('expiryOf', () => {
  it('has no end when both limits are off', () => {
    expect(expiryOf({ boundAt: 5, lastMessageAt: 9, idleMs: 0, maxAgeMs: 0 })).toBeUndefined();
  });

  it('is due exactly from the earlier of both ends on', () => {
    const time = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(fc.record({ boundAt: time, later: time, idleMs: time, maxAgeMs: time }), (given) => {
        const binding = { ...given, lastMessageAt: given.boundAt + given.later };
        const ends = [
          ...(given.idleMs === 0 ? [] : [binding.lastMessageAt + given.idleMs]),
          ...(given.maxAgeMs === 0 ? [] : [given.boundAt + given.maxAgeMs]),
        ];
        const expiry = expiryOf(binding);
        expect(expiry?.at).toBe(ends.length === 0 ? undefined : Math.min(...ends));
        if (expiry === undefined) return;
        expect([dueAt(binding, expiry.at - 1), dueAt(binding, expiry.at)]).toEqual([undefined, expiry]);
      }),
    );
  });
});
