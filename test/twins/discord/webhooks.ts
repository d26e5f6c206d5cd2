// Everything under /webhooks: the answer to an interaction and what follows it, and webhooks of the bot's own that speak as
// somebody else (https://discord.com/developers/docs/resources/webhook). Called by routes.ts.
import { callbacks, type Interaction, type Interactions } from './interactions.ts';
import { apply, mustSaySomething, type Payload, readPayload } from './payload.ts';
import { need, visible } from './permissions.ts';
import { change, post, remove } from './posting.ts';
import { invalid, notWithin, refuse } from './refusal.ts';
import { type Answer, empty, ok, type Request, text } from './request.ts';
import { wireMessage } from './wire.ts';
import { type Channel, flags, type Message, type Webhook, type Wire, type World } from './world.ts';

const mostInAChannel = 15;

export class Webhooks {
  readonly #world: World;
  readonly #interactions: Interactions;

  constructor(world: World, interactions: Interactions) {
    this.#world = world;
    this.#interactions = interactions;
  }

  create({ ids: [id = ''], body }: Request): Answer {
    const channel = visible(this.#world, id);
    if (channel.guild === undefined) throw refuse(50003);
    if (channel.kind === 'thread') throw refuse(50024);
    need(channel, 'ManageWebhooks');
    const name = text(body, 'name') ?? '';
    mustBeName(name, 'name');
    if (this.#of(channel).length >= mostInAChannel) throw refuse(30007);
    const webhook = { id: this.#world.ids.next(), token: `hook-${this.#world.ids.next()}`, channel, name };
    this.#world.webhooks.set(webhook.id, webhook);
    return ok(wire(this.#world, webhook));
  }

  list({ ids: [id = ''] }: Request): Answer {
    const channel = visible(this.#world, id);
    need(channel, 'ManageWebhooks');
    return ok(this.#of(channel).map((webhook) => wire(this.#world, webhook)));
  }

  delete({ ids: [id = ''] }: Request): Answer {
    if (!this.#world.webhooks.delete(id)) throw refuse(10015);
    return empty;
  }

  /** Says something more to an interaction, or speaks through an own webhook. */
  execute(request: Request): Answer {
    const world = this.#world;
    const payload = readPayload(world, request);
    mustSaySomething(payload);
    const [id = '', token = ''] = request.ids;
    if (id === world.bot.id) {
      const message = this.#follow(this.#interactions.withToken(token), payload);
      return ok(wireMessage(world, message));
    }
    const webhook = this.#own(id, token);
    const name = text(request.body, 'username') ?? webhook.name;
    mustBeName(name, 'username');
    const message = post(world, this.#place(webhook, request.query), {
      ...{ author: { id, username: name, name, bot: true }, webhook: id, content: payload.content ?? '' },
      ...{ embeds: payload.embeds ?? [], files: payload.files, pings: payload.pings },
      ...{ flags: payload.flags & flags.suppressEmbeds, components: payload.components ?? [] },
    });
    return request.query.get('wait') === 'true' ? ok(wireMessage(world, message)) : empty;
  }

  getOriginal({ ids: [, token = ''] }: Request): Answer {
    return ok(wireMessage(this.#world, this.#original(token)));
  }

  editOriginal(request: Request): Answer {
    return this.#edit(this.#original(request.ids[1] ?? ''), request);
  }

  deleteOriginal({ ids: [, token = ''] }: Request): Answer {
    remove(this.#world, this.#original(token));
    return empty;
  }

  get(request: Request): Answer {
    return ok(wireMessage(this.#world, this.#message(request)));
  }

  edit(request: Request): Answer {
    return this.#edit(this.#message(request), request);
  }

  deleteMessage(request: Request): Answer {
    remove(this.#world, this.#message(request));
    return empty;
  }

  /** After a defer the first thing said takes the place of "thinking", and is as public as that was. */
  #follow(interaction: Interaction, payload: Payload): Message {
    const { original, person, channel } = interaction;
    if (original !== undefined && (original.flags & flags.loading) !== 0) {
      this.#fill(original, payload);
      return original;
    }
    const hidden = (payload.flags & flags.ephemeral) !== 0;
    const { bot } = this.#world;
    const message = post(this.#world, channel, {
      ...{ author: bot, webhook: bot.id, content: payload.content ?? '', components: payload.components ?? [] },
      ...{ embeds: payload.embeds ?? [], files: payload.files, pings: payload.pings },
      ...{ flags: payload.flags & (flags.ephemeral | flags.suppressEmbeds) },
      ...(original === undefined ? {} : { replyTo: original.id }),
      ...(hidden ? { onlyFor: person.id } : {}),
    });
    interaction.followups.push(message);
    return message;
  }

  #edit(message: Message, request: Request): Answer {
    const payload = readPayload(this.#world, request);
    this.#fill(message, payload);
    return ok(wireMessage(this.#world, message));
  }

  #fill(message: Message, payload: Payload): void {
    const waited = (message.flags & flags.loading) !== 0;
    apply(message, payload);
    mustSaySomething(message);
    message.flags &= ~flags.loading;
    change(this.#world, message);
    if (waited) message.edits -= 1;
  }

  #original(token: string): Message {
    const { original, ack } = this.#interactions.withToken(token);
    if (original === undefined || ack?.type === callbacks.modal) throw refuse(10008);
    if (original.deleted) throw refuse(10008);
    return original;
  }

  #message({ ids: [id = '', token = '', messageId = ''], query }: Request): Message {
    if (id === this.#world.bot.id) {
      const { original, followups } = this.#interactions.withToken(token);
      const found = [original, ...followups].find((one) => one?.id === messageId);
      if (found === undefined || found.deleted) throw refuse(10008);
      return found;
    }
    const found = this.#place(this.#own(id, token), query).messages.get(messageId);
    if (found === undefined || found.deleted || found.webhook !== id) throw refuse(10008);
    return found;
  }

  #own(id: string, token: string): Webhook {
    const webhook = this.#world.webhooks.get(id);
    if (webhook === undefined || webhook.channel.deleted) throw refuse(10015);
    if (webhook.token !== token) throw refuse(50027);
    return webhook;
  }

  /** The channel of the webhook, or a thread of it. */
  #place({ channel }: Webhook, query: URLSearchParams): Channel {
    const threadId = query.get('thread_id');
    if (threadId === null) {
      if (channel.kind === 'forum')
        throw invalid('thread_id', 'WEBHOOK_FORUM_THREAD', 'Webhooks posted to forum channels must have a thread_id');
      return channel;
    }
    const thread = this.#world.channels.get(threadId);
    if (thread === undefined || thread.deleted || thread.parent !== channel) throw refuse(10003);
    if (thread.thread?.locked === true) throw refuse(160005);
    return thread;
  }

  #of(channel: Channel): readonly Webhook[] {
    return [...this.#world.webhooks.values()].filter((webhook) => webhook.channel === channel);
  }
}

function mustBeName(name: string, path: string): void {
  if (name.length < 1 || name.length > 80) throw notWithin(path, 1, 80);
  const word = /discord|clyde/i.exec(name)?.[0];
  if (word !== undefined)
    throw invalid(path, 'USERNAME_INVALID_CONTAINS', `Username cannot contain "${word.toLowerCase()}"`);
}

const wire = (world: World, { id, token, channel, name }: Webhook): Wire => ({
  ...{ id, token, type: 1, name, avatar: null, channel_id: channel.id, guild_id: channel.guild?.id ?? null },
  application_id: world.bot.id,
});
