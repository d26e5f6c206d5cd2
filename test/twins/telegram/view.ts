// What people see on their screens, for assertions: texts, transcripts, whole messages, waiting for the next one. Made by
// twin.ts.
import type { InlineKeyboardMarkup, MessageEntity } from 'grammy/types';
import { until } from '../../fakes/wait.ts';
import { idOf, type Place } from './people.ts';
import type { Room, RoomMessage, World } from './rooms.ts';

export interface SeenMessage {
  readonly id: number;
  readonly from: string;
  /** The bot wrote it. */
  readonly mine: boolean;
  readonly text: string;
  /** As it was sent, with tags. */
  readonly html: string;
  readonly entities: readonly MessageEntity[];
  /** Id of its topic. */
  readonly thread: number | undefined;
  readonly replyTo: number | undefined;
  /** Labels, in order. */
  readonly buttons: readonly string[];
  readonly markup: InlineKeyboardMarkup | undefined;
  readonly edits: number;
  /** What the bot reacted with. */
  readonly reaction: string | undefined;
  readonly file: { readonly name: string; readonly data: Uint8Array } | undefined;
  /** Unix time in milliseconds. */
  readonly at: number;
}

export type Fits = string | RegExp | ((message: SeenMessage) => boolean);

export class View {
  readonly #world: World;
  readonly #taken = new Set<RoomMessage>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Everything in a chat that is not deleted, oldest first, service messages left out. */
  messages(place: Place, topic?: Place): readonly SeenMessage[] {
    return this.#rows(place, topic).map((message) => seen(this.#world, message));
  }

  /** The bot's texts. */
  shown(place: Place, topic?: Place): string[] {
    return this.messages(place, topic)
      .filter(({ mine }) => mine)
      .map(({ text }) => text);
  }

  /** What all have said, as `Ann: hello`. */
  transcript(place: Place, topic?: Place): string[] {
    return this.messages(place, topic).map(({ from, text }) => `${from}: ${text}`);
  }

  /** The next message of the bot's that fits and was not taken before; waits for it in real time, at most 5 s. */
  async next(place: Place, fits: Fits, topic?: Place): Promise<SeenMessage> {
    const find = (): RoomMessage | undefined =>
      this.#rows(place, topic).find((message) => {
        const view = seen(this.#world, message);
        return view.mine && !this.#taken.has(message) && matches(fits, view);
      });
    await until(() => find() !== undefined, 'a message').catch(() => {
      throw new Error(`waited for ${String(fits)}; the chat shows ${JSON.stringify(this.transcript(place, topic))}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`lost ${String(fits)}`);
    this.#taken.add(found);
    return seen(this.#world, found);
  }

  #rows(place: Place, topic: Place | undefined): readonly RoomMessage[] {
    const rows = [...this.#room(place).messages.values()];
    return rows.filter(
      (message) =>
        !message.deleted &&
        (message.text !== '' || message.file !== undefined) &&
        (topic === undefined || message.topic?.id === idOf(topic)),
    );
  }

  #room(place: Place): Room {
    const room = this.#world.rooms.get(idOf(place));
    if (room === undefined) throw new Error(`twin: there is no chat ${idOf(place)}`);
    return room;
  }
}

function seen(world: World, message: RoomMessage): SeenMessage {
  const { id, from, text, source, entities, replyTo, markup, edits, reaction, file, at } = message;
  return {
    ...{ id, text, html: source, entities, replyTo, markup, edits, reaction, file, at },
    from: from.chat !== undefined && 'title' in from.chat ? (from.chat.title ?? '') : from.user.first_name,
    mine: from.user.id === world.bot.id,
    thread: message.topic?.id,
    buttons: markup?.inline_keyboard.flat().map((button) => button.text) ?? [],
  };
}

function matches(fits: Fits, message: SeenMessage): boolean {
  if (typeof fits === 'function') return fits(message);
  return typeof fits === 'string' ? message.text.includes(fits) : fits.test(message.text);
}
