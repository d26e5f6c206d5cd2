// Places of their own for runs: a thread from the message that asked, or from a line of ours, or a post in a forum; and
// whether they are still there. Made by adapter.ts.
import {
  type APIMessage,
  type APIThreadChannel,
  type APIUser,
  Routes,
  type ThreadAutoArchiveDuration,
} from 'discord.js';
import pLimit from 'p-limit';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { DiscordApi } from './api.ts';
import { type Fault, faultOf } from './faults.ts';
import { channelOf, isDiscordPlace, isSnowflake, type Places, type Right } from './places.ts';
import { nonceOf } from './sent.ts';

export interface ThreadsOptions {
  readonly api: DiscordApi;
  readonly clock: Clock;
  readonly ids: Pick<Ids, 'uuid'>;
  readonly places: Places;
  /** The bot's own id, from the first login on. */
  readonly me: () => string | undefined;
  /** Minutes without a message after which Discord puts a thread away. */
  readonly autoArchiveMinutes: ThreadAutoArchiveDuration;
}

export type Reach = 'there' | 'gone' | 'unknown';

/** docs.discord.com/developers/resources/channel#start-thread-from-message: 1 to 100 characters. */
const longestName = 100;
const mostTries = 4;
/** Somebody waits for the thread: longer pauses are told instead. */
const longestWaitMs = 10_000;
const remembered = 1_000;
/** Many places are asked for at once at a start: 20 in a second leave room for what is owed, see gate.ts. */
const askedAtOnce = 2;
const askingMs = 100;

export class Threads {
  readonly #options: ThreadsOptions;
  /** Messages a thread was opened from: each can have one. */
  readonly #used = new Set<string>();
  readonly #asking = pLimit(askedAtOnce);

  constructor(options: ThreadsOptions) {
    this.#options = options;
  }

  /** From memory; a place nobody knows yet may have threads, and opening one tells. */
  opensAt(parent: Route): boolean {
    if (parent.thread !== undefined) return false;
    const place = this.#options.places.known(parent.chat);
    return place === undefined || (place.kind === 'channel' && place.holds !== 'nothing');
  }

