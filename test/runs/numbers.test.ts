// Numbers people use for runs: they never move under somebody's fingers.
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { Numbers } from '../../src/runs/numbers.ts';
import { virtualClock } from '../fakes/clock.ts';

const here: Route = { channel: 'telegram', account: 'default', chat: '1' };
const there: Route = { ...here, thread: '7' };
let numbers: Numbers;

beforeEach(() => {
  numbers = new Numbers(keyedStores(openDatabase(':memory:'), virtualClock()));
});

const shown = async (place: Route) =>
  (await numbers.list(place)).map((each) => `${each.number}${each.runId}`).join(' ');

describe('run numbers', () => {
  test('follow the list that was shown, and newer runs get new ones', async () => {
    await numbers.show(here, ['c', 'a', 'b']);
    expect(await numbers.of(here, 'd')).toBe(4);
    expect(await numbers.of(here, 'a')).toBe(2);
    expect(await shown(here)).toBe('1c 2a 3b 4d');
  });

  test('begin anew with every list', async () => {
    await numbers.show(here, ['a', 'b', 'c']);
    await numbers.show(here, ['c']);
    expect(await shown(here)).toBe('1c');
    expect(await numbers.of(here, 'a')).toBe(2);
  });

  test('belong to one conversation', async () => {
    await numbers.show(here, ['a', 'b']);
    expect(await numbers.of(there, 'b')).toBe(1);
    expect(await numbers.of(here, 'b')).toBe(2);
  });

  test('of runs that start at the same moment differ', async () => {
    const given = await Promise.all(['a', 'b', 'c', 'd'].map((id) => numbers.of(here, id)));
    expect(given.toSorted()).toEqual([1, 2, 3, 4]);
  });

  test('a place that never asks for a list forgets its oldest runs and shifts nothing', async () => {
    await numbers.show(
      here,
      Array.from({ length: 500 }, (_, index) => `r${index + 1}`),
    );
    expect(await numbers.of(here, 'new')).toBe(501);
    expect((await numbers.list(here))[0]).toEqual({ number: 2, runId: 'r2' });
    expect(await numbers.of(here, 'r500')).toBe(500);
  });

  test('begin anew after the last that can be typed, and no two runs share one', async () => {
    await numbers.show(
      here,
      Array.from({ length: 999 }, (_, index) => `r${index + 1}`),
    );
    expect(await numbers.of(here, 'new')).toBe(1);
    expect(await numbers.of(here, 'r999')).toBe(999);
    const known = (await numbers.list(here)).map(({ number }) => number);
    expect(new Set(known).size).toBe(known.length);
  });

  test('between two lists no number ever means another run', async () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant('of' as const), id: fc.constantFrom(...'abcdefgh') }),
      fc.record({ do: fc.constant('show' as const), ids: fc.uniqueArray(fc.constantFrom(...'abcdefgh')) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 30 }), fc.uuid(), async (acts, chat) => {
        const place = { ...here, chat };
        let known = new Map<string, number>();
        for (const each of acts) {
          if (each.do === 'show') {
            await numbers.show(place, each.ids);
            known = new Map(each.ids.map((id, index) => [id, index + 1]));
            continue;
          }
          const number = await numbers.of(place, each.id);
          expect(number).toBe(known.get(each.id) ?? known.size + 1);
          known.set(each.id, number);
        }
        const list = await numbers.list(place);
        expect(new Map(list.map(({ number, runId }) => [runId, number]))).toEqual(known);
      }),
      { numRuns: 30 },
    );
  });
});
