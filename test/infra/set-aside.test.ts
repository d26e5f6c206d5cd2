import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Database, openDatabase, type Row } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import {
  allReadable,
  type FollowUp,
  forgetSetAside,
  readable,
  recordsSetAside,
  SetAside,
  toldUpTo,
  untoldRecords,
} from '../../src/infra/set-aside.ts';
import { virtualClock } from '../fakes/clock.ts';
import { type RecordingLog, recordingLog } from '../fakes/recording-log.ts';

const clock = virtualClock();
const parse = (row: Row): string => z.object({ a: z.string() }).parse(JSON.parse(String(row.sleep))).a;

let database: Database;
let log: RecordingLog;
let aside: SetAside;

beforeEach(async () => {
  database = openDatabase(':memory:');
  log = recordingLog();
  aside = new SetAside({ database, clock, log });
  await put('good', '{"a":"fine"}');
});
afterEach(() => database.close());

const put = (session: string, sleep: string): Promise<unknown> =>
  database.write((sql) => sql.run('INSERT OR REPLACE INTO sleeps (session, sleep) VALUES (?, ?)', session, sleep));
const read = (): readonly string[] =>
  allReadable(database.read, 'sleeps', database.read.all('SELECT * FROM sleeps ORDER BY session'), parse);
const left = (): readonly unknown[] => database.read.all('SELECT session FROM sleeps').map(({ session }) => session);
const names = (): readonly string[] => recordsSetAside(database.read).map(({ name }) => name);

describe('a row that cannot be read', () => {
  it('is left out, moved out of its table whole, and logged once without what it holds', async () => {
    await put('bad', '{"secret');
    await put('odd', '{"a":"fine","b":1}');
    await put('shape', '{"a":{"secret":1}}');
    for (let times = 0; times < 3; times += 1) expect(read()).toEqual(['fine', 'fine']);
    await aside.settled();
    expect(left()).toEqual(['good', 'odd']);
    expect(recordsSetAside(database.read).map(({ name, reason }) => `${name}: ${reason}`)).toEqual([
      'sleeps bad: it is no JSON',
      'sleeps shape: it has another shape than expected (a: invalid_type)',
    ]);
    const kept = database.read.all('SELECT record FROM set_aside').map(({ record }) => JSON.parse(String(record)));
    expect(kept).toEqual([
      { session: 'bad', sleep: '{"secret' },
      { session: 'shape', sleep: '{"a":{"secret":1}}' },
    ]);
    expect(log.lines.map(({ level, fields }) => [level, fields.table, fields.id])).toEqual([
      ['error', 'sleeps', 'bad'],
      ['error', 'sleeps', 'shape'],
    ]);
    expect(JSON.stringify(log.lines)).not.toContain('secret');
  });

  it('is set aside also where bytes stand in place of a text', async () => {
    await database.write((sql) => sql.run("INSERT INTO sleeps (session, sleep) VALUES ('bytes', x'00ff7b')"));
    expect(read()).toEqual(['fine']);
    await aside.settled();
    expect(names()).toEqual(['sleeps bytes']);
  });

  it('stays where it is when it was written anew meanwhile', async () => {
    await put('bad', '{');
    read();
    await put('bad', '{"a":"mended"}');
    await aside.settled();
    expect(read()).toEqual(['mended', 'fine']);
    expect(names()).toEqual([]);
  });

  it('takes with it what follows, in one transaction, and afterwards what comes after', async () => {
    const order: string[] = [];
    aside.follow(
      async (table, row): Promise<FollowUp> => ({
        within: (sql) => void order.push(`${table} ${row.session} ${sql.all('SELECT * FROM sleeps').length}`),
        after: async () => void order.push(`after ${names().join()}`),
      }),
    );
    await put('bad', '{');
    read();
    await aside.settled();
    expect(order).toEqual(['sleeps bad 1', 'after sleeps bad']);
  });

  it('is set aside also where it is not known what follows', async () => {
    aside.follow(() => Promise.reject(new Error('no')));
    await put('bad', '{');
    read();
    await aside.settled();
    expect(names()).toEqual(['sleeps bad']);
  });

  it('counts as missing, and is tried once, where it cannot be set aside', async () => {
    aside.follow(async () => ({
      within: () => {
        throw new Error('the disk is full');
      },
    }));
    await put('bad', '{');
    for (let times = 0; times < 3; times += 1) {
      expect(read()).toEqual(['fine']);
      await aside.settled();
    }
    expect(left()).toEqual(['bad', 'good']);
    expect(log.lines.map(({ fields }) => fields.code)).toEqual(['not_set_aside']);
  });

  it('is no reason to hide a fault of the program', () => {
    const [row = {}] = database.read.all('SELECT * FROM sleeps');
    const fault = (): never => {
      throw new TypeError('a bug');
    };
    expect(() => readable(database.read, 'sleeps', row, fault)).toThrow('a bug');
    expect(names()).toEqual([]);
  });

  it('is an error where nobody sets it aside', async () => {
    const other = openDatabase(':memory:');
    expect(() => readable(other.read, 'sleeps', { session: 'x', sleep: '{' }, parse)).toThrow(SyntaxError);
    await other.close();
  });
});

describe('what was set aside', () => {
  it('is told once, and can be removed', async () => {
    for (const key of ['a', 'b']) {
      await put(key, '{');
      read();
      await aside.settled();
    }
    const [first, second] = recordsSetAside(database.read);
    await database.write((sql) => toldUpTo(sql, first?.seq ?? 0));
    expect(recordsSetAside(database.read).map(({ told }) => told)).toEqual([true, false]);
    expect(untoldRecords(database.read)).toEqual([{ ...second, told: false }]);
    expect(await database.write((sql) => forgetSetAside(sql, second?.seq ?? 0))).toBe(true);
    expect(await database.write((sql) => forgetSetAside(sql, second?.seq ?? 0))).toBe(false);
    expect(names()).toEqual(['sleeps a']);
  });
});

describe('a keyed value that cannot be read', () => {
  const counts = () => keyedStores(database, clock)('counts', z.object({ count: z.number() }));
  const spoil = (value: string): Promise<unknown> =>
    database.write((sql) => sql.run("INSERT OR REPLACE INTO keyv (key, value) VALUES ('counts::a', ?)", value));

  it.for(['{', '{"value":{"count":"x"}}', '{}', '7', '{"value":null}'])(
    'is set aside before it is written anew: %s',
    async (value) => {
      const store = counts();
      await store.set('b', { count: 2 });
      await spoil(value);
      const all: unknown[] = [];
      for await (const entry of store.entries()) all.push(entry);
      expect(all).toEqual([['b', { count: 2 }]]);
      expect(await store.update('a', (known) => ({ count: (known?.count ?? 0) + 1 }))).toEqual({ count: 1 });
      expect(await store.get('a')).toEqual({ count: 1 });
      expect(names()).toEqual(['keyv counts::a']);
      const [kept] = database.read.all('SELECT record FROM set_aside');
      expect(JSON.parse(String(kept?.record)).value).toBe(value);
    },
  );

  it('does not stand in the way of one that was set meanwhile', async () => {
    const store = counts();
    await spoil('{"value":{}}');
    const [found] = await Promise.all([store.get('a'), store.set('a', { count: 5 })]);
    expect(found).toEqual({ count: 5 });
    await aside.settled();
    expect(await store.get('a')).toEqual({ count: 5 });
  });
});
