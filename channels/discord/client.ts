// The gateway client: what we ask Discord to tell us, and no policy of its own. Called by session.ts, anew for each rebuild.
import { Client, GatewayIntentBits, Options, Partials } from 'discord.js';
import { restOptions } from './api.ts';

/** @param apiUrl undefined: Discord's own; where the gateway is, the API says */
export function openClient(apiUrl: string | undefined): Client {
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
  });
}

/** Ends everything the client runs, whatever state it is in. */
export async function closeClient(client: Client): Promise<void> {
  client.removeAllListeners();
  // A handler that rejects would end the process without one.
  client.on('error', () => undefined);
  await client.destroy().catch(() => undefined);
}
