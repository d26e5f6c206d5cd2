// The outbound side under load: what is owed is on time because progress leaves room for it, and no limit is ever met.
import { beforeAll, describe, expect, it } from 'vitest';
import { playTraffic, quantile, type Traffic } from './traffic.ts';

const minutes = 2;
const played: Traffic[] = [];

beforeAll(async () => {
  for (const seed of [1, 2, 3])
    played.push(await playTraffic({ runs: 40, minutes, updatesPerSecond: 10, latencyMs: 50, seed }));
});

describe('forty runs with ten updates a second each, in twelve chats', () => {
  const sum = (of: (traffic: Traffic) => number): number => played.reduce((total, one) => total + of(one), 0);
  const waits = (of: 'final' | 'approval'): number[] => played.flatMap((one) => [...one.waits[of]]);

  it('never meet a limit of a platform that counts by its own clock', () => {
    expect(sum((one) => one.rejected)).toBe(0);
  });

  it('lose nothing owed, send nothing twice and keep the order of every place', () => {
    expect(played.map(({ lost, doubled, swapped }) => ({ lost, doubled, swapped }))).toEqual(
      played.map(() => ({ lost: 0, doubled: 0, swapped: 0 })),
    );
  });

  it('get a final out within 1.5 s and an approval within 1 s, 95 times in 100', () => {
    expect(quantile(waits('final'), 0.95)).toBeLessThan(1500);
    expect(quantile(waits('approval'), 0.95)).toBeLessThan(1000);
  });

  it('still show what they do, and each its last word', () => {
    expect(sum((one) => one.edits) / minutes / played.length).toBeGreaterThan(120);
    expect(played.map((one) => one.upToDate)).toEqual([40, 40, 40]);
  });
});
