// One client from login to its end, and what it ended by. The library resumes by itself after a drop; whether it really does
// is watched here, for it waits without end where Discord does not answer. Called by connection.ts.
import { type Client, Events, Status } from 'discord.js';
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import { closeClient, openClient } from './client.ts';
import { causeOf } from './faults.ts';

export interface SessionOptions {
  readonly apiUrl: string | undefined;
  readonly token: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends it from outside. */
  readonly stop: AbortSignal;
  /** Told before the login. */
  readonly opened: (client: Client) => void;
  /** `fresh`: logged in; otherwise Discord has taken the session up again and repeated what was missed. */
  readonly up: (client: Client, fresh: boolean) => void;
  readonly reconnecting: () => void;
  /** Discord takes an IDENTIFY as made. */
  readonly identified: () => void;
  /** Now and then while it lives. @param heardAt when Discord last said anything, Unix ms */
  readonly alive: (heardAt: number) => void;
}

export type Over =
  | { readonly kind: 'closed'; readonly code: number }
  | { readonly kind: 'login'; readonly error: unknown }
  | { readonly kind: 'lost'; readonly what: string }
  | { readonly kind: 'stopped' };

/** A session that is not back after this long will not come back: the library waits for RESUMED without end. */
export const lostMs = 30_000;
/** Logging in takes the library up to a minute where Discord is slow to answer. */
const loginMs = 75_000;
/** Heartbeats come every 41 s; nothing at all for this long is no connection. */
const silentMs = 120_000;
const lookEveryMs = 5_000;

/** Resolves with nothing left of the client. Never rejects. */
export async function runSession(options: SessionOptions): Promise<Over> {
  const { apiUrl, token, clock, log, stop, opened } = options;
  const done = new AbortController();
  const client = openClient(apiUrl, done.signal, clock);
  const over = Promise.withResolvers<Over>();
  const life = listen(client, options, over.resolve);
  opened(client);
  stop.addEventListener('abort', () => over.resolve({ kind: 'stopped' }), { once: true, signal: done.signal });
  if (stop.aborted) over.resolve({ kind: 'stopped' });
  else client.login(token).catch((error: unknown) => over.resolve({ kind: 'login', error }));
  const end = await Promise.race([over.promise, watch(client, options, { life, done: done.signal })]);
  done.abort();
  log.debug({ end: end.kind, code: 'discord_session' }, 'a session with Discord is over');
  await closeClient(client, clock);
  return end;
}

interface Life {
  /** When Discord was last heard, Unix ms. */
  heardAt(): number;
  /** It has been up. */
  began(): boolean;
}

function listen(client: Client, options: SessionOptions, over: (how: Over) => void): Life {
  const { clock, log, up, reconnecting, identified } = options;
  let heardAt = clock.now();
  let began = false;
  const live = (fresh: boolean): void => {
    began = true;
    up(client, fresh);
  };
  const trouble = (error: unknown): void =>
    log.debug({ cause: causeOf(error), code: 'discord_library' }, 'the library reports an error');
  // Without a listener for `error` the library ends the process.
  client.on(Events.Error, trouble);
  client.on(Events.ShardError, trouble);
  client.on(Events.ShardDisconnect, ({ code }) => over({ kind: 'closed', code }));
  client.on(Events.ShardReconnecting, reconnecting);
  client.on(Events.ShardReady, () => live(true));
  client.on(Events.ShardResume, () => live(false));
  client.on(Events.Raw, ({ t }) => {
    heardAt = clock.now();
    if (t === 'READY') identified();
  });
  let ping = 0;
  return {
    heardAt: () => {
      // An answered heartbeat is a sign of life, too.
      const last = Math.max(0, ...client.ws.shards.map((shard) => shard.lastPingTimestamp));
      if (last !== ping) heardAt = clock.now();
      ping = last;
      return heardAt;
    },
    began: () => began,
  };
}

interface Watched {
  readonly life: Life;
  readonly done: AbortSignal;
}

/** Resolves when the session is dead without having said so. */
async function watch(client: Client, options: SessionOptions, { life, done }: Watched): Promise<Over> {
  const { clock, alive } = options;
  let liveAt = clock.now();
  while (!done.aborted) {
    await clock.sleep(lookEveryMs, done);
    const now = clock.now();
    const heardAt = life.heardAt();
    if (isLive(client)) {
      liveAt = now;
      if (now - heardAt >= silentMs) return { kind: 'lost', what: 'Discord has been silent' };
      alive(heardAt);
    } else if (now - liveAt >= (life.began() ? lostMs : loginMs)) {
      return { kind: 'lost', what: 'Discord does not take the session up again' };
    }
  }
  return { kind: 'stopped' };
}

/** Derived from the library's sockets at the time of the call. */
export function isLive(client: Client | undefined): boolean {
  if (client === undefined || client.ws.shards.size === 0) return false;
  return client.ws.shards.every((shard) => shard.status === Status.Ready);
}
