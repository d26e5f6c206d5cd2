// What survives a crash: a SQLite connection, in memory or on a file, and transcripts. Each life gets a view of it that ends
// with the life. Used by world.ts.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Entry } from '../../src/core/agent.ts';
import { type Connection, type Database, databaseOn, openConnection } from '../../src/infra/database.ts';
import { forked, type TranscriptStore, Transcripts } from '../../src/sessions/transcript.ts';
import type { Storage } from '../../src/wiring/parts.ts';
import { instantFlush } from '../fakes/disk.ts';
import { type Life, never } from './life.ts';
import { Flushes, type FlushParts } from './power.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';
import { type Watched, watchedBy, watchTables } from './triggers.ts';

export interface Disk {
  /** A view for one life. */
  open(life: Life): Storage;
  /** For looking at what is stored, whoever lives. */
  readonly read: Database['read'];
  /** What the triggers saw so far. */
  watched(): readonly Watched[];
  /** What was written and not flushed may be lost: how many entries of transcripts are. */
  losePower(): number;
  /** Ids of the sessions whose transcripts are in use: those put away have other names. */
  transcripts(): readonly string[];
  close(): void;
}

export interface DiskParts {
  readonly timeline: Timeline;
  /** How long commits take. */
  readonly random: Random;
  /** How long flushes take, and what a power failure takes away. Undefined: written is flushed. */
  readonly power: Random | undefined;
}

/** A commit takes up to this long. */
const longestCommitMs = 3;

function lifeDatabase({ timeline, random }: DiskParts, life: Life, connection: Connection): Database {
  const database = databaseOn(connection, (commit) => {
    timeline.after(random.int(0, longestCommitMs), () => {
      if (life.point('before a commit')) return;
      commit();
      life.point('after a commit');
    });
  });
  return {
    read: database.read,
    onUnreadable: (listener) => database.onUnreadable(listener),
    write: (work) => (life.alive() ? database.write(work) : never()),
    close: () => (life.alive() ? database.close() : never()),
  };
}

/** Transcripts that stop being written when the life ends. */
function lifeTranscripts(life: Life, store: TranscriptStore): TranscriptStore {
  const guarded = <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (life.point(`before ${name}`)) return never();
    const done = work();
    return life.point(`after ${name}`) ? never() : done;
  };
  return {
    path: (id) => store.path(id),
    read: (id) => store.read(id),
    readCounted: (id) => store.readCounted(id),
    append: (id, entries) => guarded('a transcript write', () => store.append(id, entries)),
    fork: (from, to, turn) => guarded('a fork', () => store.fork(from, to, turn)),
    archive: (id, kind, at) => guarded('an archiving', () => store.archive(id, kind, at)),
  };
}

/** Kept for all simulations of this process: opening a connection with its schema takes longer than many a simulation. */
let shared: Shared | undefined;

interface Shared {
  readonly db: DatabaseSync;
  readonly statements: Map<string, StatementSync>;
  /** Deletes all that is in it. */
  readonly empty: string;
}

/** Empty again at every call; only one at a time. */
export function memoryDisk(parts: DiskParts): Disk {
  shared ??= sharedConnection();
  const { db, statements, empty } = shared;
  if (db.isTransaction) db.exec('ROLLBACK');
  db.exec(empty);
  const connection: Connection = {
    exec: (text) => db.exec(text),
    prepare: (text) => {
      const known = statements.get(text) ?? db.prepare(text);
      statements.set(text, known);
      return known;
    },
    close: () => undefined,
    get isTransaction() {
      return db.isTransaction;
    },
  };
  const { store, lose, inUse } = memoryTranscripts();
  const { transcripts, losePower } = flushing(parts, lose);
  return {
    open: (life) => ({
      database: lifeDatabase(parts, life, connection),
      transcripts: lifeTranscripts(life, transcripts(store)),
    }),
    losePower,
    read: databaseOn(connection, () => undefined).read,
    watched: () => watchedBy(db),
    transcripts: inUse,
    close: () => undefined,
  };
}

