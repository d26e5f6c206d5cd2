import { describe, expect, it } from 'vitest';
import { brokenSeeds, everySecond } from './broken-seeds.ts';

describe('every invariant holds, whatever comes in whatever order, with crashes between', () => {
  it.each([0, 1, 2, 3, 4, 5])('in memory, portion %i of the odd seeds', async (portion) => {
    expect(await brokenSeeds(everySecond(1 + 50 * portion, 25))).toEqual([]);
  });

  it('with the state in files', async () => {
    expect(await brokenSeeds(everySecond(10001, 8), true)).toEqual([]);
  });
});
