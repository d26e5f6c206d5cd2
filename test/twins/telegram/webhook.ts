// The webhook: updates are posted one after another, each until it is taken
// (https://core.telegram.org/bots/api#setwebhook). Called by methods.ts.
import type { Clock } from '../../../src/infra/clock.ts';
import type { Params } from './params.ts';
import { badRequest } from './refusal.ts';
import type { Wire } from './rooms.ts';
import type { Updates } from './updates.ts';

/** Telegram waits longer; how long is not published. */
const retryMs = 100;

export class Webhook {
  readonly #clock: Clock;
  readonly #updates: Updates;
  #secret: string | undefined;
  #lastError: Wire = {};
  #stop = new AbortController();
  #posting = false;

  constructor(clock: Clock, updates: Updates) {
    this.#clock = clock;
    this.#updates = updates;
    updates.woken = () => void this.#post();
  }

  set(params: Params): true {
    const url = params.text('url') ?? '';
    const secret = params.text('secret_token');
    if (url !== '' && !/^(https:\/\/|http:\/\/127\.0\.0\.1[:/])/.test(url))
      throw badRequest('bad webhook: An HTTPS URL must be provided for webhook');
    if (secret !== undefined && !/^[A-Za-z0-9_-]{1,256}$/.test(secret))
      throw badRequest('secret token contains unallowed characters');
    this.#halt();
    this.#updates.end('setWebhook request');
    this.#updates.webhook = url;
    this.#secret = secret;
    this.#updates.allow(params);
    if (params.flag('drop_pending_updates')) this.#updates.forget();
    void this.#post();
    return true;
  }

  delete(params: Params): true {
    this.#halt();
    this.#updates.webhook = '';
    if (params.flag('drop_pending_updates')) this.#updates.forget();
    return true;
  }

  info(): Wire {
    return {
      url: this.#updates.webhook,
      has_custom_certificate: false,
      pending_update_count: this.#updates.waiting.length,
      ...this.#lastError,
    };
  }

  close(): void {
    this.#halt();
    this.#updates.webhook = '';
  }

  #halt(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#posting = false;
    this.#lastError = {};
  }

  async #post(): Promise<void> {
    if (this.#posting) return;
    this.#posting = true;
    const { signal } = this.#stop;
    for (let first = this.#first(); first !== undefined && !signal.aborted; first = this.#first()) {
      const error = await this.#send(first.wire, signal);
      if (signal.aborted) return;
      if (error === undefined) this.#updates.forget(first.id);
      else {
        this.#lastError = { last_error_date: Math.floor(this.#clock.now() / 1000), last_error_message: error };
        await this.#clock.sleep(retryMs, signal);
      }
    }
    if (!signal.aborted) this.#posting = false;
  }

  #first(): Updates['waiting'][number] | undefined {
    return this.#updates.webhook === '' ? undefined : this.#updates.waiting[0];
  }

  /** What went wrong, undefined when it was taken. */
  async #send(update: Wire, signal: AbortSignal): Promise<string | undefined> {
    const secret = this.#secret === undefined ? {} : { 'x-telegram-bot-api-secret-token': this.#secret };
    try {
      const response = await fetch(this.#updates.webhook, {
        ...{ method: 'POST', body: JSON.stringify(update), signal },
        headers: { 'content-type': 'application/json', ...secret },
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `Wrong response from the webhook: ${response.status} ${response.statusText}`;
    } catch {
      return 'Connection refused';
    }
  }
}
