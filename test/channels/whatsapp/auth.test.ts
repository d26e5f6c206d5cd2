import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Curve, proto } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Auth, type AuthMemory } from '../../../channels/whatsapp/auth.ts';
import { type Database, openDatabase } from '../../../src/infra/database.ts';
import { silentLog } from '../../../src/infra/log.ts';
import { authMemory } from '../../../src/wiring/whatsapp-memory.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import { fakeConnection, link } from './fake-connection.ts';

let folder: string;
let database: Database;
let memory: AuthMemory;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'auth-'));
  database = openDatabase(join(folder, 'switchyard.db'));
  memory = authMemory(database, 'default');
});
afterEach(async () => {
  await database.close();
  rmSync(folder, { recursive: true, force: true });
});

const state = async (auth: Auth) => {
  const opened = await auth.open();
  if (opened.kind !== 'state') throw new Error('unreadable');
  return opened.state;
};
const write = (key: string, value: string | undefined) => memory.write(new Map([[key, value]]));

describe('credentials', () => {
  it('are new where there are none, and the same ever after', async () => {
    const auth = new Auth(memory, silentLog);
    expect(auth.me()).toBeUndefined();
    const { creds } = await state(auth);
    await link(auth);
    const again = new Auth(memory, silentLog);
    expect(again.me()).toEqual({ pn: '4915112345617', lid: '77', name: 'Ann' });
    expect((await state(again)).creds).toEqual((await state(auth)).creds);
    expect((await state(auth)).creds).toBe(creds);
  });

  it('are saved whole and in order, the newest last, with the one before kept', async () => {
    const auth = new Auth(memory, silentLog);
    await link(auth);
    const { creds } = await state(auth);
    for (let n = 1; n <= 5; n += 1) {
      creds.accountSyncCounter = n;
      auth.save();
    }
    await auth.flush();
    expect(JSON.parse(memory.get('creds') ?? '')).toMatchObject({ accountSyncCounter: 5, me: { name: 'Ann' } });
    creds.accountSyncCounter = 6;
    auth.save();
    await auth.flush();
    expect(JSON.parse(memory.get('creds-before') ?? '').accountSyncCounter).toBe(5);
    auth.save();
    await auth.flush();
    expect(JSON.parse(memory.get('creds-before') ?? '').accountSyncCounter).toBe(5);
  });

  it.each([
    ['half a row', '{"noiseKey":{"private":{"type":"Bu'],
    ['an empty row', ''],
    ['no object', 'null'],
    ['a row with parts missing', '{"me":{"id":"4915:1@s.whatsapp.net"}}'],
  ])('that cannot be read are left as they are: %s', async (_name, text) => {
    await link(new Auth(memory, silentLog));
    await write('creds', text);
    await write('session:1', '"x"');
    const auth = new Auth(memory, silentLog);
    expect(await auth.open()).toMatchObject({ kind: 'unreadable' });
    expect(auth.me()).toBeUndefined();
    expect([memory.get('creds'), memory.get('session:1')]).toEqual([text, '"x"']);
    expect(memory.get('creds-before')).toBeUndefined();
  });

  it('that could not be written are kept, told and written later', async () => {
    let full = false;
    const failing: AuthMemory = {
      ...memory,
      write: (changes) => (full ? Promise.reject(new Error('disk full')) : memory.write(changes)),
    };
    const log = recordingLog();
    const auth = new Auth(failing, log);
    await link(auth);
    (await state(auth)).creds.accountSyncCounter = 9;
    full = true;
    auth.save();
    await expect(auth.flush()).rejects.toThrow('could not be written');
    expect(log.lines.map(({ fields }) => fields.code)).toContain('whatsapp_save');
    full = false;
    await auth.flush();
    expect(JSON.parse(memory.get('creds') ?? '').accountSyncCounter).toBe(9);
  });

  it('of an attempt by code that nobody finished are replaced, with everything beside them', async () => {
    const auth = new Auth(memory, silentLog);
    const { creds } = await state(auth);
    creds.me = { id: '4915@s.whatsapp.net', name: '~' };
    auth.save();
    await auth.flush();
    await write('pre-key:1', '"x"');
    const again = new Auth(memory, silentLog);
    const fresh = (await state(again)).creds;
    expect({ me: fresh.me, same: fresh.advSecretKey === creds.advSecretKey }).toEqual({ me: undefined, same: false });
    expect([memory.get('creds'), memory.get('pre-key:1')]).toEqual([undefined, undefined]);
  });

  it('of one account are none of another', async () => {
    await link(new Auth(memory, silentLog));
    const other = new Auth(authMemory(database, 'work'), silentLog);
    expect(other.me()).toBeUndefined();
    await other.clear();
    expect(new Auth(memory, silentLog).me()).toBeDefined();
  });

  it('lie in files for their owner alone', async () => {
    await link(new Auth(memory, silentLog));
    const modes = readdirSync(folder).map((name) => (statSync(join(folder, name)).mode & 0o777).toString(8));
    expect(new Set(modes)).toEqual(new Set(['600']));
  });
});

