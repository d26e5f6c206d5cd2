// Typed keyed state on Keyv: zod-checked on read, read-modify-write serialised per key. Used for sessions, bindings, lists.
import Keyv, { type KeyvSerializationAdapter } from 'keyv';
import pLimit, { type LimitFunction } from 'p-limit';
import type { z } from 'zod';
import type { Clock } from './clock.ts';
import type { Database } from './database.ts';
import { keyvRow, keyvSqlite } from './keyv-sqlite.ts';
import { causeOf } from './set-aside.ts';

export interface KeyedStore<T> {
  /** The value, or undefined when absent. One that does not fit its schema is set aside and counts as absent. */
  get(key: string): Promise<T | undefined>;
  /** Resolves once on disk. `ttlMs` makes it expire. */
  set(key: string, value: T, ttlMs?: number): Promise<void>;
  /** Reads, changes and writes one key with nobody between; returning the same object writes nothing, undefined deletes. */
  update(key: string, change: (value: T | undefined) => T | undefined): Promise<T | undefined>;
  delete(key: string): Promise<boolean>;
  entries(): AsyncGenerator<readonly [string, T]>;
}

export class UnreadableValue extends Error {
  readonly code = 'store_unreadable';
  constructor(namespace: string, key: string, cause: unknown) {
    super(`the stored ${namespace} record "${key}" does not have the expected shape`, { cause });
  }
}

export type StoreFactory = <T>(namespace: string, schema: z.ZodType<T>) => KeyedStore<T>;

export function keyedStores(database: Database, clock: Clock): StoreFactory {
  return (namespace, schema) => keyedStore(database, clock, { namespace, schema });
}

/** Values are JSON, as their schemas say: Keyv's own serializer also looks into every string for binary data. */
const plainJson: KeyvSerializationAdapter = {
  stringify: (value) => JSON.stringify(value),
  parse: (text) => JSON.parse(text),
};

interface Kind<T> {
  readonly namespace: string;
  readonly schema: z.ZodType<T>;
}

function keyedStore<T>(database: Database, clock: Clock, { namespace, schema }: Kind<T>): KeyedStore<T> {
  const store = keyvSqlite(database, clock, namespace);
  const keyv = new Keyv<T>({ store, throwOnErrors: true, serialization: plainJson });
  /** One limiter per key in use; dropped when the last user leaves. */
  const gates = new Map<string, { readonly limit: LimitFunction; users: number }>();

  /** Undefined: it is not what it should be, and is set aside by now. */
  async function check(key: string, value: unknown): Promise<T | undefined> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const row = keyvRow(database, namespace, key);
    // Written anew since it was read: then that one counts.
    const now = schema.safeParse(row?.value);
    if (row === undefined || now.success) return now.data;
    const error = new UnreadableValue(namespace, key, parsed.error);
    await database.read.unreadable({ table: 'keyv', row: row.row, cause: causeOf(parsed.error) ?? error.code }, error);
    // What was set before that was done is there.
    return schema.safeParse(keyvRow(database, namespace, key)?.value).data;
  }
  async function get(key: string): Promise<T | undefined> {
    mustBeKey(namespace, key);
    const value: unknown = await keyv.get(key);
    return value === undefined || value === null ? undefined : await check(key, value);
  }
  async function alone<R>(key: string, work: () => Promise<R>): Promise<R> {
    mustBeKey(namespace, key);
    const gate = gates.get(key) ?? { limit: pLimit(1), users: 0 };
    gates.set(key, gate);
    gate.users += 1;
    try {
      return await gate.limit(work);
    } finally {
      gate.users -= 1;
      if (gate.users === 0) gates.delete(key);
    }
  }
  return {
    get,
    set: (key, value, ttlMs) =>
      alone(key, async () => {
        await keyv.set(key, value, ttlMs);
      }),
    update: (key, change) =>
      alone(key, async () => {
        const before = await get(key);
        const after = change(before);
        if (after === before) return before;
        if (after === undefined) await keyv.delete(key);
        else await keyv.set(key, after);
        return after;
      }),
    delete: (key) => alone(key, () => keyv.delete(key)),
    async *entries() {
      const iterate = keyv.iterator;
      if (iterate === undefined) return;
      for await (const entry of iterate.call(keyv)) {
        const [key, value] = entry as readonly [string, unknown];
        const known = value === undefined || value === null ? undefined : await check(key, value);
        if (known !== undefined) yield [key, known] as const;
      }
    },
  };
}

/** Keyv ignores operations on an empty key, which would lose a value silently. */
function mustBeKey(namespace: string, key: string): void {
  if (key === '') throw new Error(`a ${namespace} record needs a key`);
}