function sharedConnection(): Shared {
  const db = openConnection(':memory:');
  watchTables(db);
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
  const names = [...tables.map(({ name }) => String(name)), 'sqlite_sequence', 'temp.watched'];
  return { db, statements: new Map(), empty: names.map((name) => `DELETE FROM ${name};`).join('') };
}

/** A file of its own, opened anew by each life as after a real crash. */
export function fileDisk(parts: DiskParts): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'switchyard-simulation-'));
  const path = join(folder, 'state.db');
  const open = (): DatabaseSync => {
    const db = openConnection(path);
    // What is written reaches the operating system all the same, and only the process dies here.
    db.exec('PRAGMA synchronous=OFF');
    watchTables(db);
    return db;
  };
  const reader = open();
  const connections: DatabaseSync[] = [reader];
  const transcriptsFolder = join(folder, 'transcripts');
  const { transcripts, losePower } = flushing(parts, (id, entries) => {
    const file = join(transcriptsFolder, `${id}.jsonl`);
    // Every line ends.
    writeFileSync(
      file,
      readFileSync(file, 'utf8')
        .split(/(?<=\n)/)
        .slice(0, -entries)
        .join(''),
    );
  });
  return {
    open: (life) => {
      const db = open();
      connections.push(db);
      // Its triggers' notes are read at the end, whether the life has drained or not.
      const connection: Connection = {
        exec: (text) => db.exec(text),
        prepare: (text) => db.prepare(text),
        close: () => undefined,
        get isTransaction() {
          return db.isTransaction;
        },
      };
      return {
        database: lifeDatabase(parts, life, connection),
        transcripts: lifeTranscripts(life, transcripts(new Transcripts(transcriptsFolder, instantFlush))),
      };
    },
    losePower,
    read: databaseOn(reader, () => undefined).read,
    watched: () => connections.flatMap((db) => (db.isOpen ? watchedBy(db) : [])),
    transcripts: () =>
      existsSync(transcriptsFolder)
        ? readdirSync(transcriptsFolder).flatMap((name) => (name.endsWith('.jsonl') ? [name.slice(0, -6)] : []))
        : [],
    close: () => {
      for (const db of connections) if (db.isOpen) db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As they are where power does not fail. */
function flushing(
  { timeline, power }: DiskParts,
  lose: FlushParts['lose'],
): { readonly transcripts: (store: TranscriptStore) => TranscriptStore; readonly losePower: () => number } {
  if (power === undefined) return { transcripts: (store) => store, losePower: () => 0 };
  const flushes = new Flushes({ timeline, random: power, lose });
  return { transcripts: (store) => flushes.over(store), losePower: () => flushes.fail() };
}

function memoryTranscripts(): {
  readonly store: TranscriptStore;
  readonly lose: FlushParts['lose'];
  readonly inUse: () => readonly string[];
} {
  const kept = new Map<string, Entry[]>();
  const store: TranscriptStore = {
    path: (id) => `/transcripts/${id}.jsonl`,
    read: async (id) => [...(kept.get(id) ?? [])],
    readCounted: async (id) => ({ entries: [...(kept.get(id) ?? [])], skipped: 0 }),
    append: async (id, entries) => {
      const list = kept.get(id) ?? [];
      kept.set(id, list);
      list.push(...(Array.isArray(entries) ? (entries as readonly Entry[]) : [entries as Entry]));
    },
    fork: async (from, to, turn) => {
      if (kept.has(to)) return;
      const entries = kept.get(from) ?? [];
      const taken = forked(entries, turn);
      kept.set(
        to,
        entries.filter((entry) => taken.has(entry)),
      );
    },
    archive: async (id, kind, at) => {
      const entries = kept.get(id);
      if (entries === undefined) return undefined;
      kept.delete(id);
      const name = `${id}.${kind}.${at}`;
      kept.set(name, entries);
      return name;
    },
  };
  return {
    store,
    lose: (id, entries) => void kept.get(id)?.splice(-entries),
    inUse: () => [...kept.keys()].filter((id) => !id.includes('.')),
  };
}
