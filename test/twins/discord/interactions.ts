// Interactions and their clocks: a press, a typed command, a submitted form waits 3 s for its first answer, its token lives
// 15 min (https://discord.com/developers/docs/interactions/receiving-and-responding). Opened by people through using.ts;
// answered over REST through routes.ts and webhooks.ts.
import type { Timer } from '../../../src/infra/clock.ts';
import { choicesWrong } from './command-rules.ts';
import { checkModal } from './components.ts';
import { apply, mustSaySomething, readPayload } from './payload.ts';
import { all, granted } from './permissions.ts';
import { change, post } from './posting.ts';
import { invalid, refuse } from './refusal.ts';
import { type Answer, empty, list, number, ok, type Request } from './request.ts';
import { wireChannel, wireMember, wireMessage, wireUser } from './wire.ts';
import { type Channel, flags, type Message, types, type User, type Wire, type World } from './world.ts';

/** https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type */
const kinds = { command: 2, component: 3, autocomplete: 4, modal: 5 } as const;

/** https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-type */
export const callbacks = { reply: 4, defer: 5, deferUpdate: 6, update: 7, choices: 8, modal: 9 } as const;

export interface Interaction {
  readonly id: string;
  readonly token: string;
  readonly kind: keyof typeof kinds;
  /** What was done, for people: `/status`, `Kill #1`. */
  readonly title: string;
  readonly person: User;
  readonly channel: Channel;
  /** The message with the button. */
  readonly source?: Message | undefined;
  /** Unix time in milliseconds. */
  readonly at: number;
  /** How often it went out to a connection. */
  deliveries: number;
  ack?: { readonly type: number; readonly at: number; readonly private: boolean };
  /** The answer, or the message that was updated. */
  original?: Message;
  readonly followups: Message[];
  choices?: readonly Wire[];
  modal?: Wire;
  /** A fault was made of a call about it: what the bot does then is no offence. */
  excused: boolean;
  /** Nobody answered in time. */
  lapsed: boolean;
  /** Settles with the first answer, or when it is too late for one. */
  readonly settled: Promise<void>;
}

export type Asked = Pick<Interaction, 'kind' | 'title' | 'person' | 'channel' | 'source'> & { readonly data: Wire };

export interface Deadlines {
  /** Milliseconds until the first answer must be there. */
  readonly ackMs: number;
  /** Milliseconds a token is good for. */
  readonly tokenMs: number;
}

interface Open {
  readonly interaction: Interaction;
  readonly settle: () => void;
  readonly timer: Timer;
}

export class Interactions {
  readonly deadlines: Deadlines;
  readonly #world: World;
  readonly #open = new Map<string, Open>();

  constructor(world: World, deadlines: Deadlines) {
    this.#world = world;
    this.deadlines = deadlines;
  }

