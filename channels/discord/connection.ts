// The way events come in: reach Discord, log in, keep at it, and know at any time how it stands. Made by adapter.ts.
// 1 ask for the gateway until Discord answers  2 log in  3 wait until the session is over  4 again from 1, or stay ended
import { type APIGatewayBotInfo, type Client, Routes } from 'discord.js';
import type { ChannelHealth } from '../../src/core/channel.ts';
import { elapsed } from '../../src/core/format.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import type { DiscordApi } from './api.ts';
import { fatalWords, tokenWords } from './endings.ts';
import { causeOf, type Fault, type FaultCause, faultOf } from './faults.ts';
import { isLive, lostMs, type Over, runSession } from './session.ts';

export interface ConnectionOptions {
  readonly api: DiscordApi;
  readonly apiUrl: string | undefined;
  readonly token: string;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  /** A client that is not logged in yet: whoever wants to hear it starts to listen. */
  readonly attach: (client: Client) => void;
  /** Connected. `fresh`: a new session, in which nothing of before is told; otherwise Discord has repeated what was missed. */
  readonly connected: (client: Client, fresh: boolean) => void;
  /** Now and then while the connection lives. @param heardAt when Discord last said anything, Unix ms */
  readonly alive: (heardAt: number) => void;
}

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'connecting'; readonly since: number }
  | { readonly kind: 'connected'; readonly since: number }
  /** The library is at it. */
  | { readonly kind: 'reconnecting'; readonly since: number }
  | { readonly kind: 'trouble'; readonly since: number; readonly what: string }
  | { readonly kind: 'failed'; readonly what: string }
  | { readonly kind: 'stopped' };

/** docs.discord.com/developers/topics/gateway#identifying: one every 5 seconds. */
const identifyEveryMs = 5_500;
const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
/** Fewer new sessions left than this: they are kept for a restart by a person. */
const sessionsKept = 5;
/** Shorter gaps do not make what came meanwhile a backlog. */
const gapMs = 60_000;