describe('keys', () => {
  it('come back as they were, whatever they hold', async () => {
    const auth = new Auth(memory, silentLog);
    await link(auth);
    const { keys } = await state(auth);
    const pair = Curve.generateKeyPair();
    const sync = proto.Message.AppStateSyncKeyData.fromObject({ keyData: Buffer.from('abc'), timestamp: 5 });
    await keys.set({
      'pre-key': { 7: pair },
      session: { 'a.0': new Uint8Array([1, 2, 3]) },
      'sender-key-memory': { g: { 'b@lid': true } },
      'lid-mapping': { 49: '77' },
      'device-list': { 49: ['0', '3'] },
      tctoken: { x: { token: Buffer.from('t') } },
      'app-state-sync-key': { k: sync },
      'identity-key': { i: new Uint8Array([9]) },
    });
    const other = (await state(new Auth(memory, silentLog))).keys;
    const preKey = (await other.get('pre-key', ['7', '8']))['7'];
    expect(Buffer.from(preKey?.private ?? []).equals(Buffer.from(pair.private))).toBe(true);
    expect(Buffer.from((await other.get('session', ['a.0']))['a.0'] ?? [])).toEqual(Buffer.from([1, 2, 3]));
    expect(await other.get('sender-key-memory', ['g'])).toEqual({ g: { 'b@lid': true } });
    expect(await other.get('lid-mapping', ['49'])).toEqual({ 49: '77' });
    expect(await other.get('device-list', ['49', '50'])).toEqual({ 49: ['0', '3'] });
    expect((await other.get('tctoken', ['x'])).x?.token).toEqual(Buffer.from('t'));
    const revived = (await other.get('app-state-sync-key', ['k'])).k;
    expect(revived).toBeInstanceOf(proto.Message.AppStateSyncKeyData);
    expect(Buffer.from(revived?.keyData ?? []).toString()).toBe('abc');
  });

  it('are written together or not at all, and go with null', async () => {
    let writes = 0;
    const counting = {
      ...memory,
      write: (changes: ReadonlyMap<string, string | undefined>) => {
        writes += 1;
        return memory.write(changes);
      },
    };
    const { keys } = await state(new Auth(counting, silentLog));
    const many = Object.fromEntries(Array.from({ length: 812 }, (_, id) => [String(id), Curve.generateKeyPair()]));
    await keys.set({ 'pre-key': many });
    expect(writes).toBe(1);
    await keys.set({ 'pre-key': { 1: null } });
    const { 1: gone, 2: kept } = await keys.get('pre-key', ['1', '2']);
    expect([gone ?? undefined, kept === undefined]).toEqual([undefined, false]);
    expect(memory.get('pre-key:1')).toBeUndefined();
  });

  it('that cannot be read count as missing, and that is told', async () => {
    await write('session:a', '{"type":"Buf');
    await link(new Auth(memory, silentLog));
    await write('session:a', '{"type":"Buf');
    const log = recordingLog();
    const { keys } = await state(new Auth(memory, log));
    expect(await keys.get('session', ['a'])).toEqual({});
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { code: 'whatsapp_key', type: 'session' } }]);
  });

  it('of an identity that was given up do not mix with those of the next', async () => {
    const auth = new Auth(memory, silentLog);
    const old = await state(auth);
    await auth.clear();
    await state(auth);
    await old.keys.set({ session: { a: new Uint8Array([1]) } });
    expect(memory.get('session:a')).toBeUndefined();
  });
});

describe('a store that cannot be read', () => {
  it('stops with what to do, and nothing is connected; a new link is made only when asked for', async () => {
    const broken = await fakeConnection(false);
    broken.texts.set('creds', '{"noise');
    await broken.started();
    expect(broken.connection.health()).toEqual({
      state: 'failed',
      detail:
        'The stored link cannot be read and was left as it is. Put a backup of the state folder back, or link anew: npx switchyard pair whatsapp --again',
    });
    expect([broken.sockets.length, broken.texts.get('creds')]).toEqual([0, '{"noise']);
    await broken.connection.begin({});
    await broken.clock.flush();
    expect([broken.sockets.length, broken.texts.get('creds')]).toEqual([0, '{"noise']);
    expect(broken.connection.view().state).toMatchObject({ kind: 'ended', what: expect.stringContaining('--again') });
    await broken.connection.begin({ again: true });
    await broken.clock.flush();
    expect([broken.sockets.length, broken.texts.get('creds')]).toEqual([1, undefined]);
    await broken.connection.stop();
  });
});
