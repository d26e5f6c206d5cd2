// Messages over REST: send, edit, delete, look back, react, typing
// (https://discord.com/developers/docs/resources/message). Called by routes.ts.
import { apply, mustSaySomething, readPayload } from './payload.ts';
import { may, mustTakeMessages, need, visible } from './permissions.ts';
import { change, post, remove } from './posting.ts';
import { invalid, refuse } from './refusal.ts';
import { type Answer, empty, ok, type Request } from './request.ts';
import { isSnowflake } from './snowflakes.ts';
import { readable, wireMessage, wireUser } from './wire.ts';
import { type Channel, flags, type Message, type Wire, type World } from './world.ts';

/** "The past few minutes", in which a nonce is enforced. */
const nonceMs = 180_000;
const typingMs = 10_000;

export class Messages {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  send({ ids: [id = ''], body, files }: Request): Answer {
    const world = this.#world;
    const channel = visible(world, id);
    mustTakeMessages(world, channel);
    if (files.size > 0) need(channel, 'AttachFiles');
    const payload = readPayload(world, { body, files });
    mustSaySomething(payload);
    const { nonce, enforceNonce, replyTo } = payload;
    const twin = enforceNonce ? this.#withNonce(channel, nonce) : undefined;
    if (twin !== undefined) return ok(this.#wire(twin));
    if (replyTo !== undefined) this.#mustQuote(channel, replyTo, body.message_reference as Wire);
    const message = post(world, channel, {
      ...{ author: world.bot, content: payload.content ?? '', components: payload.components ?? [] },
      ...{ embeds: may(channel, 'EmbedLinks') ? (payload.embeds ?? []) : [], files: payload.files },
      ...{ flags: payload.flags & ~flags.ephemeral, pings: payload.pings, nonce, replyTo },
    });
    channel.typingUntil = 0;
    return ok(this.#wire(message));
  }

  edit({ ids: [channelId = '', id = ''], body, files }: Request): Answer {
    const message = this.#own(channelId, id);
    if (message.author.id !== this.#world.bot.id) throw refuse(50005);
    const payload = readPayload(this.#world, { body, files });
    apply(message, payload);
    mustSaySomething(message);
    change(this.#world, message);
    return ok(this.#wire(message));
  }

  delete({ ids: [channelId = '', id = ''] }: Request): Answer {
    const message = this.#own(channelId, id);
    if (message.author.id !== this.#world.bot.id) need(message.channel, 'ManageMessages');
    remove(this.#world, message);
    return empty;
  }

  get({ ids: [channelId = '', id = ''] }: Request): Answer {
    const channel = visible(this.#world, channelId);
    need(channel, 'ReadMessageHistory');
    return ok(this.#wire(this.#find(channel, id)));
  }

  /** Newest first, as Discord does also after `after`, which takes the ones next to it. */
  list({ ids: [id = ''], query }: Request): Answer {
    const channel = visible(this.#world, id);
    const limit = Number(query.get('limit') ?? 50);
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 100))
      throw invalid('limit', 'NUMBER_TYPE_MAX', 'int value should be between 1 and 100.');
    if (!may(channel, 'ReadMessageHistory')) return ok([]);
    const all = [...channel.messages.values()].filter(({ deleted, onlyFor }) => !deleted && onlyFor === undefined);
    const picked = window(all, query, limit);
    return ok(picked.reverse().map((message) => this.#wire(message)));
  }

  react({ ids: [channelId = '', id = '', emoji = ''] }: Request): Answer {
    const message = this.#own(channelId, id);
    need(message.channel, 'ReadMessageHistory');
    if (!message.reactions.has(emoji)) need(message.channel, 'AddReactions');
    if (!/\p{Extended_Pictographic}|\p{RI}|[0-9#*]\uFE0F?\u20E3|^\w+:\d+$/u.test(emoji)) throw refuse(10014);
    reacted(this.#world, message, { emoji, user: this.#world.bot.id, add: true });
    return empty;
  }

  unreact({ ids: [channelId = '', id = '', emoji = ''] }: Request): Answer {
    const message = this.#own(channelId, id);
    if (message.reactions.get(emoji)?.has(this.#world.bot.id) !== true) throw refuse(10014);
    reacted(this.#world, message, { emoji, user: this.#world.bot.id, add: false });
    return empty;
  }

  type({ ids: [id = ''] }: Request): Answer {
    const channel = visible(this.#world, id);
    mustTakeMessages(this.#world, channel);
    channel.typingUntil = this.#world.clock.now() + typingMs;
    return empty;
  }

  #wire(message: Message): Wire {
    const world = this.#world;
    return wireMessage(world, message, { content: readable(world, message, world.messageContent) });
  }

  /** A message that may be changed; in an archived thread none may. */
  #own(channelId: string, id: string): Message {
    const channel = visible(this.#world, channelId);
    const message = this.#find(channel, id);
    if (channel.thread?.archived === true) throw refuse(50083);
    return message;
  }

  #find(channel: Channel, id: string): Message {
    const message = channel.messages.get(id);
    if (message === undefined || message.deleted || message.onlyFor !== undefined) throw refuse(10008);
    return message;
  }

  #withNonce(channel: Channel, nonce: string | number | undefined): Message | undefined {
    if (nonce === undefined) return undefined;
    const since = this.#world.clock.now() - nonceMs;
    return [...channel.messages.values()].find(
      (one) => one.nonce === nonce && one.author.id === this.#world.bot.id && one.at >= since && !one.deleted,
    );
  }

  #mustQuote(channel: Channel, replyTo: string, reference: Wire): void {
    if (!may(channel, 'ReadMessageHistory')) throw refuse(160002);
    const quoted = channel.messages.get(replyTo);
    if ((quoted === undefined || quoted.deleted) && reference.fail_if_not_exists !== false)
      throw invalid('message_reference', 'REPLIES_UNKNOWN_MESSAGE', 'Unknown message');
  }
}

/** The messages a query picks, oldest first as they are given. */
export function window<T extends Pick<Message, 'id'>>(all: readonly T[], query: URLSearchParams, limit: number): T[] {
  const id = (name: string): bigint | undefined => {
    const value = query.get(name);
    if (value === null) return undefined;
    // Any number will do as a point in time, not only the id of a message.
    if (!isSnowflake(value) && !/^\d{1,16}$/.test(value))
      throw invalid(name, 'NUMBER_TYPE_COERCE', `Value "${value}" is not snowflake.`);
    return BigInt(value);
  };
  const [before, after, around] = [id('before'), id('after'), id('around')];
  if (after !== undefined) return all.filter((one) => BigInt(one.id) > after).slice(0, limit);
  if (before !== undefined) return all.filter((one) => BigInt(one.id) < before).slice(-limit);
  if (around === undefined) return all.slice(-limit);
  const half = Math.floor(limit / 2);
  const older = all.filter((one) => BigInt(one.id) < around).slice(-half);
  return [...older, ...all.filter((one) => BigInt(one.id) >= around).slice(0, limit - older.length)];
}

/** Adds or takes a reaction of anybody's and tells of it. */
export function reacted(
  world: World,
  message: Message,
  { emoji, user, add }: { readonly emoji: string; readonly user: string; readonly add: boolean },
): void {
  const by = message.reactions.get(emoji) ?? new Set();
  if (add === by.has(user)) return;
  if (add) by.add(user);
  else by.delete(user);
  if (by.size > 0) message.reactions.set(emoji, by);
  else message.reactions.delete(emoji);
  const { channel, id } = message;
  const person = world.people.get(user)?.user ?? world.bot;
  world.tell({
    name: add ? 'MESSAGE_REACTION_ADD' : 'MESSAGE_REACTION_REMOVE',
    data: {
      ...{ user_id: user, channel_id: channel.id, message_id: id, emoji: { id: null, name: emoji } },
      ...{ message_author_id: message.author.id, burst: false, type: 0 },
      ...(channel.guild === undefined
        ? {}
        : { guild_id: channel.guild.id, member: { user: wireUser(person), roles: [] } }),
    },
    where: channel,
  });
}
