// A person in front of a Telegram client: says, edits, presses, blocks. Made by twin.ts; what it does reaches the bot as
// updates.
import type { User } from 'grammy/types';
import type { Callbacks } from './callbacks.ts';
import type { Files } from './files.ts';
import { setBot } from './membership.ts';
import { chatOf, isGroup, newest, type Room, type RoomMessage, type Topic, type World } from './rooms.ts';
import { hear, type Saying, utter } from './speech.ts';
import { detect } from './text.ts';
import { openTopic } from './topics.ts';
import { wireMessage } from './wire.ts';

/** A chat, a person (their private chat), or a chat id. */
export type Place = { readonly id: number } | number;

export const idOf = (place: Place): number => (typeof place === 'number' ? place : place.id);

export interface Pressing {
  /** Where; default: wherever the newest such button is. */
  readonly in?: Place;
  /** The message; default: the newest one with such a button. */
  readonly on?: number;
  /** What the bot gets of the message: one too old to be shown has date 0, or there is none. */
  readonly message?: 'inaccessible' | 'absent';
}

export interface PersonParts {
  readonly world: World;
  readonly callbacks: Callbacks;
  readonly files: Files;
}

export class Person {
  readonly user: User;
  /** The private chat with the bot. */
  readonly dm: { readonly id: number };
  readonly #parts: PersonParts;

  constructor(parts: PersonParts, user: User) {
    this.#parts = parts;
    this.user = user;
    this.dm = { id: user.id };
  }

  get id(): number {
    return this.user.id;
  }

  /** Writes a message; resolves with its id. */
  async says(text: string, how: Saying = {}): Promise<number> {
    const room = this.#room(how.in ?? this.dm);
    if (room.type === 'private') this.#start();
    if (isGroup(room) && !room.members.has(this.id))
      throw new Error(`twin: ${this.user.first_name} is not in ${room.title}`);
    return utter(this.#parts, room, this.user, { text, how }).id;
  }

  /** Changes the text or caption of a message of theirs. */
  async edits(messageId: number, text: string, how: { readonly in?: Place } = {}): Promise<void> {
    const room = this.#room(how.in ?? this.dm);
    const message = room.messages.get(messageId);
    if (message === undefined) throw new Error(`twin: there is no message ${messageId} in ${room.id}`);
    message.text = text;
    message.entities = detect(text);
    message.edits += 1;
    hear(this.#parts.world, room, message, 'edited_');
  }

  /**
   * Presses a button by its label, or sends forged data.
   * @returns what the bot answered: '' for nothing to show, undefined when it did not answer in time
   */
  async presses(button: string | { readonly data: string }, how: Pressing = {}): Promise<string | undefined> {
    const { world, callbacks } = this.#parts;
    const { room, message, data } = this.#button(button, how);
    const { id, answer } = callbacks.ask();
    const shown = { chat: chatOf(world, room), message_id: message.id, date: 0 };
    const whole = how.message === 'inaccessible' ? shown : wireMessage(world, room, message);
    world.tell('callback_query', {
      ...{ id, from: this.user, chat_instance: `instance-${room.id}`, data },
      ...(how.message === 'absent' ? {} : { message: whole }),
    });
    return answer;
  }

  /** Reacts to a message; without an emoji takes the reaction back. */
  async reacts(messageId: number, emoji?: string, how: { readonly in?: Place } = {}): Promise<void> {
    const { world } = this.#parts;
    const room = this.#room(how.in ?? this.dm);
    if (room.type !== 'private' && room.bot.status !== 'administrator') return;
    world.tell('message_reaction', {
      ...{ chat: chatOf(world, room), message_id: messageId, user: this.user, date: world.seconds() },
      old_reaction: [],
      new_reaction: emoji === undefined ? [] : [{ type: 'emoji', emoji }],
    });
  }

  async blocks(): Promise<void> {
    this.#parts.world.human(this.id).blocked = true;
    this.#standing('kicked');
  }

  async unblocks(): Promise<void> {
    this.#parts.world.human(this.id).blocked = false;
    this.#standing('member');
  }

  /** The account is gone for good. */
  async deletesAccount(): Promise<void> {
    this.#parts.world.human(this.id).gone = true;
  }

  /** Opens a topic in the private chat, where the bot has such topics. */
  topic(name: string): Topic {
    const { world } = this.#parts;
    const room = this.#room(this.dm);
    this.#start();
    const { topic, message } = openTopic(world, room, name, { user: this.user });
    hear(world, room, message);
    return topic;
  }

  #start(): void {
    const human = this.#parts.world.human(this.id);
    if (human.blocked) throw new Error(`twin: ${this.user.first_name} has blocked the bot; unblock it first`);
    human.started = true;
    human.met = true;
  }

  #standing(status: 'member' | 'kicked'): void {
    setBot(this.#parts.world, this.#room(this.dm), { status, rights: new Set() }, this.user);
  }

  #room(place: Place): Room {
    const room = this.#parts.world.rooms.get(idOf(place));
    if (room === undefined) throw new Error(`twin: there is no chat ${idOf(place)}`);
    return room;
  }

  #button(
    button: string | { readonly data: string },
    how: Pressing,
  ): { readonly room: Room; readonly message: RoomMessage; readonly data: string } {
    const mine = [...this.#parts.world.rooms.values()].filter(
      ({ id, members }) => id === this.id || members.has(this.id),
    );
    const rooms = how.in === undefined ? mine : [this.#room(how.in)];
    const found = rooms
      .flatMap((room) => newest(room).map((message) => ({ room, message, data: dataOf(message, button) })))
      .filter(({ message }) => how.on === undefined || message.id === how.on)
      .filter((one): one is typeof one & { readonly data: string } => one.data !== undefined)
      .sort((a, b) => b.message.at - a.message.at)[0];
    if (found === undefined) throw new Error(`twin: ${this.user.first_name} sees no button ${JSON.stringify(button)}`);
    return found;
  }
}

/** What a press on the message would send; forged data goes with any message of the bot's. */
function dataOf(message: RoomMessage, button: string | { readonly data: string }): string | undefined {
  if (typeof button === 'object') return message.from.user.is_bot ? button.data : undefined;
  const found = message.markup?.inline_keyboard.flat().find(({ text }) => text === button);
  return found !== undefined && 'callback_data' in found ? found.callback_data : undefined;
}
