// A person in front of Discord: writes, edits, reacts, uses commands, buttons and forms. Made by twin.ts; what it does
// reaches the bot through the gateway.
import type { InteractionAnswer } from './answers.ts';
import { reacted } from './messages.ts';
import type { Place } from './places.ts';
import { change, post, remove } from './posting.ts';
import type { Value } from './typed.ts';
import { type Choice, type Tools, Using } from './using.ts';
import { channelAt } from './view.ts';
import { wireMember, wireUser } from './wire.ts';
import type { Channel, Message, StoredFile, User, World } from './world.ts';

/** `dm`: the direct messages with the bot. */
export type Somewhere = Place | 'dm';

export interface Saying {
  /** Default: the direct messages with the bot. */
  readonly in?: Somewhere;
  readonly replyTo?: string;
  /** Names the bot in front; its role, which means the same, with `role`. */
  readonly mention?: boolean | 'role';
  readonly files?: readonly { readonly name: string; readonly data: string | Uint8Array; readonly type?: string }[];
}

export interface Acting {
  /** Default: the newest message with such a part, wherever it is. */
  readonly in?: Somewhere;
  /** The message; default: the newest one with such a part. */
  readonly on?: string;
}

export class Person {
  readonly user: User;
  readonly #world: World;
  readonly #using: Using;

  constructor(tools: Tools, user: User) {
    this.user = user;
    this.#world = tools.world;
    this.#using = new Using(tools, user);
  }

  get id(): string {
    return this.user.id;
  }

  /** Writes a message; resolves with its id. */
  async says(text: string, how: Saying = {}): Promise<string> {
    const channel = this.#mine(how.in);
    if (channel.thread?.locked === true) throw new Error(`twin: ${channel.name} is locked`);
    const content = `${this.#address(channel, how.mention)}${text}`;
    const message = post(this.#world, channel, {
      ...{ author: this.user, content, replyTo: how.replyTo, pings: this.#pings(channel, content, how.replyTo) },
      files: (how.files ?? []).map((file) => this.#upload(file)),
    });
    return message.id;
  }

  /** Passes a message on, wherever it was said; what they add themselves is a message of its own. Resolves with its id. */
  async forwards(id: string, how: Pick<Saying, 'in'> = {}): Promise<string> {
    return post(this.#world, this.#mine(how.in), { author: this.user, forwards: this.#message(id) }).id;
  }

  /** Changes a message of theirs. */
  async edits(id: string, text: string): Promise<void> {
    const message = this.#message(id);
    message.content = text;
    change(this.#world, message);
  }

  async deletes(id: string): Promise<void> {
    remove(this.#world, this.#message(id));
  }

  async reacts(id: string, emoji: string): Promise<void> {
    reacted(this.#world, this.#message(id), { emoji, user: this.id, add: true });
  }

  async unreacts(id: string, emoji: string): Promise<void> {
    reacted(this.#world, this.#message(id), { emoji, user: this.id, add: false });
  }

  /** Is shown as typing. */
  startsTyping(place: Somewhere): void {
    const channel = this.#mine(place);
    const { guild } = channel;
    const data = {
      ...{ channel_id: channel.id, user_id: this.id, timestamp: Math.floor(this.#world.clock.now() / 1000) },
      ...(guild === undefined
        ? {}
        : { guild_id: guild.id, member: { ...wireMember(guild, this.user), user: wireUser(this.user) } }),
    };
    this.#world.tell({ name: 'TYPING_START', data, where: channel });
  }

  /**
   * Uses a command: `ann.slash('/subagents kill', { target: '#1' }, { in: general })`. Resolves with the first answer, or
   * when it is too late for one.
   * @throws Error for what Discord's box would not send
   */
  async slash(
    words: string,
    values: Readonly<Record<string, Value>> = {},
    how: Pick<Acting, 'in'> = {},
  ): Promise<InteractionAnswer> {
    return this.#using.command(this.#mine(how.in), { words, values });
  }

  /**
   * Types into an option of a command.
   * @returns what is offered; undefined when nothing came in time
   */
  async types(
    words: string,
    option: string,
    sofar: string,
    how: Pick<Acting, 'in'> & { readonly with?: Readonly<Record<string, Value>> } = {},
  ): Promise<readonly Choice[] | undefined> {
    const values = { ...how.with, [option]: sofar };
    return this.#using.suggestions(this.#mine(how.in), { words, values, focused: option });
  }

  /** Presses a button by its label, or sends a forged id from the newest message. */
  async presses(label: string | { readonly id: string }, how: Acting = {}): Promise<InteractionAnswer> {
    return this.#using.press(label, this.#where(how));
  }

  /** Chooses in a menu. */
  async selects(values: string | readonly string[], how: Acting = {}): Promise<InteractionAnswer> {
    return this.#using.select(typeof values === 'string' ? [values] : values, this.#where(how));
  }

  /** Fills in the form that was opened last. @param fields by custom id or label */
  async submits(fields: Readonly<Record<string, string>>): Promise<InteractionAnswer> {
    return this.#using.submit(fields);
  }

  /** Takes no direct messages from the bot any more. */
  closesDms(closed = true): void {
    const human = this.#world.people.get(this.id);
    if (human !== undefined) human.closed = closed;
  }

  #where({ in: place, on }: Acting): { readonly channel?: Channel | undefined; readonly message?: string | undefined } {
    return { channel: place === undefined ? undefined : this.#mine(place), message: on };
  }

  #mine(place: Somewhere = 'dm'): Channel {
    const channel = channelAt(this.#world, place === 'dm' ? this.id : place);
    if (channel.guild !== undefined && !channel.guild.members.has(this.id))
      throw new Error(`twin: ${this.user.name} is not in ${channel.guild.name}`);
    if (channel.deleted) throw new Error(`twin: ${channel.name} is gone`);
    return channel;
  }

  #message(id: string): Message {
    const message = this.#world.message(id);
    if (message === undefined) throw new Error(`twin: there is no message ${id}`);
    return message;
  }

  #address({ guild }: Channel, mention: Saying['mention']): string {
    if (mention === undefined || mention === false) return '';
    return mention === 'role' ? `<@&${guild?.roles.bot}> ` : `<@${this.#world.bot.id}> `;
  }

  /** An answer notifies the one it answers. */
  #pings(channel: Channel, content: string, replyTo: string | undefined): readonly string[] {
    const named = [...content.matchAll(/<@!?(\d+)>/g)].flatMap(([, id]) => id ?? []);
    const answered = channel.messages.get(replyTo ?? '')?.author.id;
    const all = answered === undefined ? named : [...named, answered];
    return [...new Set(all), ...(/@(everyone|here)\b/.test(content) ? ['everyone'] : [])];
  }

  #upload({ name, data, type }: NonNullable<Saying['files']>[number]): StoredFile {
    return { id: this.#world.ids.next(), name, data: typeof data === 'string' ? Buffer.from(data) : data, type };
  }
}
