// Keyv's storage on our SQLite file: one namespace per kind of value. Used by keyed-store.ts.
import { EventEmitter } from 'node:events';
import { type KeyvStorageAdapter, type KeyvStorageEntry, type KeyvStorageGetResult, keyvStorageCapability } from 'keyv';
import type { Clock } from './clock.ts';
import type { Database, Row } from './database.ts';

/**
 * A v6 storage adapter. `expires` is absolute Unix ms and enforced on read; expired rows are removed by `sweepExpired`.
 * Writes share the group commit of the database and resolve once they are on disk.
 */
export function keyvSqlite(database: Database, clock: Clock, namespace: string): KeyvStorageAdapter {
  const prefix = `${namespace}::`;
  const alive = (): number => clock.now();
  const read = async <Value>(key: string): Promise<KeyvStorageGetResult<Value>> => {
    const row = database.read.get(
      'SELECT key, value FROM keyv WHERE key = ? AND (expires IS NULL OR expires > ?)',
      prefix + key,
      alive(),
    );
    // Keyv hands in serialised text and takes what it made that from.
    return (row === undefined ? undefined : await storedIn(database, row)) as KeyvStorageGetResult<Value>;
  };
  const put = ({ key, value, expires }: KeyvStorageEntry<unknown>): Promise<boolean> =>
    database.write((sql) => {
      sql.run(
        'INSERT INTO keyv (key, value, expires) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires = excluded.expires',
        prefix + key,
        String(value),
        expires ?? null,
      );
      return true;
    });
  const remove = (key: string): Promise<boolean> =>
    database.write((sql) => sql.run('DELETE FROM keyv WHERE key = ?', prefix + key).changes > 0);

  const methods = {
    namespace,
    get: async <Value>(key: string) => read<Value>(key),
    getMany: <Value>(keys: string[]) => Promise.all(keys.map((key) => read<Value | undefined>(key))),
    has: async (key: string) => (await read(key)) !== undefined,
    hasMany: (keys: string[]) => Promise.all(keys.map(async (key) => (await read(key)) !== undefined)),
    set: (key: string, value: unknown, expires?: number) =>
      put(expires === undefined ? { key, value } : { key, value, expires }),
    setMany: <Value>(entries: KeyvStorageEntry<Value>[]) => Promise.all(entries.map(put)),
    delete: remove,
    deleteMany: (keys: string[]) => Promise.all(keys.map(remove)),
    clear: async () => {
      await database.write((sql) => sql.run('DELETE FROM keyv WHERE key >= ? AND key < ?', prefix, after(prefix)));
    },
    async *iterator<Value>(): AsyncGenerator<Array<string | Awaited<Value> | undefined>, void> {
      for (const row of rows(database, prefix, alive())) {
        const stored = await storedIn(database, row);
        if (stored !== undefined) yield [String(row.key).slice(prefix.length), stored as Awaited<Value>];
      }
    },
  };
  const adapter = Object.assign(new EventEmitter(), methods);
  return Object.assign(adapter, { capabilities: keyvStorageCapability(adapter) }) as unknown as KeyvStorageAdapter;
}

/** Keyv stores an object with the value in it. */
interface Stored {
  readonly value: unknown;
}

function parse(row: Row): Stored | undefined {
  try {
    const stored: unknown = JSON.parse(String(row.value));
    return typeof stored === 'object' && stored !== null && 'value' in stored && stored.value !== null
      ? stored
      : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: it cannot be read, and is set aside by now. */
async function storedIn(database: Database, row: Row): Promise<Stored | undefined> {
  const stored = parse(row);
  if (stored !== undefined) return stored;
  const cause = 'it is no JSON with a value in it';
  await database.read.unreadable({ table: 'keyv', row, cause }, new SyntaxError(`${String(row.key)}: ${cause}`));
  return undefined;
}

function rows(database: Database, prefix: string, now: number) {
  return database.read.all(
    'SELECT key, value FROM keyv WHERE key >= ? AND key < ? AND (expires IS NULL OR expires > ?) ORDER BY key',
    prefix,
    after(prefix),
    now,
  );
}

/** A stored row and the value in it; undefined when there is none. */
export function keyvRow(
  database: Database,
  namespace: string,
  key: string,
): { readonly row: Row; readonly value: unknown } | undefined {
  const row = database.read.get('SELECT key, value FROM keyv WHERE key = ?', `${namespace}::${key}`);
  const stored = row === undefined ? undefined : parse(row);
  return row === undefined || stored === undefined ? undefined : { row, value: stored.value };
}

/** The first text after every text with this prefix. */
function after(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}

/** Removes expired rows of every namespace; called by the regular sweep. */
export function sweepExpired(database: Database, now: number): Promise<number> {
  return database.write((sql) => sql.run('DELETE FROM keyv WHERE expires IS NOT NULL AND expires <= ?', now).changes);
}
