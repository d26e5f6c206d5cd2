// Small rules of starting runs that need no engine: names that mean one run, and when a run counts as dead.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isStale } from '../../src/runs/liveness.ts';
import { uniqueLabel } from '../../src/runs/spawn.ts';
import { anEndedRun, aRun, noon } from '../fakes/builders.ts';

describe('a label', () => {
  test('is kept while it is free', () => expect(uniqueLabel('words', new Set(['other']))).toBe('words'));

  test('gets the first free number when taken, whatever its case', () => {
    expect(uniqueLabel('Words', new Set(['words', 'words-2']))).toBe('Words-3');
  });

  test('is never one of the words that mean something else', () => {
    expect(uniqueLabel('last', new Set())).toBe('last-1');
    expect(uniqueLabel('All', new Set(['all-1']))).toBe('All-1-2');
  });

  test('is always new', () => {
    const name = fc.constantFrom('a', 'A', 'a-2', 'a-3', 'last', 'last-1', 'all');
    fc.assert(
      fc.property(fc.array(name, { maxLength: 20 }), (wanted) => {
        const taken = new Set<string>();
        for (const each of wanted) {
          const label = uniqueLabel(each, taken).toLowerCase();
          expect(taken.has(label) || label === 'last' || label === 'all').toBe(false);
          taken.add(label);
        }
      }),
    );
  });
});

describe('a silent run', () => {
  const hour = 3_600_000;
  const silentFor = (ms: number) => ({ lastEventAt: noon - ms });

  test('is stale after two hours', () => {
    expect(isStale(aRun(silentFor(2 * hour)), noon)).toBe(false);
    expect(isStale(aRun(silentFor(2 * hour + 1)), noon)).toBe(true);
  });

  test('with a longer time limit only ten minutes after that', () => {
    const limited = { timeoutSeconds: 3 * 3600 };
    expect(isStale(aRun({ ...limited, ...silentFor(3 * hour + 600_000) }), noon)).toBe(false);
    expect(isStale(aRun({ ...limited, ...silentFor(3 * hour + 600_001) }), noon)).toBe(true);
  });

  test('that waits for children, or has ended, is not', () => {
    const waiting = { status: 'waiting', startedAt: 0 } as const;
    expect(isStale(aRun({ state: waiting, ...silentFor(9 * hour) }), noon)).toBe(false);
    expect(isStale(anEndedRun(silentFor(9 * hour)), noon)).toBe(false);
  });
});