  /** Somebody does something; the bot hears of it. */
  ask({ data, ...asked }: Asked): Interaction {
    const world = this.#world;
    const { promise, resolve } = Promise.withResolvers<void>();
    const interaction: Interaction = {
      ...{ id: world.ids.next(), token: `twin-token-${world.ids.next()}`, ...asked },
      ...{ at: world.clock.now(), deliveries: 0, followups: [], lapsed: false, excused: false, settled: promise },
    };
    const timer = world.clock.after(this.deadlines.ackMs, () => this.#lapse(interaction.id));
    this.#open.set(interaction.id, { interaction, settle: resolve, timer });
    world.tell({
      ...{ name: 'INTERACTION_CREATE', data: wire(world, interaction, data), where: asked.channel },
      sent: () => {
        interaction.deliveries += 1;
      },
    });
    return interaction;
  }

  /** The one a token belongs to, while it is good. @throws Refusal 10015, 50027 */
  withToken(token: string): Interaction {
    const found = [...this.#open.values()].find(({ interaction }) => interaction.token === token)?.interaction;
    if (found === undefined) throw refuse(10015);
    if (this.#world.clock.now() - found.at >= this.deadlines.tokenMs) {
      this.#world.violations.note('expired token', `${found.title}: answered after ${this.deadlines.tokenMs} ms`);
      throw refuse(50027);
    }
    if (found.ack === undefined) throw refuse(10015);
    return found;
  }

  /** The first answer. */
  callback({ ids: [id = '', token = ''], query, body, files }: Request): Answer {
    const open = this.#open.get(id);
    const interaction = open?.interaction;
    if (open === undefined || interaction?.token !== token) throw refuse(10062);
    if (interaction.ack !== undefined) {
      // One that came again over a resumed session could not be known as answered.
      if (interaction.deliveries < 2 && !interaction.excused)
        this.#world.violations.note('double ack', interaction.title);
      throw refuse(40060);
    }
    if (interaction.lapsed || this.#world.clock.now() - interaction.at >= this.deadlines.ackMs) throw refuse(10062);
    const type = number(body, 'type') ?? 0;
    if (!allowed(interaction).includes(type))
      throw invalid('type', 'INTERACTION_APPLICATION_COMMAND_INVALID_TYPE', `Type ${type} is no answer to this`);
    this.#carryOut(interaction, type, { body: (body.data ?? {}) as Wire, files });
    open.timer.cancel();
    open.settle();
    const { original } = interaction;
    if (query.get('with_response') !== 'true') return empty;
    return ok({
      interaction: { id, type: kinds[interaction.kind], response_message_id: original?.id },
      resource: { type, ...(original === undefined ? {} : { message: wireMessage(this.#world, original) }) },
    });
  }

  /** Something is wrong with a call about it, which is not the bot's doing. */
  excuse(id: string): void {
    const interaction = this.#open.get(id)?.interaction;
    if (interaction !== undefined) interaction.excused = true;
  }

  /** Nobody waits any more. */
  close(): void {
    for (const { settle, timer } of this.#open.values()) {
      timer.cancel();
      settle();
    }
  }

  #carryOut(interaction: Interaction, type: number, { body, files }: Pick<Request, 'body' | 'files'>): void {
    const hidden = ((number(body, 'flags') ?? 0) & flags.ephemeral) !== 0;
    switch (type) {
      case callbacks.choices: {
        const wrong = choicesWrong(list(body, 'choices'), 'data.choices');
        if (wrong !== undefined) throw wrong;
        interaction.choices = list(body, 'choices');
        break;
      }
      case callbacks.modal:
        checkModal(body);
        interaction.modal = body;
        break;
      case callbacks.defer:
        interaction.original = this.#post(interaction, { flags: flags.loading, hidden });
        break;
      case callbacks.reply: {
        const payload = readPayload(this.#world, { body, files });
        mustSaySomething(payload);
        interaction.original = this.#post(interaction, { flags: 0, hidden }, payload);
        break;
      }
      default:
        if (type === callbacks.update) this.#update(interaction.source, { body, files });
        if (interaction.source !== undefined) interaction.original = interaction.source;
    }
    interaction.ack = { type, at: this.#world.clock.now(), private: hidden };
  }

  #update(source: Message | undefined, request: Pick<Request, 'body' | 'files'>): void {
    if (source === undefined || source.deleted) throw refuse(10008);
    apply(source, readPayload(this.#world, request));
    change(this.#world, source);
  }

  #post(
    { id, kind, person, channel }: Interaction,
    { flags: bits, hidden }: { readonly flags: number; readonly hidden: boolean },
    payload?: ReturnType<typeof readPayload>,
  ): Message {
    const { bot } = this.#world;
    return post(this.#world, channel, {
      ...{ author: bot, webhook: bot.id, type: kind === 'command' ? types.command : types.said },
      ...{ content: payload?.content ?? '', components: payload?.components ?? [], embeds: payload?.embeds ?? [] },
      ...{ files: payload?.files ?? [], pings: payload?.pings ?? [], flags: bits | (hidden ? flags.ephemeral : 0) },
      interaction: { id, type: kinds[kind], user: wireUser(person), authorizing_integration_owners: {} },
      ...(hidden ? { onlyFor: person.id } : {}),
    });
  }

  #lapse(id: string): void {
    const open = this.#open.get(id);
    if (open === undefined || open.interaction.ack !== undefined) return;
    open.interaction.lapsed = true;
    if (open.interaction.deliveries > 0 && !open.interaction.excused)
      this.#world.violations.note('late ack', `${open.interaction.title}: nothing within ${this.deadlines.ackMs} ms`);
    open.settle();
  }
}

function allowed({ kind, source }: Interaction): readonly number[] {
  const { reply, defer, deferUpdate, update, choices, modal } = callbacks;
  switch (kind) {
    case 'autocomplete':
      return [choices];
    case 'command':
      return [reply, defer, modal];
    case 'component':
      return [reply, defer, deferUpdate, update, modal];
    case 'modal':
      return source === undefined ? [reply, defer] : [reply, defer, deferUpdate, update];
  }
}

function wire(world: World, { id, token, kind, person, channel, source }: Interaction, data: Wire): Wire {
  const { guild } = channel;
  const owner = guild?.id ?? '0';
  const who =
    guild === undefined
      ? { user: wireUser(person) }
      : {
          ...{ guild_id: guild.id, guild: { id: guild.id, locale: 'en-US', features: [] }, guild_locale: 'en-US' },
          member: { ...wireMember(guild, person), user: wireUser(person), permissions: String(all) },
        };
  return {
    ...{ id, token, type: kinds[kind], application_id: world.bot.id, version: 1, data, ...who },
    ...{ channel: wireChannel(world, channel), channel_id: channel.id, locale: 'en-US', entitlements: [] },
    ...{ app_permissions: String(granted(channel)), context: guild === undefined ? 1 : 0 },
    ...{ authorizing_integration_owners: { 0: owner }, attachment_size_limit: 10_485_760 },
    ...(source === undefined ? {} : { message: wireMessage(world, source) }),
  };
}
