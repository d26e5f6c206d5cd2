// A twin with a plain, unmodified client of the library, for the tests of the twin itself: state in memory, what happened in
// lists.
import makeWASocket, {
  type AuthenticationState,
  type BaileysEventMap,
  initAuthCreds,
  makeCacheableSignalKeyStore,
  type SignalDataTypeMap,
  type UserFacingSocketConfig,
  type WAMessage,
  type WASocket,
} from '@whiskeysockets/baileys';
import { onTestFinished, vi } from 'vitest';
import { until } from '../../fakes/wait.ts';
import type { Phone } from './phone.ts';
import { type WhatsAppTwin, type WhatsAppTwinOptions, whatsappTwin } from './twin.ts';
import { textOf } from './view.ts';

const silent = {
  level: 'silent',
  child: () => silent,
  ...{ trace: () => {}, debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
};

export interface Memory {
  readonly state: AuthenticationState;
  /** Every key set, as `type id`. */
  readonly stored: Map<string, unknown>;
}

/** Credentials that outlive a socket. */
export function memory(): Memory {
  const stored = new Map<string, unknown>();
  const keys = {
    get: async <T extends keyof SignalDataTypeMap>(type: T, ids: string[]) => {
      const found: Record<string, SignalDataTypeMap[T]> = {};
      for (const id of ids) {
        const value = stored.get(`${type} ${id}`);
        if (value !== undefined) found[id] = value as SignalDataTypeMap[T];
      }
      return found;
    },
    set: async (data: object) => {
      for (const [type, values] of Object.entries(data))
        for (const [id, value] of Object.entries(values as Record<string, unknown>)) {
          if (value === null || value === undefined) stored.delete(`${type} ${id}`);
          else stored.set(`${type} ${id}`, value);
        }
    },
  };
  return { state: { creds: initAuthCreds(), keys: makeCacheableSignalKeyStore(keys, silent) }, stored };
}

/** One socket of the library and what came of it. */
export class Client {
  readonly socket: WASocket;
  readonly qrs: string[] = [];
  readonly upserts: { readonly message: WAMessage; readonly type: string }[] = [];
  readonly updates: BaileysEventMap['messages.update'] = [];
  /** Asked for messages when somebody could not open one. */
  readonly asked: string[] = [];
  opened = false;
  caughtUp = false;
  /** The status code of its end. */
  closed: number | undefined;

  constructor(twin: WhatsAppTwin, auth: Memory, config: Partial<UserFacingSocketConfig> = {}) {
    this.socket = makeWASocket({
      ...{ auth: auth.state, waWebSocketUrl: twin.url, logger: silent },
      ...{ markOnlineOnConnect: false, syncFullHistory: false, emitOwnEvents: false, retryRequestDelayMs: 1 },
      getMessage: async ({ id }) => {
        this.asked.push(id ?? '');
        return undefined;
      },
      ...config,
    });
    const { ev } = this.socket;
    ev.on('creds.update', (update) => void Object.assign(auth.state.creds, update));
    ev.on('messages.upsert', ({ messages, type }) => {
      for (const message of messages) this.upserts.push({ message, type });
    });
    ev.on('messages.update', (updates) => void this.updates.push(...updates));
    ev.on('connection.update', ({ connection, qr, lastDisconnect, receivedPendingNotifications }) => {
      if (qr !== undefined) this.qrs.push(qr);
      if (receivedPendingNotifications) this.caughtUp = true;
      if (connection === 'open') this.opened = true;
      if (connection === 'close') this.closed = statusOf(lastDisconnect?.error);
    });
    onTestFinished(() => this.leave());
  }

  /** What it heard: texts of messages it could open, without what only concerns the protocol. */
  get heard(): string[] {
    return this.upserts.map(({ message }) => textOf(message.message)).filter((text) => text !== '');
  }

  async isOpen(): Promise<this> {
    await until(() => this.opened && this.caughtUp, 'an open connection');
    return this;
  }

  /** @returns the status code */
  async hasEnded(): Promise<number> {
    await until(() => this.closed !== undefined, 'the end of the connection');
    return this.closed ?? 0;
  }

  /** Waits for a message by its text. */
  async hears(text: string): Promise<WAMessage> {
    const find = () => this.upserts.find(({ message }) => textOf(message.message) === text);
    await until(() => find() !== undefined, `${text}; heard ${this.heard.join(', ')}`);
    return find()?.message ?? ({} as WAMessage);
  }

  /** Sends and waits for the server's word. @returns the id, and the error of a nack */
  async sends(jid: string, text: string, more: { readonly quoted?: WAMessage; readonly id?: string } = {}) {
    const messageId = more.id ?? `3EB0${(++count).toString(16).toUpperCase().padStart(18, '0')}`;
    const acked = this.socket.waitForMessage(messageId, 20_000);
    await this.socket.sendMessage(
      jid,
      { text },
      { messageId, ...(more.quoted === undefined ? {} : { quoted: more.quoted }) },
    );
    const ack = (await acked) as { readonly attrs: Readonly<Record<string, string>> } | undefined;
    return { id: messageId, error: ack?.attrs.error };
  }

  async leave(): Promise<void> {
    await this.socket.end(undefined);
  }
}

let count = 0;

const statusOf = (error: unknown): number =>
  (error as { output?: { statusCode?: number } } | undefined)?.output?.statusCode ?? 0;

export interface Linked {
  readonly twin: WhatsAppTwin;
  readonly phone: Phone;
  readonly auth: Memory;
  /** Opens another socket with the same credentials. */
  connect(config?: Partial<UserFacingSocketConfig>): Client;
}

/** A twin with a phone, and nothing linked. */
export async function unlinked(options: WhatsAppTwinOptions = {}): Promise<Linked> {
  // The cipher's library writes whole sessions to the console.
  for (const method of ['info', 'warn', 'error'] as const) vi.spyOn(console, method).mockImplementation(() => {});
  const twin = await whatsappTwin({ firstKeys: 'few', ...options });
  onTestFinished(async () => {
    await twin.close();
    vi.restoreAllMocks();
  });
  const auth = memory();
  return { twin, phone: twin.phone(), auth, connect: (config) => new Client(twin, auth, config) };
}

/** The same, linked by QR code and logged in. */
export async function linked(options: WhatsAppTwinOptions = {}): Promise<Linked & { readonly client: Client }> {
  const all = await unlinked(options);
  const first = all.connect();
  await until(() => first.qrs.length > 0, 'a QR code');
  await all.phone.scan(first.qrs[0] ?? '');
  await first.hasEnded();
  const client = await all.connect().isOpen();
  const { creds } = all.auth.state;
  if (options.history !== false)
    await until(() => creds.accountSyncCounter > 0 && all.phone.waiting() === 0, 'the history');
  client.upserts.length = 0;
  return { ...all, client };
}
