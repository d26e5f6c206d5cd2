import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Lane, type Lease } from '../../src/lanes/lane.ts';
import { virtualClock } from '../fakes/clock.ts';

const never = new AbortController().signal;
const { flush } = virtualClock();

async function lease(lane: Lane, signal: AbortSignal = never): Promise<Lease> {
  const got = await lane.acquire(signal);
  if (got.kind !== 'lease') throw new Error(got.kind);
  return got;
}

/** Starts waiting and notes the name when the lease comes. */
function wait(lane: Lane, name: string, log: string[], signal: AbortSignal = never): Promise<Lease | undefined> {
  return lane.acquire(signal).then((got) => {
    log.push(got.kind === 'lease' ? name : `${name}:${got.kind}`);
    return got.kind === 'lease' ? got : undefined;
  });
}

describe('a lane', () => {
  test('gives as many leases as it is wide and the rest in the order of asking', async () => {
    const lane = new Lane(2, 1);
    const log: string[] = [];
    const first = await lease(lane);
    const second = await lease(lane);
    const third = wait(lane, 'third', log);
    void wait(lane, 'fourth', log);
    await flush();
    expect(lane.stats()).toEqual({ active: 2, waiting: 2, width: 2 });
    second.release();
    await third;
    expect(log).toEqual(['third']);
    first.release();
    await flush();
    expect(log).toEqual(['third', 'fourth']);
  });

  test('counts a lease released twice once, and the lease is lost from then on', async () => {
    const lane = new Lane(1, 7);
    const log: string[] = [];
    const held = await lease(lane);
    void wait(lane, 'a', log);
    void wait(lane, 'b', log);
    expect([held.generation, held.held()]).toEqual([7, true]);
    held.release();
    held.release();
    await flush();
    expect(held.held()).toBe(false);
    expect(log).toEqual(['a']);
    expect(lane.stats()).toEqual({ active: 1, waiting: 1, width: 1 });
  });

  test('lets an aborted waiter leave at once, without a lease and without holding up the line', async () => {
    const lane = new Lane(1, 1);
    const log: string[] = [];
    const abort = new AbortController();
    const held = await lease(lane);
    const leaving = wait(lane, 'leaving', log, abort.signal);
    void wait(lane, 'next', log);
    abort.abort();
    await leaving;
    expect(log).toEqual(['leaving:aborted']);
    expect(lane.stats().waiting).toBe(1);
    held.release();
    await flush();
    expect(log).toEqual(['leaving:aborted', 'next']);
    expect(await lane.acquire(abort.signal)).toEqual({ kind: 'aborted' });
  });

  test('says how many wait ahead', async () => {
    const lane = new Lane(1, 1);
    const held = await lease(lane);
    const [a, b] = [{}, {}];
    void lane.acquire(never, a);
    void lane.acquire(never, b);
    expect([lane.ahead(a), lane.ahead(b), lane.ahead({})]).toEqual([0, 1, 0]);
    held.release();
    await flush();
    expect(lane.ahead(b)).toBe(0);
  });

  test('can be made wider and narrower while turns run', async () => {
    const lane = new Lane(1, 1);
    const log: string[] = [];
    const held = [await lease(lane)];
    const waiting = ['a', 'b', 'c', 'd'].map((name) => wait(lane, name, log));
    lane.setWidth(3);
    await flush();
    expect(log).toEqual(['a', 'b']);
    lane.setWidth(1);
    held[0]?.release();
    (await waiting[0])?.release();
    await flush();
    expect(log).toEqual(['a', 'b']);
    (await waiting[1])?.release();
    await flush();
    expect(log).toEqual(['a', 'b', 'c']);
    expect(lane.stats()).toEqual({ active: 1, waiting: 1, width: 1 });
  });
});

type Step =
  | { readonly do: 'acquire' }
  | { readonly do: 'flush' }
  | { readonly do: 'abort'; readonly pick: number }
  | { readonly do: 'release'; readonly pick: number }
  | { readonly do: 'width'; readonly width: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('acquire' as const) }),
  fc.record({ do: fc.constant('flush' as const) }),
  fc.record({ do: fc.constantFrom('abort' as const, 'release' as const), pick: fc.nat(20) }),
  fc.record({ do: fc.constant('width' as const), width: fc.integer({ min: 1, max: 4 }) }),
);

test('whatever the order of asking, leaving, releasing and resizing: FIFO, never over width, nobody lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 3 }), async (steps, width) => {
      const lane = new Lane(width, 1);
      const asked: { readonly abort: AbortController; readonly answer: Promise<unknown> }[] = [];
      const order: number[] = [];
      const answered = new Set<number>();
      const leases = new Map<number, Lease>();
      let widest = width;
      const acquire = (): void => {
        const id = asked.length;
        const abort = new AbortController();
        const answer = lane.acquire(abort.signal).then((got) => {
          answered.add(id);
          if (got.kind !== 'lease') return;
          order.push(id);
          leases.set(id, got);
          expect(leases.size).toBeLessThanOrEqual(widest);
        });
        asked.push({ abort, answer });
      };
      const releaseOne = (pick: number): void => {
        const id = [...leases.keys()][pick % Math.max(1, leases.size)];
        if (id === undefined) return;
        const got = leases.get(id);
        leases.delete(id);
        got?.release();
      };
      for (const each of steps) {
        if (each.do === 'acquire') acquire();
        else if (each.do === 'flush') await flush();
        else if (each.do === 'abort') asked[each.pick]?.abort.abort();
        else if (each.do === 'release') releaseOne(each.pick);
        else {
          lane.setWidth(each.width);
          widest = Math.max(each.width, leases.size, widest);
        }
      }
      while (answered.size < asked.length) {
        releaseOne(0);
        await flush();
      }
      await Promise.all(asked.map((each) => each.answer));
      while (leases.size > 0) releaseOne(0);
      expect(order).toEqual([...order].sort((a, b) => a - b));
      expect(lane.stats()).toMatchObject({ active: 0, waiting: 0 });
    }),
    { numRuns: 500 },
  );
});
