// What a WhatsApp account keeps across restarts: its credentials, who is who, and what was sent. Used by whatsapp.ts.
import { z } from 'zod';
import type { WhatsappMemory } from '../../channels/whatsapp/adapter.ts';
import type { AuthMemory } from '../../channels/whatsapp/auth.ts';
import type { ChatMark, IdentityMemory } from '../../channels/whatsapp/identity.ts';
import type { SentMemory } from '../../channels/whatsapp/sent.ts';
import type { Database } from '../infra/database.ts';
import type { KeyedStore, StoreFactory } from '../infra/keyed-store.ts';
import type { Log } from '../infra/log.ts';

export function authMemory(database: Database, account: string): AuthMemory {
  return {
    get: (key) => {
      const row = database.read.get('SELECT value FROM whatsapp_auth WHERE account = ? AND key = ?', account, key);
      return row === undefined ? undefined : String(row.value);
    },
    all: (prefix) => {
      const text = 'SELECT key, value FROM whatsapp_auth WHERE account = ? AND key >= ? AND key < ?';
      const rows = database.read.all(text, account, prefix, `${prefix}\u{10FFFF}`);
      return new Map(rows.map(({ key, value }) => [String(key), String(value)]));
    },
    write: (changes) =>
      database.write((sql) => {
        for (const [key, value] of changes) {
          if (value === undefined) sql.run('DELETE FROM whatsapp_auth WHERE account = ? AND key = ?', account, key);
          else
            sql.run(
              'INSERT INTO whatsapp_auth (account, key, value) VALUES (?, ?, ?) ON CONFLICT (account, key) DO UPDATE SET value = excluded.value',
              ...[account, key, value],
            );
        }
      }),
    clear: () => database.write((sql) => void sql.run('DELETE FROM whatsapp_auth WHERE account = ?', account)),
  };
}

const markSchema = z.object({ address: z.string(), expiration: z.number().optional() });
const sentSchema = z.object({ chat: z.string(), at: z.number(), message: z.string(), arrived: z.boolean() });

/** A phone asks for a message again within days, if at all. */
const sentForMs = 8 * 24 * 60 * 60_000;

export interface MemoryParts {
  readonly database: Database;
  readonly keyed: StoreFactory;
  readonly log: Log;
}

export async function whatsappMemory({ database, keyed, log }: MemoryParts, account: string): Promise<WhatsappMemory> {
  return {
    auth: authMemory(database, account),
    identity: await identityMemory(keyed, log, account),
    sent: sentMemory(keyed, account),
  };
}

async function identityMemory(keyed: StoreFactory, log: Log, account: string): Promise<IdentityMemory> {
  const prefix = `${account}:`;
  const pairs = keyed('whatsapp-pairs', z.string());
  const chats = keyed('whatsapp-chats', markSchema);
  const unkept = (err: unknown): void =>
    log.warn({ err, account, code: 'whatsapp_identity' }, 'it was not remembered who is who; it is learnt again');
  return {
    pairs: await known(pairs, prefix),
    chats: await known<ChatMark>(chats, prefix),
    savePair: (lid, pn) => put(pairs, prefix + lid, pn).catch(unkept),
    saveChat: (chat, mark) => put(chats, prefix + chat, mark).catch(unkept),
  };
}

/** Undefined deletes. */
async function put<T>(store: KeyedStore<T>, key: string, value: T | undefined): Promise<void> {
  if (value === undefined) await store.delete(key);
  else await store.set(key, value);
}

async function known<T>(store: KeyedStore<T>, prefix: string): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>();
  for await (const [key, value] of store.entries())
    if (key.startsWith(prefix)) found.set(key.slice(prefix.length), value);
  return found;
}

function sentMemory(keyed: StoreFactory, account: string): SentMemory {
  const store = keyed('whatsapp-sent', sentSchema);
  return {
    get: (id) => store.get(`${account}:${id}`),
    set: (id, row) => store.set(`${account}:${id}`, row, sentForMs),
  };
}
