import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { migrations } from '../../src/infra/migrations.ts';

let folder: string;
let path: string;
let database: Database;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'switchyard-db-'));
  path = join(folder, 'state', 'switchyard.db');
  database = openDatabase(path);
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const put = (key: string, value: string) =>
  database.write((sql) => sql.run('INSERT INTO keyv (key, value) VALUES (?, ?)', key, value).changes);
const value = (key: string): unknown => database.read.get('SELECT value FROM keyv WHERE key = ?', key)?.value;

describe('the database', () => {
  it('is readable by its owner only, and so is its folder when it makes it', () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'state')).mode & 0o777).toBe(0o700);
  });

  it('keeps what a resolved write wrote, as another connection sees it', async () => {
    await put('a', 'one');
    const other = new DatabaseSync(path, { readOnly: true });
    expect(other.prepare('SELECT value FROM keyv').all()).toEqual([expect.objectContaining({ value: 'one' })]);
    other.close();
  });

  it('rolls a failing piece of work back alone: those committed with it stay', async () => {
    const [first, second, third] = await Promise.allSettled([
      put('a', 'one'),
      database.write((sql) => {
        sql.run("INSERT INTO keyv (key, value) VALUES ('b', 'half')");
        throw new Error('second thoughts');
      }),
      put('c', 'three'),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'second thoughts' } });
    expect(third.status).toBe('fulfilled');
    expect([value('a'), value('b'), value('c')]).toEqual(['one', undefined, 'three']);
  });

  it('shows later work of one commit what earlier work wrote', async () => {
    const [, seen] = await Promise.all([
      put('a', 'one'),
      database.write((sql) => sql.get("SELECT value FROM keyv WHERE key = 'a'")?.value),
    ]);
    expect(seen).toBe('one');
  });

  it('shares one commit between writes submitted together', async () => {
    const frames = (): number => statSync(`${path}-wal`).size;
    await put('warm', 'up');
    const before = frames();
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(`k${index}`, 'v')));
    const together = frames() - before;
    for (let index = 0; index < 50; index += 1) await put(`s${index}`, 'v');
    const apart = frames() - before - together;
    expect(together * 5).toBeLessThan(apart);
  });

  it('commits what is queued when it closes, and refuses writes after that', async () => {
    const last = put('a', 'one');
    await database.close();
    await expect(last).resolves.toBe(1);
    await expect(put('b', 'two')).rejects.toThrow('the database is closed');
    database = openDatabase(path);
    expect(value('a')).toBe('one');
  });

  it('waits for a file that somebody else has locked for a moment, from the first statement on', async () => {
    const fresh = join(folder, 'locked.db');
    const holder = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const db = new (require('node:sqlite').DatabaseSync)(workerData);
       db.exec('BEGIN EXCLUSIVE; CREATE TABLE held (a)');
       parentPort.postMessage('locked');
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
       db.exec('COMMIT');
       db.close();`,
      { eval: true, workerData: fresh },
    );
    await once(holder, 'message');
    const waiting = openDatabase(fresh);
    expect(waiting.read.all("SELECT name FROM sqlite_master WHERE name = 'held'")).toHaveLength(1);
    await waiting.close();
    await holder.terminate();
  });

  it('refuses a file written by a newer version instead of guessing', async () => {
    await database.close();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 999');
    raw.close();
    expect(() => openDatabase(path)).toThrow('newer version (schema 999');
    const mended = new DatabaseSync(path);
    mended.exec(`PRAGMA user_version = ${migrations.length}`);
    mended.close();
    database = openDatabase(path);
  });
});
