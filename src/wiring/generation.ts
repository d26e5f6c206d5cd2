// Counts the starts of this installation; slots and events of an older start are recognised by it.
import { z } from 'zod';
import type { StoreFactory } from '../infra/keyed-store.ts';

const schema = z.number().int();

export async function nextGeneration(stores: StoreFactory): Promise<number> {
  const store = stores('process', schema);
  return (await store.update('generation', (last = 0) => last + 1)) ?? 1;
}
