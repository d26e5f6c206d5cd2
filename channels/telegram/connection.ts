// The way updates come in: log in, choose poll or webhook, keep at it, and know at any time how it stands.
// Made by adapter.ts.
// 1 getMe until it answers  2 take the webhook away, or set it  3 poll until stopped, or serve the webhook
import type { Update, UserFromGetMe } from 'grammy/types';
import type { ChannelHealth } from '../../src/core/channel.ts';
import { elapsed } from '../../src/core/format.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import type { TelegramApi } from './api.ts';
import { causeOf, type Fault, type FaultCause, faultOf } from './faults.ts';
import { pauseMs, pollSeconds, pollUpdates } from './poll.ts';
import type { Webhook, WebhookSettings } from './webhook.ts';

export interface ConnectionOptions {
  readonly api: TelegramApi;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'random'>;
  readonly log: Log;
  /** Present: Telegram calls us instead of being polled. */
  readonly webhook: WebhookSettings | undefined;
  /** Resolves once stored; rejects when it was not. */
  readonly take: (update: Update) => Promise<void>;
  /** Connected, for the first time or again. */
  readonly connected: (me: UserFromGetMe) => void;
}

type State =
  | { readonly kind: 'new' }
  | { readonly kind: 'connecting'; readonly since: number }
  | { readonly kind: 'connected'; readonly since: number }
  /** `line`: Telegram does not answer us; else it cannot reach us. */
  | { readonly kind: 'trouble'; readonly since: number; readonly what: string; readonly line: boolean }
  | { readonly kind: 'conflict'; readonly since: number }
  | { readonly kind: 'failed'; readonly what: string }
  | { readonly kind: 'stopped' };

/** A poll may be silent this long; later the connection does not count as one. */
const silentMs = (pollSeconds + 15) * 1_000;
const webhookCheckMs = 60_000;
/** Nothing is sent while Telegram does not answer, so that is looked at sooner. */
const webhookAgainMs = 5_000;
/** Shorter gaps do not make what came meanwhile a backlog. */
const gapMs = 60_000;

export const tokenWords =
  'Telegram does not accept the token. Check channels.telegram.token (or TELEGRAM_TOKEN); BotFather shows it with /token.';
