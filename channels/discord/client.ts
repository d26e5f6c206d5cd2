// The gateway client: what we ask Discord to tell us, and no policy of its own. Called by session.ts, anew for each rebuild.
import {
  Client,
  GatewayIntentBits,
  Options,
  Partials,
  SimpleShardingStrategy,
  type WebSocketOptions,
} from 'discord.js';
import type { Clock } from '../../src/infra/clock.ts';
import { restOptions } from './api.ts';

/**
 * @param apiUrl undefined: Discord's own; where the gateway is, the API says
 * @param over aborted before the client is closed: it opens no connection from then on
 */
export function openClient(apiUrl: string | undefined, over: AbortSignal, clock: Pick<Clock, 'sleep'>): Client {
  return new Client({
    intents: [
      GatewayIntentBits.Guilds,
      GatewayIntentBits.GuildMessages,
      GatewayIntentBits.DirectMessages,
      // Privileged: it must be switched on in the Developer Portal.
      GatewayIntentBits.MessageContent,
    ],
    // Without Channel the first direct message of each person is dropped in silence.
    partials: [Partials.Channel, Partials.Message],
    // Messages are read as they come, and stored by us: a second copy would only cost memory.
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      ReactionManager: 0,
      PresenceManager: 0,
      VoiceStateManager: 0,
    }),
    // What a model writes must not ping anybody.
    allowedMentions: { parse: [], repliedUser: false },
    rest: restOptions(apiUrl),
    ws: { buildStrategy: endingWith(over, clock) },
  });
}

/**
 * What the library leaves open when it is told to end. A login under way, and a reconnect in the half second before it begins,
 * go on afterwards, for ever and with a session of their own: before each connection it asks for the last session, and that
 * question stays open once all is over. A socket that is still connecting is let go with nobody to hear its error, which ends
 * the process: it is ended here.
 */
function endingWith(over: AbortSignal, clock: Pick<Clock, 'sleep'>): NonNullable<WebSocketOptions['buildStrategy']> {
  return (manager) => {
    const { options } = manager;
    const last = options.retrieveSessionInfo;
    options.retrieveSessionInfo = (shard) => (over.aborted ? new Promise(() => undefined) : last(shard));
    const strategy = new SimpleShardingStrategy(manager);
    const destroy = strategy.destroy.bind(strategy);
    strategy.destroy = async (how) => {
      // No other way leads to them.
      const sockets = [...strategy['shards'].values()].map((shard) => shard['connection']);
      for (const socket of sockets) socket?.on('error', () => undefined);
      await within(clock, destroy(how));
      for (const socket of sockets) socket?.terminate();
    };
    return strategy;
  };
}

/** For the other side's goodbye. */
const goodbyeMs = 2_000;

/** Ends everything the client runs, whatever state it is in. */
export async function closeClient(client: Client, clock: Pick<Clock, 'sleep'>): Promise<void> {
  client.removeAllListeners();
  // A handler that rejects would end the process without one.
  client.on('error', () => undefined);
  await within(clock, client.destroy());
}

/** Ended in the middle of a login, the library may wait for ever for what it has itself kept from coming. */
async function within(clock: Pick<Clock, 'sleep'>, ending: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  const ended = ending.catch(() => undefined);
  await Promise.race([ended, clock.sleep(goodbyeMs, over.signal)]);
  over.abort();
}
