// What the gateway tells, handed to whom it concerns. Made by adapter.ts, which attaches it to every new client.
import type { Client } from 'discord.js';
import type { ChannelEvents } from '../../src/core/channel.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Route } from '../../src/core/route.ts';
import type { Log } from '../../src/infra/log.ts';
import { type At, type Dispatch, type Newest, type Packet, readDispatch } from './dispatches.ts';
import { type DiscordMessage, echoOf } from './inbound.ts';
import type { Intake } from './intake.ts';
import type { Interactions } from './interactions.ts';
import type { Places } from './places.ts';
import type { Seen } from './seen.ts';
import type { Sent } from './sent.ts';

export interface TellingOptions {
  readonly account: string;
  readonly log: Log;
  readonly events: () => ChannelEvents | undefined;
  readonly places: Places;
  readonly seen: Seen;
  readonly intake: Intake;
  readonly sent: Sent;
  readonly interactions: Interactions;
  /** A server is there again that Discord could not show in this session: what was said in it was not told. */
  readonly back: (newest: readonly Newest[]) => void;
}

const leftWords = 'the bot was removed from the server';

export class Telling {
  readonly #options: TellingOptions;

  constructor(options: TellingOptions) {
    this.#options = options;
  }

  attach(client: Client): void {
    client.on('raw', (packet: Packet) => {
      try {
        this.#dispatch(readDispatch(packet), client);
      } catch (err) {
        // What cannot be read now could not be read later, either, and must not end anything.
        this.#options.log.error({ err, event: packet.t, code: 'discord_unreadable' }, 'an event could not be read');
      }
    });
  }

  #dispatch(told: Dispatch, client: Client): void {
    const { events, intake, interactions, seen } = this.#options;
    switch (told.kind) {
      case 'session':
        intake.hold();
        return;
      case 'message':
        this.#message(told.message, client.user?.id);
        return;
      case 'edited':
        intake.push(told.message, true);
        return;
      case 'interaction':
        void interactions.take(told.interaction);
        return;
      case 'gone':
        seen.forget(told.at.channel);
        void events()?.gone(this.#routeOf(told.at), told.reason);
        return;
      case 'guild-gone':
        // The library forgets the guild only after this.
        for (const channel of client.guilds.cache.get(told.guild)?.channels.cache.values() ?? [])
          if (!channel.isThread())
            void events()?.gone(this.#routeOf({ channel: channel.id, parent: undefined }), leftWords);
        return;
      case 'guild':
        // The library learns it only after this. While a session begins all of them come like that, and are read with it.
        if (!intake.held && client.guilds.cache.get(told.guild)?.available === false) this.#options.back(told.newest);
        for (const at of told.at) events()?.opened(this.#routeOf(at));
        return;
      case 'opened':
        for (const at of told.at) events()?.opened(this.#routeOf(at));
        return;
      case 'other':
        return;
      default:
        assertNever(told);
    }
  }

  /** Without a guild it was written in private: that is known without asking. Our own come back with the key we sent. */
  #message(message: DiscordMessage, me: string | undefined): void {
    const { places, sent, intake } = this.#options;
    if (message.guild_id === undefined) places.learn(message.channel_id, { kind: 'direct' });
    const echo = message.author.id === me ? echoOf(message) : undefined;
    if (echo !== undefined) sent.arrived(echo.nonce, echo.messageId);
    intake.push(message);
  }

  #routeOf({ channel, parent }: At): Route {
    const place = { channel: 'discord', account: this.#options.account } as const;
    return parent === undefined ? { ...place, chat: channel } : { ...place, chat: parent, thread: channel };
  }
}
