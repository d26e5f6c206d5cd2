// The real adapter, linked with the real library to the loopback twin; what it keeps stays when it is made anew, as after a
// restart. Used by the tests in this folder.
import { makeWASocket } from '@whiskeysockets/baileys';
import { onTestFinished } from 'vitest';
import { WhatsappAdapter } from '../../../channels/whatsapp/adapter.ts';
import type { AuthMemory } from '../../../channels/whatsapp/auth.ts';
import type { InboundMessage, OutboundMessage, Receipt } from '../../../src/core/message.ts';
import type { Route } from '../../../src/core/route.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { openDatabase } from '../../../src/infra/database.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { authMemory } from '../../../src/wiring/whatsapp-memory.ts';
import { type HeardEvents, hears } from '../../fakes/channel-events.ts';
import { type RecordingLog, recordingLog } from '../../fakes/recording-log.ts';
import { until } from '../../fakes/wait.ts';
import type { Phone } from '../../twins/whatsapp/phone.ts';
import { type WhatsAppTwin, type WhatsAppTwinOptions, whatsappTwin } from '../../twins/whatsapp/twin.ts';
import { IdentityMemoryFake, type SentMemoryFake, sentMemory } from './memories.ts';

export interface MessageRig {
  readonly twin: WhatsAppTwin;
  readonly phone: Phone;
  readonly log: RecordingLog;
  readonly taken: InboundMessage[];
  readonly events: HeardEvents;
  readonly sent: SentMemoryFake;
  adapter(): WhatsappAdapter;
  /** Sends through the adapter that runs now. */
  deliver(chat: string, message: string | OutboundMessage, key?: string): Promise<Receipt>;
  /** Waits for a message with this text and hands it out. */
  hears(text: string): Promise<InboundMessage>;
  /** Stops; what happens now waits on the server. */
  stop(): Promise<void>;
  /** Starts on what was kept; resolves once connected. */
  start(): Promise<void>;
}

export function place(chat: string): Route {
  return { channel: 'whatsapp', account: 'default', chat };
}

/** @param keeping stands between the adapter and what it keeps of its keys */
export async function openMessageRig(
  options: WhatsAppTwinOptions = {},
  keeping: (auth: AuthMemory) => AuthMemory = (auth) => auth,
): Promise<MessageRig> {
  const twin = await whatsappTwin({ firstKeys: 'few', perSecond: Infinity, ...options });
  const phone = twin.phone();
  const database = openDatabase(':memory:');
  const log = recordingLog();
  const [identity, sent] = [new IdentityMemoryFake(), sentMemory()];
  const taken: InboundMessage[] = [];
  const events = hears(async (message) => void taken.push(message));
  let keys = 0;
  let running = make();
  function make(): WhatsappAdapter {
    return new WhatsappAdapter({
      ...{ account: 'default', wsUrl: twin.url, clock: systemClock, ids: systemIds, log },
      memory: { auth: keeping(authMemory(database, 'default')), identity, sent },
      linkChanged: () => undefined,
      makeSocket: (config) => makeWASocket({ ...config, retryRequestDelayMs: 1 }),
    });
  }
  const connected = () => until(() => running.health().state === 'connected', 'the connection');
  const rig: MessageRig = {
    ...{ twin, phone, log, taken, events, sent },
    adapter: () => running,
    deliver: (chat, message, key = `key:${keys++}`) =>
      running.deliver(place(chat), typeof message === 'string' ? { text: message } : message, key),
    hears: async (text) => {
      const find = () => taken.find((message) => message.text === text);
      await until(() => find() !== undefined, `"${text}"`);
      const found = find();
      if (found === undefined) throw new Error(`lost "${text}"`);
      return found;
    },
    stop: () => running.stop(),
    start: async () => {
      running = make();
      await running.start(events);
      await connected();
    },
  };
  onTestFinished(async () => {
    await running.stop();
    await twin.close();
    await database.close();
  });
  void running.start(events);
  await link(running, phone);
  await connected();
  return rig;
}

async function link({ link: account }: WhatsappAdapter, phone: Phone): Promise<void> {
  const qr = () => {
    const { state } = account.view();
    return state.kind === 'qr' ? state.qr : undefined;
  };
  await until(() => qr() !== undefined, 'a QR code');
  await phone.scan(qr() ?? '');
}