  /** Rejects with a sentence for people. */
  async open(parent: Route, name: string, from: string | undefined): Promise<Route> {
    const title = [...name].slice(0, longestName).join('');
    // In a thread the bot may not write in, nothing it is opened for can be said.
    const missing = this.#options.places.missing(parent.chat, ['Send Messages in Threads']);
    if (missing.length > 0) throw new Error(lacks(missing));
    try {
      const place = await this.#options.places.of(parent.chat);
      const thread =
        place.kind === 'channel' && place.holds === 'posts'
          ? await this.#post(parent.chat, title)
          : ((await this.#fromMessage(parent.chat, title, from)) ?? (await this.#fromLine(parent.chat, title)));
      if (place.kind === 'channel')
        this.#options.places.learn(thread, { kind: 'thread', guild: place.guild, parent: parent.chat });
      return { ...parent, thread };
    } catch (error) {
      const fault = faultOf(error);
      const all = fault.kind === 'rights' ? this.#options.places.missing(parent.chat, needed) : [];
      throw new Error(all.length > 0 ? lacks(all) : whyNot(fault));
    }
  }

  async reaches(route: Route): Promise<Reach> {
    if (!isDiscordPlace(route)) return 'gone';
    const ask = (): Promise<APIThreadChannel> =>
      this.#options.api.call((rest, signal) => rest.get(Routes.channel(channelOf(route)), { signal }));
    try {
      const channel = await this.#asking(() => this.#slowly(() => this.#repeat(ask)));
      // An archived thread opens again when somebody writes; a locked one does not.
      return channel.thread_metadata?.locked === true ? 'gone' : 'there';
    } catch (error) {
      const { kind } = faultOf(error);
      return kind === 'place-gone' || kind === 'rights' ? 'gone' : 'unknown';
    }
  }

  /** Undefined where the message cannot have one: it has one already, is gone, or is no message but a command. */
  async #fromMessage(channel: string, name: string, from: string | undefined): Promise<string | undefined> {
    if (from === undefined || !isSnowflake(from) || this.#used.has(from)) return undefined;
    this.#used.add(from);
    if (this.#used.size > remembered) {
      const [oldest] = this.#used;
      if (oldest !== undefined) this.#used.delete(oldest);
    }
    try {
      return await this.#start(channel, from, name);
    } catch (error) {
      const { kind } = faultOf(error);
      if (kind === 'thread-exists') return (await this.#isOurs(from, name)) ? from : undefined;
      if (kind === 'message-gone' || kind === 'rejected') return undefined;
      throw error;
    }
  }

  /** A process that ended before it could use the thread has opened it: a second one must not stand beside it. */
  async #isOurs(thread: string, name: string): Promise<boolean> {
    const { api, me } = this.#options;
    try {
      const found = await api.call<APIThreadChannel>((rest, signal) => rest.get(Routes.channel(thread), { signal }));
      return found.name === name && found.owner_id === (me() ?? (await this.#askedId()));
    } catch {
      return false;
    }
  }

  /** Before the first login. */
  async #askedId(): Promise<string> {
    const { id } = await this.#options.api.call<APIUser>((rest, signal) => rest.get(Routes.user(), { signal }));
    return id;
  }

  /** A line of ours in the channel, and the thread from it. Nothing stays behind when that fails. */
  async #fromLine(channel: string, name: string): Promise<string> {
    const { api, ids } = this.#options;
    const body = { content: name, allowed_mentions: { parse: [] }, nonce: nonceOf(ids.uuid()), enforce_nonce: true };
    const line = await this.#repeat(() =>
      api.call<APIMessage>((rest, signal) => rest.post(Routes.channelMessages(channel), { body, signal })),
    );
    try {
      return await this.#start(channel, line.id, name);
    } catch (error) {
      await api
        .call((rest, signal) => rest.delete(Routes.channelMessage(channel, line.id), { signal }))
        .catch(() => undefined);
      throw error;
    }
  }

  /** A thread has the id of its message, so that a repeated attempt finds what a lost answer has hidden. */
  async #start(channel: string, message: string, name: string): Promise<string> {
    const { api, autoArchiveMinutes } = this.#options;
    let tries = 0;
    const body = { name, auto_archive_duration: autoArchiveMinutes };
    return await this.#repeat(async () => {
      tries += 1;
      try {
        const made = await api.call<APIThreadChannel>((rest, signal) =>
          rest.post(Routes.threads(channel, message), { body, signal }),
        );
        return made.id;
      } catch (error) {
        if (tries > 1 && faultOf(error).kind === 'thread-exists') return message;
        throw error;
      }
    });
  }

  /** Not repeated when the outcome is unknown: every try could make another one. */
  async #post(forum: string, name: string): Promise<string> {
    const { api, autoArchiveMinutes } = this.#options;
    const message = { content: name, allowed_mentions: { parse: [] } };
    const body = { name, auto_archive_duration: autoArchiveMinutes, message };
    const made = await api.call<APIThreadChannel>((rest, signal) => rest.post(Routes.threads(forum), { body, signal }));
    return made.id;
  }

  async #slowly<T>(work: () => Promise<T>): Promise<T> {
    const [done] = await Promise.allSettled([work(), this.#options.clock.sleep(askingMs)]);
    if (done.status === 'rejected') throw done.reason;
    return done.value;
  }

  /** Only for calls that do no harm twice. */
  async #repeat<T>(work: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await work();
      } catch (error) {
        const waitMs = againIn(faultOf(error), tries);
        if (waitMs === undefined || tries >= mostTries) throw error;
        await this.#options.clock.sleep(waitMs);
      }
    }
  }
}

function againIn(fault: Fault, tries: number): number | undefined {
  if (fault.kind === 'rate') return fault.afterMs <= longestWaitMs ? fault.afterMs : undefined;
  return fault.kind === 'unknown' || fault.kind === 'unsent' ? 500 * 2 ** (tries - 1) : undefined;
}

const needed = ['Send Messages', 'Create Public Threads', 'Send Messages in Threads'] as const;

function lacks(missing: readonly Right[]): string {
  return `the bot lacks a right here: ${missing.map((right) => `«${right}»`).join(', ')}`;
}

function whyNot(fault: Fault): string {
  switch (fault.kind) {
    case 'rights':
      return 'the bot lacks a right here: it needs «Send Messages», «Create Public Threads» and «Send Messages in Threads»';
    case 'rate':
      return `Discord asks to wait ${Math.ceil(fault.afterMs / 1000)} s before the next thread`;
    case 'place-gone':
    case 'closed':
    case 'form':
    case 'rejected':
      return fault.reason;
    case 'unsent':
      return 'Discord cannot be reached';
    case 'unknown':
      return 'Discord did not answer in time; look whether the thread is there before you try again';
    default:
      return 'Discord refused it';
  }
}
