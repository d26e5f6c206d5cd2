// One Discord message on its way in: where it was written, what it says in our words, and to whom it is handed.
// Made by adapter.ts, called for each message in turn.
import type { ChannelEvents } from '../../src/core/channel.ts';
import type { Log } from '../../src/infra/log.ts';
import type { Connection } from './connection.ts';
import { causeOf, faultOf } from './faults.ts';
import { type DiscordMessage, type Inbound, ignores, type Reader, readMessage } from './inbound.ts';
import type { Place, Places } from './places.ts';

export interface HearingOptions {
  readonly places: Places;
  readonly connection: Connection;
  readonly log: Log;
  readonly events: () => ChannelEvents | undefined;
}

const none: ReadonlySet<string> = new Set();

export class Hearing {
  readonly #options: HearingOptions;

  constructor(options: HearingOptions) {
    this.#options = options;
  }

  /** Resolves once stored, or once it is clear that it is nothing to us; rejects when it was not stored. */
  async take(message: DiscordMessage, edited: boolean): Promise<void> {
    const events = this.#options.events();
    const reader = this.#reader(message.guild_id);
    if (events === undefined || reader === undefined) throw new Error('not logged in yet');
    const reason = ignores(message, reader);
    if (reason !== undefined) {
      this.#leave(message, reason);
      return;
    }
    const place = await this.#place(message);
    if (place === undefined) return;
    const read = this.#read(message, place);
    if (read === undefined) return;
    if (read.kind === 'ignored') this.#leave(message, read.reason);
    else await (edited ? events.edited(read.message) : events.message(read.message));
  }

  #read(message: DiscordMessage, place: Place): Inbound | undefined {
    const { places, log } = this.#options;
    const reader = this.#reader(place.kind === 'direct' ? undefined : place.guild);
    if (reader === undefined) throw new Error('not logged in any more');
    try {
      return readMessage(message, { place, route: places.route(message.channel_id, place) }, reader);
    } catch (err) {
      // Coming again would not make it readable, and it must not keep what is behind it waiting.
      log.error({ err, message: message.id, code: 'discord_unreadable' }, 'a message could not be read; left out');
      return undefined;
    }
  }

  #reader(guild: string | undefined): Reader | undefined {
    const { client, connectedAt } = this.#options.connection;
    if (client === undefined) return undefined;
    const role = guild === undefined ? undefined : client.guilds.cache.get(guild)?.roles.botRoleFor(client.user)?.id;
    const roles = role === undefined ? none : new Set([role]);
    const { id, displayName: name } = client.user;
    return { me: { id, name, roles }, application: client.application.id, connectedAt };
  }

  /** Undefined: it is no place of ours, and asking again changes nothing. Rejects when it cannot be found out now. */
  async #place({ channel_id: channel, id }: DiscordMessage): Promise<Place | undefined> {
    const { places, log } = this.#options;
    try {
      return await places.of(channel);
    } catch (error) {
      const { kind } = faultOf(error);
      if (kind !== 'place-gone' && kind !== 'rights' && kind !== 'rejected') throw error;
      log.debug({ channel, message: id, cause: causeOf(error), code: 'discord_place' }, 'a message from nowhere');
      return undefined;
    }
  }

  #leave({ id, channel_id: channel }: DiscordMessage, code: string): void {
    this.#options.log.debug({ message: id, channel, code }, 'a message that is nothing to us');
  }
}
