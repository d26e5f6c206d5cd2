// A linked device of ours in front of the twin, with its real store: connections come and go, the store stays. Used by the tests
// in this folder.
import { makeWASocket } from '@whiskeysockets/baileys';
import { onTestFinished } from 'vitest';
import { Auth } from '../../../channels/whatsapp/auth.ts';
import { Connection } from '../../../channels/whatsapp/connection.ts';
import type { ConnectionOptions } from '../../../channels/whatsapp/connection-options.ts';
import type { MakeSocket } from '../../../channels/whatsapp/socket.ts';
import type { LinkState, LinkView } from '../../../src/core/link.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { type Database, openDatabase } from '../../../src/infra/database.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { authMemory } from '../../../src/wiring/whatsapp-memory.ts';
import { type RecordingLog, recordingLog } from '../../fakes/recording-log.ts';
import { until } from '../../fakes/wait.ts';
import type { Phone } from '../../twins/whatsapp/phone.ts';
import { type WhatsAppTwin, type WhatsAppTwinOptions, whatsappTwin } from '../../twins/whatsapp/twin.ts';

/** One connection, and what it told. */
export interface Device {
  readonly connection: Connection;
  readonly views: readonly LinkView[];
  readonly alarms: readonly string[];
  /** Every QR code shown so far. */
  qrs(): readonly string[];
  /** Waits for a step that has not been seen before the call, or is the present one. */
  reaches<K extends LinkState['kind']>(kind: K): Promise<Extract<LinkState, { kind: K }>>;
}

export interface LinkRig {
  readonly twin: WhatsAppTwin;
  readonly phone: Phone;
  readonly database: Database;
  readonly log: RecordingLog;
  /** A connection on the same store, as after a restart. It is not started. */
  device(more?: Partial<ConnectionOptions>): Device;
  /** A device whose phone has scanned. */
  linked(more?: Partial<ConnectionOptions>): Promise<Device>;
}

/** The library with codes that are shown this long, instead of a minute. */
export const rotating =
  (codeMs: number): MakeSocket =>
  (config) =>
    makeWASocket({ ...config, qrTimeout: codeMs, retryRequestDelayMs: 1 });

export async function openLinkRig(options: WhatsAppTwinOptions = {}): Promise<LinkRig> {
  const twin = await whatsappTwin({ firstKeys: 'few', ...options });
  const database = openDatabase(':memory:');
  const log = recordingLog();
  const made: Connection[] = [];
  onTestFinished(async () => {
    await Promise.all(made.map((connection) => connection.stop()));
    await twin.close();
    await database.close();
  });
  const device = (more: Partial<ConnectionOptions> = {}): Device => {
    const views: LinkView[] = [];
    const alarms: string[] = [];
    const connection = new Connection({
      ...{ account: 'default', clock: systemClock, ids: systemIds, log, wsUrl: twin.url },
      auth: new Auth(authMemory(database, 'default'), log),
      linkChanged: (view) => views.push(view),
      alarm: (_key, text) => alarms.push(text),
      attach: () => undefined,
      connected: () => undefined,
      getMessage: async () => undefined,
      cachedGroupMetadata: async () => undefined,
      // Nobody is in a hurry, however busy the machine is.
      makeSocket: rotating(30_000),
      ...more,
    });
    made.push(connection);
    return {
      ...{ connection, views, alarms },
      qrs: () => views.flatMap(({ state }) => (state.kind === 'qr' ? [state.qr] : [])),
      reaches: (kind) => reaches(connection, kind),
    };
  };
  const phone = twin.phone();
  return {
    ...{ twin, phone, database, log, device },
    linked: async (more) => {
      const one = device(more);
      void one.connection.start();
      await scanNewest(phone, one);
      await one.reaches('linked');
      await until(() => one.connection.health().state === 'connected', 'the login');
      return one;
    },
  };
}

/** Codes rotate while somebody takes aim. */
export async function scanNewest(phone: Phone, device: Device): Promise<void> {
  await device.reaches('qr');
  await phone.scan(device.qrs().at(-1) ?? '');
}

async function reaches<K extends LinkState['kind']>(
  connection: Connection,
  kind: K,
): Promise<Extract<LinkState, { kind: K }>> {
  const fits = (state: LinkState): state is Extract<LinkState, { kind: K }> => state.kind === kind;
  const late = new AbortController();
  const timer = systemClock.after(30_000, () => late.abort());
  for (let view = connection.view(); ; view = await connection.changed(view.seq, late.signal)) {
    if (fits(view.state)) {
      timer.cancel();
      return view.state;
    }
    if (late.signal.aborted) throw new Error(`waited for ${kind}; it is ${JSON.stringify(view.state)}`);
  }
}
