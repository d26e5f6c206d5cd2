// Sub-agents that speak under their own name in their threads, through a webhook of the channel. Discord knows no keys there:
// what is in doubt is looked for in the thread before it is said again. Used by adapter.ts where `personas` is on.
// 1 may have arrived: look into the thread  2 through the webhook  3 whatever stands in the way: as the bot, like any message
import { createHash } from 'node:crypto';
import { type APIMessage, CDNRoutes, RouteBases, Routes } from 'discord.js';
import type { RateLimit } from '../../src/core/channel.ts';
import { clip, oneLine } from '../../src/core/format.ts';
import type { OutboundMessage, Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Log } from '../../src/infra/log.ts';
import { causeOf, type FaultCause, faultOf, receiptOf } from './faults.ts';
import { attempt, bodyOf, editReceipt, filesOf, findSent, type SendingOptions } from './sending.ts';
import { nonceOf, Sent } from './sent.ts';
import { type Webhook, Webhooks } from './webhooks.ts';

export interface PersonasOptions extends SendingOptions {
  readonly log: Log;
}

interface Line {
  /** The channel with the webhook. */
  readonly channel: string;
  readonly thread: string;
  readonly nonce: string;
  readonly username: string;
  readonly message: OutboundMessage;
}

export class Personas {
  readonly #options: PersonasOptions;
  readonly #webhooks: Webhooks;
  /** What went through a webhook and may have arrived. */
  readonly #tried: Sent;
  /** By nonce: two at once would be two messages. */
  readonly #running = new Map<string, Promise<Receipt | undefined>>();
  /** Channels for which it was logged that their sub-agents speak as the bot. */
  readonly #told = new Set<string>();

  constructor(options: PersonasOptions) {
    const { api, clock, me } = options;
    this.#options = options;
    this.#webhooks = new Webhooks({ api, clock, application: () => me()?.application });
    this.#tried = new Sent(clock);
  }

  /** Never rejects. Undefined: it is to be sent like any message. */
  async send(
    { route, key }: { readonly route: Route; readonly key: string },
    message: OutboundMessage,
  ): Promise<Receipt | undefined> {
    const { chat: channel, thread } = route;
    const { speaker, replyTo } = message;
    const username = speaker === undefined ? undefined : usernameOf(speaker);
    // A webhook quotes nothing.
    if (thread === undefined || username === undefined || replyTo !== undefined) return undefined;
    const nonce = nonceOf(key);
    const running = this.#running.get(nonce);
    if (running !== undefined) return running;
    const work = this.#say({ channel, thread, nonce, username, message }).finally(() => this.#running.delete(nonce));
    this.#running.set(nonce, work);
    return work;
  }

  /** Never rejects. Undefined: no webhook can change it; the bot may. */
  async edit(
    { route, messageId }: { readonly route: Route; readonly messageId: string },
    message: OutboundMessage,
  ): Promise<Receipt | undefined> {
    const { chat: channel, thread } = route;
    if (thread === undefined || message.speaker === undefined) return undefined;
    const webhook = await this.#webhooks.of(channel);
    if (webhook.kind === 'none') return undefined;
    const path = Routes.webhookMessage(webhook.id, webhook.token, messageId);
    const query = new URLSearchParams({ thread_id: thread });
    try {
      await attempt(message, (form) =>
        this.#options.api.call((rest, signal) => rest.patch(path, { query, body: bodyOf(form), auth: false, signal })),
      );
      return { status: 'sent', messageIds: [messageId] };
    } catch (error) {
      if (faultOf(error).kind === 'rejected') this.#webhooks.forget(channel);
      const receipt = editReceipt(error, true);
      return receipt.status === 'refused' ? undefined : receipt;
    }
  }

  /** Of the webhook, which all threads of a channel share; as its headers have said for years. */
  limits({ chat, thread }: Pick<Route, 'chat' | 'thread'>): readonly RateLimit[] {
    return thread === undefined ? [] : [{ key: `webhook:${chat}`, count: 5, perMs: 2_000 }];
  }

