// Discord as a channel: puts the parts together and keeps their contract. Constructed by channels/index.ts, one per bot token.
import type { Client, ThreadAutoArchiveDuration } from 'discord.js';
import type {
  Capabilities,
  ChannelAdapter,
  ChannelEvents,
  ChannelHealth,
  Fetched,
  RateLimit,
  Sign,
} from '../../src/core/channel.ts';
import type { Command } from '../../src/core/command.ts';
import type { OutboundMessage, Receipt, RemoteFile } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { Ids } from '../../src/infra/ids.ts';
import type { Log } from '../../src/infra/log.ts';
import { DiscordApi } from './api.ts';
import { backfill, type Gap, gapsBefore, gapsOf } from './backfill.ts';
import { Connection } from './connection.ts';
import { openDirect } from './directs.ts';
import { fetchFile } from './files.ts';
import { Hearing } from './hearing.ts';
import type { DiscordMessage, Own } from './inbound.ts';
import { Intake } from './intake.ts';
import { Interactions } from './interactions.ts';
import { inviteLink } from './invite.ts';
import { discordLimits } from './limits.ts';
import { Personas } from './personas.ts';
import { channelOf, isDiscordPlace, Places } from './places.ts';
import type { CommandMemory } from './registration.ts';
import { Seen, type SeenMemory } from './seen.ts';
import { editText, maxText, type SendingOptions, sendText } from './sending.ts';
import { Sent } from './sent.ts';
import { Telling } from './telling.ts';
import { type Reach, Threads } from './threads.ts';
import { Typing } from './typing.ts';

export interface DiscordOptions {
  /** Account name from the config. */
  readonly account: string;
  readonly token: string;
  /** Another address of the API. */
  readonly apiUrl?: string | undefined;
  readonly autoArchiveMinutes: ThreadAutoArchiveDuration;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly seen: SeenMemory;
  /** The command table. */
  readonly commands: readonly Command[];
  /** What was made known to Discord last. */
  readonly registered: CommandMemory;
  /** Commands are made known in this server alone, where changes show at once. */
  readonly devGuild?: string | undefined;
  /** Sub-agents speak under their own names in their threads. */
  readonly personas?: boolean | undefined;
}

export class DiscordAdapter implements ChannelAdapter {
  readonly id = 'discord';
  readonly account: string;
  readonly can: Capabilities = {
    threads: true,
    threadsFromMessages: true,
    edits: true,
    buttons: true,
    typing: true,
    idempotentSend: true,
    documents: true,
    asks: true,
    maxText,
  };
  readonly #options: DiscordOptions;
  readonly #api: DiscordApi;
  readonly #connection: Connection;
  readonly #places: Places;
  readonly #seen: Seen;
  readonly #intake: Intake;
  readonly #hearing: Hearing;
  readonly #sending: SendingOptions;
  readonly #personas: Personas | undefined;
  readonly #threads: Threads;
  readonly #typing: Typing;
  readonly #interactions: Interactions;
  readonly #telling: Telling;
  #events: ChannelEvents | undefined;
  #own: Own | undefined;
  #session = 0;
  /** What was said before this session has been read. */
  #caughtUp = false;
  #stopping: Promise<void> | undefined;

