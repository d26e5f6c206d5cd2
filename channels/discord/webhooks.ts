// The webhook of ours in each channel: found, or made where there is none. Used by personas.ts.
// docs.discord.com/developers/resources/webhook: looking and making need Manage Webhooks, and a channel has 15 at most.
import { type APIWebhook, Routes } from 'discord.js';
import type { Clock } from '../../src/infra/clock.ts';
import type { DiscordApi } from './api.ts';
import { causeOf, type Fault, type FaultCause, faultOf } from './faults.ts';

export interface WebhooksOptions {
  readonly api: DiscordApi;
  readonly clock: Pick<Clock, 'now'>;
  /** Id of our application, once it is known. */
  readonly application: () => string | undefined;
}

export interface Webhook {
  readonly id: string;
  readonly token: string;
}

export type Found =
  | ({ readonly kind: 'webhook' } & Webhook)
  /** `lasting`: only a change of rights or of the channel helps. */
  | { readonly kind: 'none'; readonly lasting: boolean; readonly cause: FaultCause };

interface Looked {
  readonly found: Promise<Found>;
  /** Unix ms: from then on it is looked for again. */
  until: number;
}

/** Its own name, shown in the settings of the channel alone: each message names its speaker. */
const name = 'Switchyard';
/** A right that is missing may have been given meanwhile. */
const lookAgainMs = 5 * 60_000;

export class Webhooks {
  readonly #options: WebhooksOptions;
  /** By channel. */
  readonly #looked = new Map<string, Looked>();

  constructor(options: WebhooksOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async of(channel: string): Promise<Found> {
    const { clock } = this.#options;
    const before = this.#looked.get(channel);
    if (before !== undefined && clock.now() < before.until) return before.found;
    const looked: Looked = { found: this.#look(channel), until: Infinity };
    this.#looked.set(channel, looked);
    const found = await looked.found;
    if (found.kind === 'none') looked.until = clock.now() + (found.lasting ? lookAgainMs : 0);
    return found;
  }

  /** The webhook is not there any more, or does not take what it is given. */
  forget(channel: string): void {
    this.#looked.delete(channel);
  }

  async #look(channel: string): Promise<Found> {
    const { api, application } = this.#options;
    const path = Routes.channelWebhooks(channel);
    try {
      const there = await api.call<APIWebhook[]>((rest, signal) => rest.get(path, { signal }));
      const ours = there.find((one) => one.application_id === application() && one.token !== undefined);
      const { id, token = '' } =
        ours ?? (await api.call<APIWebhook>((rest, signal) => rest.post(path, { body: { name }, signal })));
      return { kind: 'webhook', id, token };
    } catch (error) {
      return { kind: 'none', lasting: isLasting(faultOf(error)), cause: causeOf(error) };
    }
  }
}

function isLasting({ kind }: Fault): boolean {
  return kind !== 'rate' && kind !== 'unsent' && kind !== 'unknown' && kind !== 'token';
}
