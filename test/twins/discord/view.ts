// What people see on their screens, for assertions: texts, transcripts, whole messages, waiting for the next one. Made by
// twin.ts; answers.ts shows answers to interactions with it.
import { until } from '../../fakes/wait.ts';
import { buttonsOf, selectsOf } from './components.ts';
import type { Place } from './places.ts';
import { list, text } from './request.ts';
import { type Channel, flags, isMine, type Message, threadOn, types, type Wire, type World } from './world.ts';

export interface SeenMessage {
  readonly id: string;
  readonly from: string;
  /** The bot wrote it, also through a webhook of its own. */
  readonly mine: boolean;
  readonly text: string;
  readonly replyTo: string | undefined;
  /** Labels, in order. */
  readonly buttons: readonly string[];
  /** Values of the menus, in order. */
  readonly choices: readonly string[];
  readonly components: readonly Wire[];
  readonly embeds: readonly Wire[];
  readonly edits: number;
  /** What the bot reacted with. */
  readonly reactions: readonly string[];
  readonly files: readonly { readonly name: string; readonly data: Uint8Array; readonly text: string }[];
  /** Ids of those it notified, `everyone` for all. */
  readonly pings: readonly string[];
  /** Previews of links are switched off. */
  readonly plainLinks: boolean;
  /** The thread that hangs on it. */
  readonly thread: string | undefined;
  /** Unix time in milliseconds. */
  readonly at: number;
}

export type Fits = string | RegExp | ((message: SeenMessage) => boolean);

export class View {
  readonly #world: World;
  readonly #taken = new Set<Message>();

  constructor(world: World) {
    this.#world = world;
  }

  /** What all see in a place now, oldest first: no system messages, nothing that is still "thinking". */
  messages(place: Place): readonly SeenMessage[] {
    return this.#rows(place).map((message) => seen(this.#world, message));
  }

  /** The bot's texts. */
  shown(place: Place): string[] {
    return this.messages(place)
      .filter(({ mine }) => mine)
      .map((message) => message.text);
  }

  /** What all have said, as `Ann: hello`. */
  transcript(place: Place): string[] {
    return this.messages(place).map((message) => `${message.from}: ${message.text}`);
  }

  /** What the bot shows to one person alone, wherever it is. */
  ephemeral(person: { readonly id: string }): readonly SeenMessage[] {
    const all = [...this.#world.channels.values()].flatMap(({ messages }) => [...messages.values()]);
    return all
      .filter((message) => message.onlyFor === person.id && isThere(message))
      .map((message) => seen(this.#world, message));
  }

  /** The next message of the bot's that fits and was not taken before; waits for it in real time, at most 5 s. */
  async next(place: Place, fits: Fits): Promise<SeenMessage> {
    const find = (): Message | undefined =>
      this.#rows(place).find((message) => {
        const view = seen(this.#world, message);
        return view.mine && !this.#taken.has(message) && matches(fits, view);
      });
    await until(() => find() !== undefined, 'a message').catch(() => {
      throw new Error(`waited for ${String(fits)}; the chat shows ${JSON.stringify(this.transcript(place))}`);
    });
    const found = find();
    if (found === undefined) throw new Error(`lost ${String(fits)}`);
    this.#taken.add(found);
    return seen(this.#world, found);
  }

  /** The bot is shown as typing. */
  typing(place: Place): boolean {
    return channelAt(this.#world, place).typingUntil > this.#world.clock.now();
  }

  #rows(place: Place): readonly Message[] {
    const rows = [...channelAt(this.#world, place).messages.values()];
    const system: readonly number[] = [types.threadCreated, types.threadStarter];
    return rows.filter(
      (message) => isThere(message) && message.onlyFor === undefined && !system.includes(message.type),
    );
  }
}

const isThere = (message: Message): boolean => !message.deleted && (message.flags & flags.loading) === 0;

/** A person stands for the direct messages with them. */
export function channelAt(world: World, place: Place): Channel {
  const id = typeof place === 'string' ? place : place.id;
  const person = world.people.get(id);
  const channel = person === undefined ? world.channels.get(id) : world.dm(person.user);
  if (channel === undefined) throw new Error(`twin: there is no channel ${id}`);
  return channel;
}

export function seen(world: World, message: Message): SeenMessage {
  const { id, author, content, replyTo, components, embeds, edits, pings, at } = message;
  return {
    ...{ id, text: content, replyTo, components, embeds, edits, pings, at, mine: isMine(world, message) },
    from: author.name,
    buttons: buttonsOf(components).map((button) => text(button, 'label') ?? ''),
    choices: selectsOf(components).flatMap((menu) => list(menu, 'options').map((one) => text(one, 'value') ?? '')),
    reactions: [...message.reactions].flatMap(([emoji, by]) => (by.has(world.bot.id) ? emoji : [])),
    files: message.files.map(({ name, data }) => ({ name, data, text: Buffer.from(data).toString('utf8') })),
    plainLinks: (message.flags & flags.suppressEmbeds) !== 0,
    thread: threadOn(world, message)?.id,
  };
}

export function matches(fits: Fits, message: SeenMessage): boolean {
  if (typeof fits === 'function') return fits(message);
  return typeof fits === 'string' ? message.text.includes(fits) : fits.test(message.text);
}
