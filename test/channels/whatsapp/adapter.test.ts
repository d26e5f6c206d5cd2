import { makeWASocket } from '@whiskeysockets/baileys';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WhatsappAdapter } from '../../../channels/whatsapp/adapter.ts';
import { chatRoute } from '../../../channels/whatsapp/jid.ts';
import type { MakeSocket } from '../../../channels/whatsapp/socket.ts';
import type { InboundMessage } from '../../../src/core/message.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { type Database, openDatabase } from '../../../src/infra/database.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { keyedStores } from '../../../src/infra/keyed-store.ts';
import { whatsappMemory } from '../../../src/wiring/whatsapp-memory.ts';
import { type HeardEvents, hears } from '../../fakes/channel-events.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { recordingLog } from '../../fakes/recording-log.ts';
import { until } from '../../fakes/wait.ts';
import type { Phone } from '../../twins/whatsapp/phone.ts';
import { type WhatsAppTwin, whatsappTwin } from '../../twins/whatsapp/twin.ts';
import { rotating } from './link-rig.ts';

/** Pauses and watches of ours are a tenth as long; the library's own are not. */
const clock = fastClock(10);
const own = chatRoute('4915100000@s.whatsapp.net', 'default');

let twin: WhatsAppTwin;
let phone: Phone;
let database: Database;
let adapter: WhatsappAdapter;
let events: HeardEvents;
let taken: InboundMessage[];
const made: WhatsappAdapter[] = [];

async function another(makeSocket: MakeSocket = rotating(5_000)): Promise<WhatsappAdapter> {
  const log = recordingLog();
  const keyed = keyedStores(database, systemClock);
  const one = new WhatsappAdapter({
    ...{ account: 'default', wsUrl: twin.url, clock, ids: systemIds, log, makeSocket },
    memory: await whatsappMemory({ database, keyed, log }, 'default'),
    linkChanged: () => undefined,
  });
  made.push(one);
  return one;
}
const state = (): string => adapter.health().state;
const connected = (): Promise<void> => until(() => state() === 'connected', 'the connection');
const heard = (text: string): Promise<void> => until(() => taken.some((one) => one.text === text), `«${text}»`);

beforeEach(async () => {
  twin = await whatsappTwin({ firstKeys: 'few', perSecond: Infinity });
  phone = twin.phone();
  database = openDatabase(':memory:');
  taken = [];
  events = hears(async (message) => void taken.push(message));
  adapter = await another();
  await adapter.start(events);
  const { state: shown } = adapter.link.view();
  if (shown.kind === 'qr') await phone.scan(shown.qr);
  await connected();
});
afterEach(async () => {
  await Promise.all(made.splice(0).map((one) => one.stop()));
  const { violations } = twin;
  await twin.close();
  await database.close();
  expect(violations).toEqual([]);
});

describe('the owner', () => {
  it('is the linked number, writes in the chat with oneself, and is answered there', async () => {
    expect(adapter.accountOwner()).toBe('4915100000');
    expect(adapter.direct('4915100000')).toEqual(own);
    expect(adapter.direct('491')).toBeUndefined();
    await phone.says('hello');
    await heard('hello');
    expect(taken[0]).toMatchObject({ route: own, chat: 'direct', sender: { id: '4915100000' } });
    expect(await adapter.deliver(own, { text: '**hi**' }, 'k')).toMatchObject({ status: 'sent' });
    expect((await twin.next(phone, /hi/)).text).toBe('*hi*');
  });

  it('is known after a restart before anything is connected', async () => {
    await adapter.stop();
    expect((await another()).accountOwner()).toBe('4915100000');
  });
});

describe('a connection that breaks', () => {
  it.each([
    ['drop', () => twin.disconnects.drop()],
    ['end of the stream', () => twin.disconnects.end()],
    ['503', () => twin.disconnects.streamError(503)],
    ['515', () => twin.disconnects.streamError(515)],
  ])('by %s is taken up again, and what came meanwhile is heard once', async (_name, fault) => {
    const before = twin.logins;
    fault();
    await phone.says('meanwhile');
    await until(() => twin.logins > before, 'another login');
    await connected();
    await heard('meanwhile');
    expect(taken).toHaveLength(1);
    expect(events.connects).toBe(2);
  });

  it('is kept from coming back by another program, and says so', async () => {
    twin.disconnects.conflict();
    await until(() => state() === 'conflict', 'the conflict');
    const { knocks } = twin;
    const end = clock.now() + 10_000;
    expect(await adapter.deliver(own, { text: 'x' }, 'k')).toMatchObject({ status: 'retry' });
    await until(() => clock.now() > end, 'time to pass');
    expect(twin.knocks).toBe(knocks);
    expect(events.alarms).toEqual([expect.stringContaining('Another program uses this link')]);
  });

  it.each([
    [403, 'WhatsApp has locked this account'],
    [405, 'Update Switchyard'],
    [411, 'does not allow linked devices'],
  ])('is not tried again after a failed login with %i', async (code, words) => {
    twin.disconnects.failLogins(code, 99);
    twin.disconnects.drop();
    await until(() => state() === 'failed', 'the end');
    expect(adapter.health().detail).toContain(words);
    expect(adapter.accountOwner()).toBe('4915100000');
  });

  it('comes back after logins that fail with 503', async () => {
    twin.disconnects.failLogins(503, 3);
    twin.disconnects.drop();
    await until(() => state() === 'disconnected', 'the outage');
    await connected();
  });

  it('comes back after the server answered the upgrade with 502, which the library waits for without end', async () => {
    twin.disconnects.refuseUpgrades(502, 1);
    twin.disconnects.drop();
    await until(() => state() === 'disconnected', 'the outage');
    await connected();
  });

  it('without a word is noticed, shown and replaced', async () => {
    await adapter.stop();
    adapter = await another((config) => makeWASocket({ ...config, keepAliveIntervalMs: 100 }));
    await adapter.start(events);
    await connected();
    twin.disconnects.silence();
    await until(() => state() === 'disconnected', 'the outage to be seen');
    await connected();
    await phone.says('again');
    await heard('again');
  });

  it('for good by the phone asks for a new link', async () => {
    phone.unlink();
    await until(() => adapter.link.view().state.kind === 'qr', 'a new code');
    expect(adapter.accountOwner()).toBeUndefined();
    expect(await adapter.deliver(own, { text: 'x' }, 'k')).toMatchObject({ status: 'retry' });
  });
});

describe('a stop', () => {
  it('leaves no connection, and is soon over on a dead line too', async () => {
    twin.disconnects.silence();
    await adapter.stop();
    expect({ state: state(), connections: twin.connections }).toMatchObject({ state: 'stopped' });
    await until(() => twin.connections === 0, 'the end of the line');
  });
});