  constructor(options: DiscordOptions) {
    const { account, token, apiUrl, clock, ids, log, autoArchiveMinutes } = options;
    this.account = account;
    this.#options = options;
    const api = new DiscordApi({ token, apiUrl, clock });
    this.#api = api;
    const client = (): Client<true> | undefined => this.#connection.client;
    const events = (): ChannelEvents | undefined => this.#events;
    this.#places = new Places({ api, account, client });
    this.#seen = new Seen(options.seen, clock);
    this.#connection = new Connection({
      ...{ api, apiUrl, token, clock, ids, log },
      attach: (opened) => {
        this.#seen.begin(clock.now());
        this.#telling.attach(opened);
      },
      connected: (opened, fresh) => this.#connected(opened, fresh),
      alive: (heardAt) => this.#upTo(heardAt),
    });
    this.#hearing = new Hearing({ places: this.#places, connection: this.#connection, log, events });
    this.#intake = new Intake({
      ...{ clock, log, seen: this.#seen },
      isDirect: ({ channel_id }) => this.#places.known(channel_id)?.kind === 'direct',
      take: (message, edited) => this.#hearing.take(message, edited),
    });
    this.#sending = { api, clock, sent: new Sent(clock), me: () => this.#me() };
    this.#personas = options.personas === true ? new Personas({ ...this.#sending, log }) : undefined;
    this.#threads = new Threads({
      ...{ api, clock, ids, places: this.#places, autoArchiveMinutes },
      me: () => this.#me()?.id,
    });
    this.#typing = new Typing(api, clock);
    this.#interactions = new Interactions({
      ...{ api, account, clock, log, events, commands: options.commands, memory: options.registered },
      devGuild: options.devGuild,
      send: (route, message, key) => this.#send(route, message, key),
    });
    this.#telling = new Telling({
      ...{ account, log, events, places: this.#places, seen: this.#seen, intake: this.#intake },
      ...{ sent: this.#sending.sent, interactions: this.#interactions },
      back: (newest) => {
        const gaps = gapsBefore(newest, this.#seen);
        this.#intake.release(() => this.#readBack(gaps));
      },
    });
  }

  start(events: ChannelEvents): Promise<void> {
    this.#events ??= events;
    return this.#connection.start();
  }

  async deliver(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    if (this.#connection.ended) return notConnected;
    if (!isDiscordPlace(route)) return noPlace(route);
    return message.answers === undefined
      ? this.#send(route, message, key)
      : this.#interactions.answer(route, message, key);
  }

  async edit(route: Route, messageId: string, message: OutboundMessage): Promise<Receipt> {
    if (this.#connection.ended) return notConnected;
    if (!isDiscordPlace(route)) return noPlace(route);
    const at = { route, messageId };
    const hidden = this.#interactions.edit(messageId, message);
    return (await (hidden ?? this.#personas?.edit(at, message))) ?? editText(this.#sending, at, message);
  }

  openThread(parent: Route, name: string, from?: string): Promise<Route> {
    return this.#threads.open(parent, name, from);
  }

  opensThreads(parent: Route): boolean {
    return this.#seen.person(parent.chat) === undefined && this.#threads.opensAt(parent);
  }

  takesFiles(route: Route): boolean {
    return this.#places.missing(channelOf(route), ['Attach Files']).length === 0;
  }

  reaches(route: Route): Promise<Reach> {
    return this.#threads.reaches(route);
  }

  fetch(file: RemoteFile, maxBytes: number): Promise<Fetched> {
    const ownHost = this.#options.apiUrl !== undefined;
    return fetchFile(this.#api, file, { maxBytes, ownHost });
  }

  limits(route: Route, answering?: string): readonly RateLimit[] {
    const answers = answering === undefined || this.#interactions.goesPlain(answering) ? undefined : answering;
    const more = answers === undefined ? this.#personas?.limits(route) : undefined;
    return [...discordLimits(route, answers), ...(more ?? [])];
  }

  botName(): string | undefined {
    return this.#connection.client?.user.username;
  }

  inviteLink(): string | undefined {
    const id = this.#connection.client?.application.id;
    return id === undefined ? undefined : inviteLink(id, this.#options.personas === true);
  }

  signal(route: Route, sign: Sign): void {
    if (sign === 'idle') this.#typing.end(route);
    else if (sign === 'typing' && !this.#connection.ended && isDiscordPlace(route)) this.#typing.begin(route);
  }

  health(): ChannelHealth {
    return this.#connection.health();
  }

  refresh(): void {
    this.#register(this.#connection.client?.application.id);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#typing.close();
    await this.#connection.stop();
    await this.#intake.stop();
    await this.#seen.close();
    this.#api.close();
  }

  /** Known from the first login on. */
  #me(): Own | undefined {
    const client = this.#connection.client;
    if (client !== undefined) this.#own ??= { id: client.user.id, application: client.application.id };
    return this.#own;
  }

  /** The library counts as ready a moment after the session is. */
  #register(application: string | undefined): void {
    if (application !== undefined) void this.#interactions.register(application);
  }

  #connected(client: Client, fresh: boolean): void {
    if (fresh) {
      this.#session += 1;
      this.#caughtUp = false;
      const [session, since] = [this.#session, this.#options.clock.now()];
      this.#intake.release(() => this.#catchUp(client, session, since));
      this.#register(client.application?.id);
    }
    this.#events?.connected();
  }

  /** @param since when this session began, Unix ms */
  async #catchUp(client: Client, session: number, since: number): Promise<void> {
    await this.#seen.kept();
    await this.#readBack(gapsOf(client, this.#seen));
    if (this.#intake.signal.aborted || session !== this.#session) return;
    this.#caughtUp = true;
    this.#upTo(since);
  }

  #readBack(gaps: readonly Gap[]): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#intake;
    const take = (message: DiscordMessage): Promise<void> => this.#intake.take(message);
    return backfill({ api: this.#api, clock, log, signal, take, seen: this.#seen }, gaps);
  }

  /** Of a server that Discord cannot show nothing is told: the mark stays until it is back, or the next process reads it. */
  #upTo(ms: number): void {
    const whole = this.#connection.client?.guilds.cache.every(({ available }) => available) === true;
    if (whole && this.#caughtUp) this.#seen.upTo(ms);
  }

  async #send(route: Route, message: OutboundMessage, key: string): Promise<Receipt> {
    // Who we are decides what of ours is there already: a message of an earlier process, a webhook.
    const mustKnow = message.sentSince !== undefined || (this.#personas !== undefined && message.speaker !== undefined);
    if (mustKnow && this.#me() === undefined) return notConnected;
    const spoken = await this.#personas?.send({ route, key }, message);
    const receipt = spoken ?? (await sendText(this.#sending, { route, key }, message));
    return receipt.status === 'refused' && receipt.closed === true ? this.#again(route, receipt) : receipt;
  }

  /** A direct chat whose channel vanished has another one. */
  async #again(route: Route, refused: Receipt): Promise<Receipt> {
    const person = this.#seen.person(channelOf(route));
    if (person === undefined) return refused;
    const chat = await openDirect(this.#api, person);
    if (chat === undefined || chat === route.chat) return refused;
    await this.#events?.moved(route, { ...route, chat });
    return { status: 'retry', afterMs: 0, cause: 'the direct chat has another id now' };
  }
}

const notConnected: Receipt = { status: 'retry', afterMs: 1_000, cause: 'Discord is not connected' };

function noPlace(route: Route): Receipt {
  return { status: 'refused', cause: `no such place: ${route.chat}`, reason: 'there is no such chat on Discord' };
}
