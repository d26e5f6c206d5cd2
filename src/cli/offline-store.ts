// What is stored, read while no process runs. Opened by main.ts for the verbs that only look; never changes anything.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { OpenTurns } from '../agents/open-turns.ts';
import { bindingSchema } from '../core/binding.ts';
import type { Leftover } from '../core/maintenance.ts';
import { type Run, runSchema } from '../core/run.ts';
import { Inbox } from '../inbound/inbox.ts';
import { storedPairing } from '../inbound/pairing.ts';
import { systemClock } from '../infra/clock.ts';
import type { Database } from '../infra/database.ts';
import { systemIds } from '../infra/ids.ts';
import { type KeyedStore, keyedStores } from '../infra/keyed-store.ts';
import { migrations } from '../infra/migrations.ts';
import { recordsSetAside } from '../infra/set-aside.ts';
import { statePaths } from '../infra/state-paths.ts';
import { RunRegistry } from '../runs/registry.ts';
import { Sessions } from '../sessions/sessions.ts';
import { lookThrough } from '../wiring/look-through.ts';
import { comesBack, type LeftoverStores, leftovers } from '../wiring/maintenance.ts';
import type { OfflineStore, StoreHealth } from './engine-port.ts';
import { findRun, flowViews } from './run-views.ts';
import { Unreadables } from './unreadables.ts';

/**
 * Opens the store of a state folder; undefined when there is none yet.
 * @param now unix time in milliseconds, for what counts as stale
 */
export async function openOfflineStore(home: string, now: () => number): Promise<OfflineStore | undefined> {
  const { database } = statePaths(home);
  if (!existsSync(database)) return undefined;
  const db = new DatabaseSync(database, { readOnly: true });
  return {
    runs: async ({ status }) => readRuns(db).filter((run) => status === undefined || run.state.status === status),
    run: async (id) => findRun(readRuns(db), id),
    flows: async () => flowViews(readRuns(db)),
    maintenance: async () => (await allLeftovers(db, now)).map((one) => ({ ...one, reconciled: false })),
    health: async () => health(db),
    linked: async (account) => isLinked(db, account),
    pairing: async (ownerOpen) =>
      storedPairing(keyedStores(readOnly(db, new Unreadables()), { ...systemClock, now }), now(), ownerOpen),
    close: async () => db.close(),
  };
}

/** Looking through a larger file takes longer than somebody waits. */
const largestChecked = 200 * 1024 * 1024;

function health(db: DatabaseSync): StoreHealth {
  const pages = Number(db.prepare('PRAGMA page_count').get()?.page_count ?? 0);
  const bytes = pages * Number(db.prepare('PRAGMA page_size').get()?.page_size ?? 0);
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  const said = bytes > largestChecked ? 'ok' : String(db.prepare('PRAGMA quick_check(1)').get()?.quick_check ?? 'ok');
  return {
    fault: said === 'ok' ? undefined : said,
    newer: version > migrations.length,
    outbox: outboxStats(db),
  };
}

function outboxStats(db: DatabaseSync): StoreHealth['outbox'] {
  if (!hasTable(db, 'outbox')) return { pending: 0, undelivered: 0 };
  const count = (states: string): number =>
    Number(db.prepare(`SELECT count(*) AS n FROM outbox WHERE state IN (${states})`).get()?.n ?? 0);
  return { pending: count("'pending', 'sending'"), undelivered: count("'ambiguous', 'undelivered'") };
}

function isLinked(db: DatabaseSync, account: string): boolean {
  if (!hasTable(db, 'whatsapp_auth')) return false;
  const row = db.prepare("SELECT value FROM whatsapp_auth WHERE account = ? AND key = 'creds'").get(account);
  const creds = z.looseObject({ me: z.object({}), account: z.object({}) });
  return creds.safeParse(parseJson(row?.value)).success;
}

function readRuns(db: DatabaseSync): readonly Run[] {
  if (!hasTable(db, 'runs')) return [];
  return db
    .prepare('SELECT data FROM runs ORDER BY seq DESC')
    .all()
    .flatMap((row) => {
      const parsed = runSchema.safeParse(parseJson(row.data));
      return parsed.success ? [parsed.data] : [];
    });
}

/** What may be left over, as the next start would find it, and what that will not be able to read. */
async function allLeftovers(db: DatabaseSync, now: () => number): Promise<readonly Leftover[]> {
  const damaged = new Unreadables();
  const database = readOnly(db, damaged);
  const from = stored(database, now);
  const found = await leftovers(from);
  const clock = { ...systemClock, now };
  lookThrough({
    ...{ database, inbox: new Inbox(database, clock), openTurns: new OpenTurns(database) },
    registry: new RunRegistry(database),
  });
  return [...found, ...damaged.leftovers()];
}

function stored(database: Database, now: () => number): LeftoverStores {
  const clock = { ...systemClock, now };
  const stores = keyedStores(database, clock);
  const archive = async (): Promise<undefined> => undefined;
  const sessions = new Sessions({ stores, clock, ids: systemIds, transcripts: { archive } });
  const registry = new RunRegistry(database);
  const busy = comesBack({ registry, inbox: new Inbox(database, clock) });
  return {
    ...{ registry, openTurns: new OpenTurns(database), sessions, now, busy },
    bindings: { all: () => listed(stores('bindings', bindingSchema)) },
    setAside: () => recordsSetAside(database.read),
  };
}

async function listed<T>(store: Pick<KeyedStore<T>, 'entries'>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const [, value] of store.entries()) found.push(value);
  return found;
}

/** State is read as the engine reads it; a table that is missing yet holds nothing. */
function readOnly(db: DatabaseSync, damaged: Unreadables): Database {
  const refused = (): never => {
    throw new Error('the store was opened to be looked at');
  };
  const known = (text: string): boolean => hasTable(db, /\bFROM (\w+)/.exec(text)?.[1] ?? '');
  return {
    read: {
      run: refused,
      get: (text, ...values) => (known(text) ? db.prepare(text).get(...values) : undefined),
      all: (text, ...values) => (known(text) ? db.prepare(text).all(...values) : []),
      unreadable: async (found) => damaged.add(found),
    },
    onUnreadable: () => undefined,
    write: async () => refused(),
    close: async () => undefined,
  };
}

function hasTable(db: DatabaseSync, name: string): boolean {
  return db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?").get(name) !== undefined;
}

function parseJson(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
