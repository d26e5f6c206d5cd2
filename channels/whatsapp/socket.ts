// One socket of the library from its making to its end, watched: the library neither reconnects nor notices every way in which
// a connection can hang. Called by connection.ts.
import {
  type AuthenticationState,
  Browsers,
  type ConnectionState,
  makeWASocket,
  type UserFacingSocketConfig,
  type WASocket,
} from '@whiskeysockets/baileys';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import type { SignalRepositoryMaker } from './journal.ts';
import { libraryLog, silenceLibrary } from './library-log.ts';
import { catchStray } from './stray.ts';

export type MakeSocket = (config: UserFacingSocketConfig) => WASocket;

export interface SocketSettings {
  /** Another web socket than WhatsApp's own. */
  readonly wsUrl: string | undefined;
  readonly log: Log;
  readonly getMessage: NonNullable<UserFacingSocketConfig['getMessage']>;
  readonly cachedGroupMetadata: NonNullable<UserFacingSocketConfig['cachedGroupMetadata']>;
  readonly makeSocket?: MakeSocket | undefined;
  /** Absent: the library's own. */
  readonly signalRepository?: SignalRepositoryMaker | undefined;
}

/** The phone lists it as `Google Chrome (Mac OS)`. A code by number is refused to names that WhatsApp does not know. */
const browser = Browsers.macOS('Chrome');

const connectTimeoutMs = 20_000;

export function openSocket(settings: SocketSettings, auth: AuthenticationState): WASocket {
  const { wsUrl, log, getMessage, cachedGroupMetadata, signalRepository, makeSocket = makeWASocket } = settings;
  silenceLibrary();
  catchStray(log);
  return makeSocket({
    ...(wsUrl === undefined ? {} : { waWebSocketUrl: wsUrl }),
    ...(signalRepository === undefined ? {} : { makeSignalRepository: signalRepository }),
    ...{ auth, browser, connectTimeoutMs, getMessage, cachedGroupMetadata, logger: libraryLog(log) },
    // The owner's phone goes on ringing.
    markOnlineOnConnect: false,
    syncFullHistory: false,
    emitOwnEvents: false,
  });
}

export type Over =
  /** The library says so. */
  | { readonly kind: 'closed'; readonly error: unknown }
  /** Neither connected nor failed. */
  | { readonly kind: 'stuck' }
  /** Turned away at the door, which the library waits for without end. */
  | { readonly kind: 'refused' }
  | { readonly kind: 'stopped' };

export interface Watch {
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** A QR code, and how long it lasts. */
  readonly qr: (qr: string, lastsMs: number) => void;
  /** The phone agreed. */
  readonly scanned: () => void;
  readonly opened: () => void;
  /** The credentials changed. */
  readonly save: () => void;
}

/** Without a word from the server this long, while connecting, it is given up. */
const stuckMs = connectTimeoutMs + 5_000;
/** A first login uploads keys and may take its time, but not for ever. */
const longestLoginMs = 180_000;
/** As the library rotates them. */
const firstQrMs = 60_000;
const nextQrMs = 20_000;
/** A line that is dead takes the library half a minute more to bury. */
const lookEveryMs = 5_000;

/**
 * Resolves when the socket is of no use any more; nothing of its state is heard after that. What it heard is handed on at
 * once: the library tells the server that it has a message and then keeps it back, at a login for many seconds, and throws
 * away what it still has when the connection ends.
 */
export function watchSocket(socket: WASocket, watch: Watch): Promise<Over> {
  const { clock, signal } = watch;
  const over = Promise.withResolvers<Over>();
  const since = clock.now();
  let phase: 'connecting' | 'scan' | 'open' = 'connecting';
  let codes = 0;
  let agreed = false;
  let closedLooks = 0;
  let stuck = clock.after(stuckMs, () => finish({ kind: 'stuck' }));
  let look = clock.after(lookEveryMs, lookAgain);

  /** There is life in it. */
  function progress(): void {
    socket.ev.flush();
    if (phase !== 'connecting' || clock.now() - since > longestLoginMs) return;
    stuck.cancel();
    stuck = clock.after(stuckMs, () => finish({ kind: 'stuck' }));
  }
  function lookAgain(): void {
    const { isOpen, isConnecting } = socket.ws;
    closedLooks = isOpen || isConnecting ? 0 : closedLooks + 1;
    if (closedLooks > 1) finish({ kind: 'stuck' });
    else look = clock.after(lookEveryMs, lookAgain);
  }
  function onUpdate({ connection, qr, isNewLogin, lastDisconnect }: Partial<ConnectionState>): void {
    // The library goes on rotating codes when one was scanned.
    if (qr !== undefined && !agreed) {
      phase = 'scan';
      stuck.cancel();
      codes += 1;
      watch.qr(qr, codes === 1 ? firstQrMs : nextQrMs);
    }
    if (isNewLogin === true) {
      agreed = true;
      phase = 'connecting';
      progress();
      watch.scanned();
    }
    if (connection === 'open') {
      phase = 'open';
      stuck.cancel();
      watch.opened();
    }
    if (connection === 'close') finish({ kind: 'closed', error: lastDisconnect?.error });
  }
  function stop(): void {
    finish({ kind: 'stopped' });
  }
  function refused(): void {
    finish({ kind: 'refused' });
  }
  function finish(how: Over): void {
    socket.ev.flush();
    stuck.cancel();
    look.cancel();
    signal.removeEventListener('abort', stop);
    socket.ev.off('connection.update', onUpdate);
    socket.ev.off('creds.update', watch.save);
    socket.ws.off('frame', progress);
    socket.ws.off('unexpected-response', refused);
    over.resolve(how);
  }

  socket.ev.on('connection.update', onUpdate);
  socket.ev.on('creds.update', watch.save);
  socket.ws.on('frame', progress);
  socket.ws.on('unexpected-response', refused);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  return over.promise;
}

/** On a dead line the other side never says goodbye. */
const closeWithinMs = 2_000;

/** Closes what is left of a socket. Never rejects. */
export async function endSocket(socket: WASocket, clock: Clock): Promise<void> {
  const { ev } = socket;
  const over = new AbortController();
  // Said just before what is kept back is thrown away.
  const last = ({ connection }: Partial<ConnectionState>): void => {
    if (connection === 'close') ev.flush();
  };
  ev.on('connection.update', last);
  const ended = Promise.resolve(socket.end(undefined))
    .catch(() => undefined)
    .finally(() => ev.off('connection.update', last));
  await Promise.race([ended, clock.sleep(closeWithinMs, over.signal)]);
  over.abort();
  terminate(socket.ws);
}

/** The library keeps the socket of the `ws` package to itself, and closes it politely only. */
function terminate(client: object): void {
  const { socket } = client as { readonly socket?: { terminate?(): void } | null };
  socket?.terminate?.();
}