const conflictWords =
  'another program receives for this bot, or a webhook is set. Stop the other one; this one tries again by itself every 35 s.';

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<void>();
  #state: State = { kind: 'new' };
  #me: UserFromGetMe | undefined;
  #lastAnswer = 0;
  #connectedAt = 0;
  #webhook: Webhook | undefined;
  #running: Promise<void> | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Resolves once connected, or once the first attempt failed: it goes on by itself then. */
  start(): Promise<void> {
    if (this.#running === undefined && this.#state.kind === 'new') {
      this.#state = { kind: 'connecting', since: this.#options.clock.now() };
      this.#running = this.#run().finally(() => this.#ready.resolve());
    }
    return this.#ready.promise;
  }

  /** Ends intake; resolves with no poll under way. */
  async stop(): Promise<void> {
    if (this.#state.kind !== 'failed') this.#state = { kind: 'stopped' };
    this.#stop.abort();
    await this.#running;
    await this.#webhook?.close();
    this.#state = { kind: 'stopped' };
  }

  get me(): UserFromGetMe | undefined {
    return this.#me;
  }

  /** Whole seconds, as Telegram dates messages: what is older waited while we were not there. Unix ms. */
  get connectedAt(): number {
    return Math.floor(this.#connectedAt / 1000) * 1000;
  }

  /** Whether Telegram has answered lately: on a dead line it could not be told whether a message left. */
  get answers(): boolean {
    const state = this.#state;
    if (state.kind === 'trouble') return !state.line;
    return this.#me !== undefined && (state.kind !== 'connected' || !this.#silent());
  }

  #silent(): boolean {
    return this.#webhook === undefined && this.#options.clock.now() - this.#lastAnswer > silentMs;
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
        if (this.#silent()) {
          const silent = elapsed(now - this.#lastAnswer);
          return { state: 'disconnected', detail: `No answer from Telegram for ${silent}; trying again.` };
        }
        const way = this.#webhook === undefined ? 'polling' : 'by webhook';
        return {
          state: 'connected',
          detail: `@${this.#me?.username ?? 'bot'}, ${way} for ${elapsed(now - state.since)}.`,
        };
      }
      case 'trouble':
        return { state: 'disconnected', detail: `${state.what} for ${elapsed(now - state.since)}; trying again.` };
      case 'conflict':
        return { state: 'conflict', detail: `For ${elapsed(now - state.since)}: ${conflictWords}` };
      case 'failed':
        return { state: 'failed', detail: state.what };
      case 'stopped':
        return { state: 'stopped', detail: 'Stopped.' };
    }
  }

  async #run(): Promise<void> {
    const { api, clock, ids, log, webhook, take } = this.#options;
    const { signal } = this.#stop;
    if (webhook !== undefined && !(await this.#listen(webhook))) return;
    const me = await this.#logIn();
    if (me === undefined) return;
    if (webhook !== undefined) {
      this.#up(me);
      await this.#watchWebhook(me);
      return;
    }
    await pollUpdates({
      ...{ api, clock, ids, take, signal },
      answered: () => this.#up(me),
      failed: (fault, cause, inMs) => this.#down(fault, cause, inMs),
      intakeFailed: (err) =>
        log.error({ err, code: 'telegram_intake' }, 'an update could not be stored; Telegram keeps it, trying again'),
    });
  }

  async #listen(settings: WebhookSettings): Promise<boolean> {
    const { log, take } = this.#options;
    const { openWebhook } = await import('./webhook.ts');
    try {
      this.#webhook = await openWebhook({ settings, take, log });
      return true;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.#fail(`The webhook cannot listen: ${why}. Change channels.telegram.webhook.host or port.`, {});
      return false;
    }
  }

  /** Nobody else would say that Telegram cannot reach us. */
  async #watchWebhook(me: UserFromGetMe): Promise<void> {
    const { api, clock } = this.#options;
    const { signal } = this.#stop;
    const { webhookTrouble } = await import('./webhook.ts');
    let pause = webhookCheckMs;
    for (await clock.sleep(pause, signal); !signal.aborted; await clock.sleep(pause, signal)) {
      pause = webhookCheckMs;
      try {
        const info = await api.call((bot, stop) => bot.getWebhookInfo(stop), undefined, signal);
        const trouble = webhookTrouble(info, clock.now());
        if (trouble === undefined) this.#up(me);
        else this.#troubled({ what: trouble, line: false }, {}, webhookCheckMs);
      } catch (error) {
        pause = webhookAgainMs;
        if (!signal.aborted) this.#down(faultOf(error), causeOf(error), pause);
        if (this.#state.kind === 'failed') return;
      }
    }
  }

  /** Undefined: stopped, or nothing but other settings helps. */
  async #logIn(): Promise<UserFromGetMe | undefined> {
    const { api, clock, ids } = this.#options;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        this.#me = await api.call((bot, stop) => bot.getMe(stop), undefined, signal);
        await this.#chooseWay(signal);
        return this.#me;
      } catch (error) {
        if (signal.aborted) return undefined;
        const fault = faultOf(error);
        const inMs = pauseMs(fault, failures, ids.random());
        this.#down(fault, causeOf(error), inMs);
        if (this.#state.kind === 'failed') return undefined;
        await clock.sleep(inMs, signal);
      }
    }
    return undefined;
  }

  /** While a webhook is set every poll is refused; what waits behind it is kept when it is taken away. */
  async #chooseWay(signal: AbortSignal): Promise<void> {
    const { api, webhook } = this.#options;
    if (webhook === undefined) {
      await api.call((bot, stop) => bot.deleteWebhook({}, stop), undefined, signal);
      return;
    }
    const { setWebhook } = await import('./webhook.ts');
    await setWebhook(api, webhook, signal);
  }

  #up(me: UserFromGetMe): void {
    const { clock, log, connected } = this.#options;
    const now = clock.now();
    const before = this.#state;
    const gap = now - this.#lastAnswer;
    this.#lastAnswer = now;
    if (before.kind === 'connected' || this.#stop.signal.aborted) return;
    this.#state = { kind: 'connected', since: now };
    if (gap > gapMs) this.#connectedAt = now;
    log.info({ bot: me.username, code: 'telegram_connected' }, 'Telegram is connected');
    this.#ready.resolve();
    connected(me);
  }

  #down(fault: Fault, cause: FaultCause, inMs: number): void {
    const { clock, log } = this.#options;
    this.#ready.resolve();
    if (this.#stop.signal.aborted) return;
    const before = this.#state;
    const since = 'since' in before && before.kind !== 'connected' ? before.since : clock.now();
    if (fault.kind === 'token') {
      this.#fail(tokenWords, cause);
      return;
    }
    if (fault.kind === 'rejected') {
      this.#fail(`${fault.reason}. Check channels.telegram.webhook.`, cause);
      return;
    }
    if (fault.kind === 'conflict') {
      this.#state = { kind: 'conflict', since };
      if (before.kind !== 'conflict') log.warn({ ...cause, code: 'telegram_conflict' }, conflictWords);
      return;
    }
    // A pause it asks for was asked for over a line that works.
    this.#troubled(
      { what: troubleWords(fault), line: fault.kind === 'unsent' || fault.kind === 'unknown' },
      cause,
      inMs,
    );
  }

  #troubled(trouble: { readonly what: string; readonly line: boolean }, cause: FaultCause, inMs: number): void {
    const { clock, log } = this.#options;
    const before = this.#state;
    const again = before.kind === 'trouble' || before.kind === 'conflict';
    this.#state = { kind: 'trouble', since: again ? before.since : clock.now(), ...trouble };
    const fields = { cause, code: 'telegram_unreachable', inMs: Math.round(inMs) };
    // One line per outage; the retries in between are for those who look closely.
    if (again) log.debug(fields, 'Telegram still does not answer');
    else log.warn(fields, `${trouble.what}; trying again until it does`);
  }

  #fail(what: string, cause: FaultCause): void {
    this.#state = { kind: 'failed', what };
    this.#options.log.error({ ...cause, code: 'telegram_failed' }, what);
  }
}

function troubleWords(fault: Fault): string {
  switch (fault.kind) {
    case 'unsent':
      return 'Telegram cannot be reached';
    case 'rate':
      return 'Telegram asks for a pause';
    default:
      return 'Telegram does not answer properly';
  }
}