  async #say(line: Line): Promise<Receipt | undefined> {
    const { sent } = this.#options;
    const { channel, nonce, message } = line;
    // Said as the bot once, or arrived: known by its key there.
    if (sent.id(nonce) !== undefined || sent.doubtSince(nonce) !== undefined) return undefined;
    if (message.sentSince !== undefined) this.#tried.doubtful(nonce, message.sentSince);
    try {
      const known = await this.#lookBack(line);
      if (known !== undefined) return { status: 'sent', messageIds: [known] };
    } catch (error) {
      const receipt = receiptOf(faultOf(error), causeOf(error), true);
      const gone = faultOf(error).kind === 'place-gone';
      // Nobody knows whether it is there: it must not be said elsewhere, either.
      return receipt.status === 'refused' && !gone ? { status: 'ambiguous', cause: receipt.cause } : receipt;
    }
    const webhook = await this.#webhooks.of(channel);
    return webhook.kind === 'none' ? this.#asBot(channel, webhook.cause) : this.#through(webhook, line);
  }

  async #lookBack({ thread, nonce, message: { text } }: Line): Promise<string | undefined> {
    const since = this.#tried.doubtSince(nonce);
    if (since === undefined) return undefined;
    const found = await findSent(this.#options, { channel: thread, nonce, text, since });
    if (found !== undefined) this.#tried.arrived(nonce, found);
    return found;
  }

  async #through(webhook: Webhook, line: Line): Promise<Receipt | undefined> {
    const { clock, sent } = this.#options;
    const startedAt = clock.now();
    try {
      const { id } = await this.#execute(webhook, line);
      sent.arrived(line.nonce, id);
      this.#tried.arrived(line.nonce, id);
      return { status: 'sent', messageIds: [id] };
    } catch (error) {
      return this.#failed(error, line, startedAt);
    }
  }

  #execute({ id, token }: Webhook, { thread, username, message }: Line): Promise<APIMessage> {
    const query = new URLSearchParams({ wait: 'true', thread_id: thread });
    return attempt(message, (form) =>
      this.#options.api.call<APIMessage>((rest, signal) =>
        rest.post(Routes.webhook(id, token), {
          query,
          body: { ...bodyOf(form), username, avatar_url: avatarOf(username) },
          ...filesOf(form),
          auth: false,
          signal,
        }),
      ),
    );
  }

  #failed(error: unknown, { channel, nonce }: Line, startedAt: number): Receipt | undefined {
    const [fault, cause] = [faultOf(error), causeOf(error)];
    switch (fault.kind) {
      case 'unknown':
        this.#tried.doubtful(nonce, startedAt);
        return receiptOf(fault, cause, true);
      case 'unsent':
      case 'token':
        return receiptOf(fault, cause, true);
      case 'place-gone':
        // The bot finds out the same, and what it means.
        return undefined;
      case 'rate':
        return fault.reach === 'account' ? receiptOf(fault, cause, true) : undefined;
      case 'rejected':
        // Somebody took it away: the next message gets another one.
        this.#webhooks.forget(channel);
        return this.#asBot(channel, cause);
      default:
        return this.#asBot(channel, cause);
    }
  }

  #asBot(channel: string, cause: FaultCause): undefined {
    if (this.#told.has(channel)) return;
    this.#told.add(channel);
    const fields = { channel, cause, code: 'discord_personas' };
    const needs = 'the bot needs «Manage Webhooks» in the channel, and room there for a webhook (15 at most)';
    this.#options.log.warn(fields, `a sub-agent spoke as the bot instead of under its own name: ${needs}`);
  }
}

/**
 * The label as a name Discord takes (docs.discord.com/developers/resources/webhook#create-webhook and
 * /resources/user#usernames-and-nicknames): 1 to 80 characters, some words and signs not among them.
 * @returns undefined: nothing is left of it
 */
export function usernameOf(label: string): string | undefined {
  const allowed = label.replace(/[@#:]|```/g, ' ').replace(/dis(?=cord)|cly(?=de)/gi, '$&·');
  const name = oneLine(allowed);
  return name === '' || /^(everyone|here)$/i.test(name) ? undefined : clip(name, 80);
}

/** One of the six pictures Discord gives to those without one: the same for the same name. */
function avatarOf(username: string): string {
  const index = (createHash('sha256').update(username).digest()[0] ?? 0) % avatars.length;
  return RouteBases.cdn + CDNRoutes.defaultUserAvatar(avatars[index] ?? 0);
}

const avatars = [0, 1, 2, 3, 4, 5] as const;
