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
      `SELECT ${columns} FROM keyv WHERE key = ? AND (expires IS NULL OR expires > ?)`,
      prefix + key,
      alive(),
    );
    // Keyv hands in serialised text and takes it back as stored.
    return (row === undefined ? undefined : await textOf(database, row)) as KeyvStorageGetResult<Value>;
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
        const text = await textOf(database, row);
        if (text !== undefined) yield [String(row.key).slice(prefix.length), text as Awaited<Value>];
      }
    },
  };
  const adapter = Object.assign(new EventEmitter(), methods);
  return Object.assign(adapter, { capabilities: keyvStorageCapability(adapter) }) as unknown as KeyvStorageAdapter;
}

/** Keyv stores an object with the value in it. */
const columns = `key, value, iif(json_valid(value), coalesce(json_type(value, '$.value'), 'null') <> 'null', 0) AS fine`;

/** Undefined: it cannot be read, and is set aside by now. */
async function textOf(database: Database, { fine, ...row }: Row): Promise<string | undefined> {
  const text = String(row.value);
  if (Number(fine) === 1) return text;
  const cause = 'it is no JSON with a value in it';
  await database.read.unreadable({ table: 'keyv', row, cause }, new SyntaxError(`${String(row.key)}: ${cause}`));
  return undefined;
}

function rows(database: Database, prefix: string, now: number) {
  return database.read.all(
    `SELECT ${columns} FROM keyv WHERE key >= ? AND key < ? AND (expires IS NULL OR expires > ?) ORDER BY key`,
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
  const found = database.read.get(`SELECT ${columns} FROM keyv WHERE key = ?`, `${namespace}::${key}`);
  if (Number(found?.fine) !== 1 || found === undefined) return undefined;
  const { fine: _, ...row } = found;
  const stored: unknown = JSON.parse(String(row.value));
  return { row, value: typeof stored === 'object' && stored !== null && 'value' in stored ? stored.value : undefined };
}

/** The first text after every text with this prefix. */
function after(prefix: string): string {
  return `${prefix}\u{10FFFF}`;
}

/** Removes expired rows of every namespace; called by the regular sweep. */
export function sweepExpired(database: Database, now: number): Promise<number> {
  return database.write((sql) => sql.run('DELETE FROM keyv WHERE expires IS NOT NULL AND expires <= ?', now).changes);
}
