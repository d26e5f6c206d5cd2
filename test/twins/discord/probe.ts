// What tests of the twin need: a twin that is closed at the end, real clients that log in to it, and calls turned into the
// sentence or code they end with.
import { Client, DiscordAPIError, GatewayIntentBits, Partials, REST } from 'discord.js';
import { afterEach } from 'vitest';
import type { Person } from './people.ts';
import type { ChannelPlace, GuildPlace } from './places.ts';
import { type DiscordTwin, type DiscordTwinOptions, discordTwin } from './twin.ts';

export interface Probe {
  readonly twin: DiscordTwin;
  readonly guild: GuildPlace;
  readonly general: ChannelPlace;
  /** A member of the guild. */
  readonly ann: Person;
  /** The library's own REST, which neither waits nor tries again. */
  readonly rest: REST;
  /** A logged-in client. */
  client(intents?: readonly GatewayIntentBits[]): Promise<Client<true>>;
}

const usual = [
  ...[GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.DirectMessages],
  ...[GatewayIntentBits.MessageContent, GatewayIntentBits.GuildMessageReactions],
];

/** Gives a file of tests its twins, each closed after the test that made it. */
export function probes(): (options?: DiscordTwinOptions) => Promise<Probe> {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one.close();
  });
  return async (options = {}) => {
    const twin = await discordTwin(options);
    open.push(twin);
    const ann = twin.person('Ann');
    const guild = twin.guild({ members: [ann] });
    const rest = new REST({ api: twin.url, retries: 0, offset: 0, rejectOnRateLimit: () => true }).setToken(twin.token);
    return {
      ...{ twin, guild, general: guild.channel('general'), ann, rest },
      client: (intents = usual) => login(intents),
    };

    async function login(intents: readonly GatewayIntentBits[]): Promise<Client<true>> {
      const client = newClient(twin, intents);
      open.push({ close: () => client.destroy() });
      await client.login(twin.token);
      await new Promise<void>((resolve) =>
        client.isReady() ? resolve() : client.once('clientReady', () => resolve()),
      );
      return client as Client<true>;
    }
  };
}

export function newClient(twin: DiscordTwin, intents: readonly GatewayIntentBits[] = usual): Client {
  const client = new Client({
    intents: [...intents],
    partials: [Partials.Channel, Partials.Message, Partials.Reaction],
    rest: { api: twin.url, retries: 0 },
  });
  client.on('error', () => {});
  return client;
}

/** What Discord answers: `404 10003 Unknown Channel`, or `ok`. */
export const verdict = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) =>
      error instanceof DiscordAPIError
        ? `${error.status} ${error.code} ${error.message.split('\n').join(' ')}`
        : `${error instanceof Error ? error.constructor.name : ''} ${(error as { code?: string }).code ?? ''} ${String((error as Error).message)}`,
  );
