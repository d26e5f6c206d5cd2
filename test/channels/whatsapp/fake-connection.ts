// A connection on sockets a test moves by hand and a clock it holds: what comes of each end, and when. Used by
// connection.test.ts.
import { EventEmitter } from 'node:events';
import { type ConnectionState, initAuthCreds, type WASocket } from '@whiskeysockets/baileys';
import { Auth, type AuthMemory } from '../../../channels/whatsapp/auth.ts';
import { Connection } from '../../../channels/whatsapp/connection.ts';
import { type VirtualClock, virtualClock } from '../../fakes/clock.ts';
import { seededIds } from '../../fakes/ids.ts';
import { type RecordingLog, recordingLog } from '../../fakes/recording-log.ts';

export class FakeSocket {
  /** What it keeps back until it is asked to hand it on. */
  keptBack: (() => void) | undefined;
  readonly ev = Object.assign(new EventEmitter(), {
    flush: (): boolean => {
      const work = this.keptBack;
      this.keptBack = undefined;
      work?.();
      return work !== undefined;
    },
  });
  readonly ws = Object.assign(new EventEmitter(), { isOpen: false, isConnecting: true, isClosed: false });
  readonly madeAt: number;
  ended = 0;
  logouts = 0;

  constructor(madeAt: number) {
    this.madeAt = madeAt;
  }

  end(_error: Error | undefined): Promise<void> {
    this.ended += 1;
    this.#line(false);
    this.update({ connection: 'close' });
    this.keptBack = undefined;
    return Promise.resolve();
  }

  logout(): Promise<void> {
    this.logouts += 1;
    return Promise.resolve();
  }

  requestPairingCode(_phone: string): Promise<string> {
    return this.ws.isOpen ? Promise.resolve('ABCD1234') : Promise.reject(new Error('closed'));
  }

  update(change: Partial<ConnectionState>): void {
    this.ev.emit('connection.update', change);
  }

  open(): void {
    this.#line(true);
    this.update({ connection: 'open' });
  }

  /** A code of the server's, or none. */
  close(statusCode?: number, message = 'over'): void {
    this.#line(false);
    const error = Object.assign(new Error(message), statusCode === undefined ? {} : { output: { statusCode } });
    this.update({ connection: 'close', lastDisconnect: { error, date: new Date(0) } });
  }

  /** The line dies; the library has not noticed. */
  dies(): void {
    this.#line(false);
  }

  #line(isOpen: boolean): void {
    Object.assign(this.ws, { isOpen, isConnecting: false, isClosed: !isOpen });
  }
}

export interface FakeConnection {
  readonly clock: VirtualClock;
  readonly log: RecordingLog;
  readonly connection: Connection;
  readonly auth: Auth;
  readonly texts: Map<string, string>;
  readonly sockets: readonly FakeSocket[];
  readonly attached: readonly number[];
  readonly alarms: readonly string[];
  /** How often it said that it is connected. */
  connects(): number;
  last(): FakeSocket;
  /** Started, with its first socket. */
  started(): Promise<FakeSocket>;
}

/** @param linked whether the store holds a link */
export async function fakeConnection(linked = true): Promise<FakeConnection> {
  const clock = virtualClock();
  const log = recordingLog();
  const texts = new Map<string, string>();
  const auth = new Auth(memoryOf(texts), log);
  if (linked) await link(auth);
  const [sockets, attached, alarms]: [FakeSocket[], number[], string[]] = [[], [], []];
  let connects = 0;
  const connection = new Connection({
    ...{ account: 'default', auth, clock, log, ids: seededIds(), wsUrl: undefined },
    attach: (_socket, generation) => void attached.push(generation),
    connected: () => {
      connects += 1;
    },
    linkChanged: () => undefined,
    alarm: (_key, text) => void alarms.push(text),
    getMessage: async () => undefined,
    cachedGroupMetadata: async () => undefined,
    makeSocket: () => {
      const socket = new FakeSocket(clock.now());
      sockets.push(socket);
      return socket as unknown as WASocket;
    },
  });
  const last = (): FakeSocket => sockets.at(-1) ?? new FakeSocket(0);
  return {
    ...{ clock, log, connection, auth, texts, sockets, attached, alarms, last },
    connects: () => connects,
    started: async () => {
      void connection.start();
      await clock.flush();
      return last();
    },
  };
}

export function memoryOf(texts: Map<string, string>): AuthMemory {
  return {
    get: (key) => texts.get(key),
    all: (prefix) => new Map([...texts].filter(([key]) => key.startsWith(prefix))),
    write: async (changes) => {
      for (const [key, value] of changes) value === undefined ? texts.delete(key) : texts.set(key, value);
    },
    clear: async () => texts.clear(),
  };
}

export async function link(auth: Auth): Promise<void> {
  const opened = await auth.open();
  if (opened.kind !== 'state') throw new Error('the store cannot be read');
  Object.assign(opened.state.creds, {
    ...initAuthCreds(),
    me: { id: '4915112345617:3@s.whatsapp.net', lid: '77:3@lid', name: 'Ann' },
    account: { details: Buffer.from('x') },
  });
  auth.save();
  await auth.flush();
}
