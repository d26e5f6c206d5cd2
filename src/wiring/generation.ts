// Counts the starts of this installation; slots and events of an older start are recognised by it.
import { z } from 'zod';
import type { Clock } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import type { StoreFactory } from '../infra/keyed-store.ts';
import { wasSetAside } from '../infra/set-aside.ts';

const schema = z.number().int();

export async function nextGeneration(
  stores: StoreFactory,
  { database, clock }: { readonly database: Pick<Database, 'read'>; readonly clock: Pick<Clock, 'now'> },
): Promise<number> {
  const store = stores('process', schema);
  // A count that was lost goes on where none has come to.
  const lost = (): boolean => wasSetAside(database.read, 'keyv', 'process::generation');
  const before = (): number => (lost() ? Math.floor(clock.now() / 1000) : 0);
  return (await store.update('generation', (last) => (last ?? before()) + 1)) ?? 1;
}