export class Connection {
  readonly #options: ConnectionOptions;
  /** Aborted by a stop, and by an end after which nothing but other settings helps. */
  readonly #end = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #state: State = { kind: 'new' };
  #client: Client | undefined;
  #running: Promise<void> | undefined;
  #identifiedAt = 0;
  #connectedAt = 0;
  #failures = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    options.api.onTokenRefused(() => this.#fail(tokenWords, { status: 401 }));
  }

  /** Resolves once connected, or once the first attempt failed: it goes on by itself then. */
  start(): Promise<void> {
    if (this.#running === undefined && this.#state.kind === 'new') {
      this.#state = { kind: 'connecting', since: this.#options.clock.now() };
      this.#running = this.#run().finally(() => this.#ready.resolve());
    }
    return this.#ready.promise;
  }

  /** Ends intake; resolves with no connection left. */
  async stop(): Promise<void> {
    this.#state = { kind: 'stopped' };
    this.#end.abort();
    await this.#running;
  }

  /** Logged in at least once; perhaps cut off at the moment. */
  get client(): Client<true> | undefined {
    return this.#client?.isReady() ? this.#client : undefined;
  }

  /** Unix ms: what was sent before waited while we were not there. */
  get connectedAt(): number {
    return this.#connectedAt;
  }

  /** Not started, stopped, or of no use before the settings change: nothing can be sent. */
  get ended(): boolean {
    return this.#state.kind === 'new' || this.#end.signal.aborted;
  }

  health(): ChannelHealth {
    const now = this.#options.clock.now();
    const state = this.#state;
    switch (state.kind) {
      case 'new':
        return { state: 'stopped', detail: 'Not started.' };
      case 'connecting':
        return { state: 'connecting', detail: `Connecting for ${elapsed(now - state.since)}.` };
      case 'connected': {
        const name = this.#client?.user?.username ?? 'bot';
        return isLive(this.#client)
          ? { state: 'connected', detail: `${name}, connected for ${elapsed(now - state.since)}.` }
          : { state: 'connecting', detail: 'Reconnecting.' };
      }
      case 'reconnecting': {
        const gone = now - state.since;
        const word = gone < lostMs ? 'connecting' : 'disconnected';
        return { state: word, detail: `Reconnecting for ${elapsed(gone)}.` };
      }
      case 'trouble':
        return { state: 'disconnected', detail: `${state.what} for ${elapsed(now - state.since)}; trying again.` };
      case 'failed':
        return { state: 'failed', detail: state.what };
      case 'stopped':
        return { state: 'stopped', detail: 'Stopped.' };
      default:
        return assertNever(state);
    }
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted && (await this.#reach())) {
      const pause = this.#identifiedAt + identifyEveryMs - clock.now();
      if (pause > 0) await clock.sleep(pause, signal);
      this.#judge(await this.#session());
      if (!signal.aborted) await this.#pause();
    }
  }

  /** False: stopped, or nothing but other settings helps. */
  async #reach(): Promise<boolean> {
    const { api, clock, log } = this.#options;
    const { signal } = this.#end;
    const ask = (): Promise<APIGatewayBotInfo> =>
      api.call((rest, stop) => rest.get(Routes.gatewayBot(), { signal: stop }), { stop: signal });
    while (!signal.aborted) {
      try {
        const { remaining, reset_after: resetMs } = (await ask()).session_start_limit;
        if (remaining >= sessionsKept) return true;
        log.warn({ remaining, resetMs, code: 'discord_sessions' }, 'Discord allows hardly any login more; waiting');
        this.#trouble('Discord allows no more logins', {});
        await clock.sleep(resetMs, signal);
      } catch (error) {
        if (signal.aborted) return false;
        const fault = faultOf(error);
        this.#trouble(troubleWords(fault), causeOf(error));
        await this.#pause(fault.kind === 'rate' ? fault.afterMs : 0);
      }
    }
    return false;
  }

  #session(): Promise<Over> {
    const { apiUrl, token, clock, log, attach, alive } = this.#options;
    return runSession({
      ...{ apiUrl, token, clock, log, alive, stop: this.#end.signal },
      opened: (client) => {
        this.#client = client;
        this.#identifiedAt = clock.now();
        attach(client);
      },
      up: (client, fresh) => this.#up(client, fresh),
      reconnecting: () => this.#reconnecting(),
      identified: () => {
        this.#identifiedAt = clock.now();
      },
    });
  }

  #up(client: Client, fresh: boolean): void {
    const { clock, log, connected } = this.#options;
    if (this.#end.signal.aborted || !isLive(client)) return;
    const now = clock.now();
    const before = this.#state;
    const gap = 'since' in before && before.kind !== 'connected' ? now - before.since : 0;
    if (this.#connectedAt === 0 || gap > gapMs) this.#connectedAt = now;
    this.#state = { kind: 'connected', since: now };
    this.#failures = 0;
    log.info({ bot: client.user?.username, fresh, code: 'discord_connected' }, 'Discord is connected');
    connected(client, fresh);
    this.#ready.resolve();
  }

  #reconnecting(): void {
    if (this.#state.kind !== 'connected') return;
    this.#state = { kind: 'reconnecting', since: this.#options.clock.now() };
    this.#options.log.info({ code: 'discord_reconnecting' }, 'the connection to Discord broke; the library reconnects');
  }

  /** What the end of a session means. */
  #judge(over: Over): void {
    if (this.#end.signal.aborted) return;
    switch (over.kind) {
      case 'stopped':
        return;
      case 'lost':
        this.#trouble(over.what, {});
        return;
      case 'closed': {
        const words = fatalWords(over.code);
        if (words === undefined) this.#trouble('Discord has closed the connection', { code: over.code });
        else this.#fail(words, { code: over.code });
        return;
      }
      case 'login': {
        const cause = causeOf(over.error);
        const fault = faultOf(over.error);
        if (cause.code === 'TokenInvalid' || fault.kind === 'token') this.#fail(tokenWords, cause);
        else this.#trouble(troubleWords(fault), cause);
        return;
      }
      default:
        assertNever(over);
    }
  }

  #pause(atLeastMs = 0): Promise<void> {
    const { clock, ids } = this.#options;
    const pause = Math.min(firstPauseMs * 2 ** Math.min(this.#failures, 10), longestPauseMs);
    this.#failures += 1;
    // Programs that failed together must not come back together.
    return clock.sleep(Math.max(atLeastMs, pause * (1 + ids.random() * 0.2)), this.#end.signal);
  }

  #trouble(what: string, cause: FaultCause): void {
    const { clock, log } = this.#options;
    this.#ready.resolve();
    const before = this.#state;
    const since = 'since' in before && before.kind !== 'connected' ? before.since : clock.now();
    this.#state = { kind: 'trouble', since, what };
    const fields = { cause, code: 'discord_unreachable' };
    // One line per outage; the retries in between are for those who look closely.
    if (before.kind === 'trouble') log.debug(fields, `${what}; still trying`);
    else log.warn(fields, `${what}; trying again until it works`);
  }

  #fail(what: string, cause: FaultCause): void {
    if (this.#end.signal.aborted) return;
    this.#state = { kind: 'failed', what };
    this.#options.log.error({ cause, code: 'discord_failed' }, what);
    this.#end.abort();
  }
}

function troubleWords(fault: Fault): string {
  switch (fault.kind) {
    case 'unsent':
      return 'Discord cannot be reached';
    case 'rate':
      return 'Discord asks for a pause';
    default:
      return 'Discord does not answer properly';
  }
}
