import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { type KeyedStore, keyedStores, type StoreFactory, UnreadableValue } from '../../src/infra/keyed-store.ts';
import { sweepExpired } from '../../src/infra/keyv-sqlite.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

const schema = z.object({ count: z.number() });
type Count = z.infer<typeof schema>;

let database: Database;
let clock: VirtualClock;
let stores: StoreFactory;
let store: KeyedStore<Count>;

beforeEach(() => {
  database = openDatabase(':memory:');
  // Keyv itself compares expiry with the real time, so the virtual clock starts there.
  clock = virtualClock(Date.now());
  stores = keyedStores(database, clock);
  store = stores('counts', schema);
});
afterEach(() => database.close());

async function all<T>(from: KeyedStore<T>): Promise<readonly (readonly [string, T])[]> {
  const found: (readonly [string, T])[] = [];
  for await (const entry of from.entries()) found.push(entry);
  return found;
}

describe('a keyed store', () => {
  it('gives back what was set, and undefined for what never was', async () => {
    await store.set('a', { count: 1 });
    expect(await store.get('a')).toEqual({ count: 1 });
    expect(await store.get('b')).toBeUndefined();
  });

  it('keeps namespaces apart, also ones that begin alike', async () => {
    const other = stores('counts2', schema);
    await store.set('a', { count: 1 });
    await other.set('a', { count: 2 });
    expect(await all(store)).toEqual([['a', { count: 1 }]]);
    expect(await all(other)).toEqual([['a', { count: 2 }]]);
  });

  it('refuses a value of another shape instead of passing it on', async () => {
    await stores('counts', z.object({ name: z.string() })).set('a', { name: 'x' });
    await expect(store.get('a')).rejects.toBeInstanceOf(UnreadableValue);
    await expect(store.get('a')).rejects.toThrow('the stored counts record "a"');
  });

  it('lets nobody in between a read and its write', async () => {
    await Promise.all(
      Array.from({ length: 100 }, () => store.update('a', (known) => ({ count: (known?.count ?? 0) + 1 }))),
    );
    expect(await store.get('a')).toEqual({ count: 100 });
  });

  it('deletes by an update to undefined, and writes nothing for the same object', async () => {
    await store.set('a', { count: 1 });
    expect(await store.update('a', (known) => known)).toEqual({ count: 1 });
    expect(await store.update('a', () => undefined)).toBeUndefined();
    expect(await store.get('a')).toBeUndefined();
  });

  it('forgets expired values, on read and for good in the sweep', async () => {
    await store.set('short', { count: 1 }, 1_000);
    await store.set('long', { count: 2 });
    expect(await store.get('short')).toEqual({ count: 1 });
    await clock.advance(1_500);
    expect(await store.get('short')).toBeUndefined();
    expect(await sweepExpired(database, clock.now())).toBe(1);
    expect(await all(store)).toEqual([['long', { count: 2 }]]);
  });

  it('refuses an empty key, which Keyv would drop without a word', async () => {
    await expect(store.set('', { count: 1 })).rejects.toThrow('needs a key');
    await expect(store.get('')).rejects.toThrow('needs a key');
  });

  it('behaves like a map under any sequence of operations', async () => {
    let namespaces = 0;
    const key = fc.constantFrom('a', 'b', 'a:b', 'ä%');
    const operation = fc.oneof(
      fc.record({ do: fc.constant('set' as const), key, count: fc.nat() }),
      fc.record({ do: fc.constant('delete' as const), key }),
      fc.record({ do: fc.constant('add' as const), key }),
    );
    await fc.assert(
      // Every run gets a namespace of its own, also the repeated ones of a shrinking failure.
      fc.asyncProperty(fc.array(operation, { maxLength: 30 }), async (operations) => {
        namespaces += 1;
        const mine = stores(`run-${namespaces}`, schema);
        const model = new Map<string, Count>();
        for (const each of operations) {
          const count = (model.get(each.key)?.count ?? 0) + 1;
          if (each.do === 'set') {
            model.set(each.key, { count: each.count });
            await mine.set(each.key, { count: each.count });
          } else if (each.do === 'add') {
            model.set(each.key, { count });
            await mine.update(each.key, (known) => ({ count: (known?.count ?? 0) + 1 }));
          } else expect(await mine.delete(each.key)).toBe(model.delete(each.key));
        }
        expect(new Map(await all(mine))).toEqual(model);
      }),
      { numRuns: 60 },
    );
  });
});
