// The whole program on Discord as people there meet it: the real app, the real discord.js against the loopback twin, and a
// model that answers by script. Used by the stories in this folder.

import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace, GuildPlace } from '../../twins/discord/places.ts';
import { type DiscordTwin, type DiscordTwinOptions, discordTwin } from '../../twins/discord/twin.ts';
import { type OpenAiTwin, openAiTwin } from '../../twins/openai.ts';
import { cli, Place, type RealApp, startApp, type Told } from '../real-app.ts';

export interface World {
  readonly place: Place;
  readonly twin: DiscordTwin;
  readonly model: OpenAiTwin;
  /** The owner. */
  readonly ann: Person;
  /** Allowed in the guild. */
  readonly bob: Person;
  readonly guild: GuildPlace;
  readonly general: ChannelPlace;
  app: RealApp;
  cli(...args: readonly string[]): Promise<Told>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface Options {
  readonly twin?: DiscordTwinOptions;
  /** Settings of the channel beside token, address and guild. */
  readonly discord?: object;
  /** Further settings. */
  readonly config?: object;
  /** Default: people begin once the bot is there. */
  readonly awaitConnection?: boolean;
  /** Before the process starts. */
  readonly prepare?: (world: Omit<World, 'app' | 'cli' | 'restart' | 'close'>) => void;
}

export async function openWorld(options: Options = {}): Promise<World> {
  // Restarts in order follow each other faster here than a day's limit of logins is meant for.
  const twin = await discordTwin({ identifyMs: 0, ...options.twin });
  const model = await openAiTwin();
  const place = new Place();
  const [ann, bob] = [twin.person('Ann'), twin.person('Bob')];
  const guild = twin.guild({ name: 'Lab', members: [ann, bob] });
  const general = guild.channel('general');
  place.config({
    models: { providers: { twin: { baseUrl: model.url, models: [{ id: 'one' }] } } },
    agents: { defaults: { model: 'twin/one' } },
    channels: { discord: { token: twin.token, apiUrl: twin.url, groups: { [guild.id]: {} }, ...options.discord } },
    commands: { ownerAllowFrom: [`discord:${ann.id}`] },
    ...options.config,
  });
  const outside = { place, twin, model, ann, bob, guild, general };
  options.prepare?.(outside);
  const world: World = {
    ...outside,
    app: options.awaitConnection === false ? await startApp(place) : await connected(place),
    cli: (...args) => cli(place, ...args),
    async restart() {
      await stop(world.app);
      world.app = await connected(place);
    },
    async close() {
      await stop(world.app);
      await model.close();
      await twin.close();
      place.remove();
    },
  };
  return world;
}

/** Discord keeps nothing for a bot that is not there: people write once it is. */
async function connected(place: Place): Promise<RealApp> {
  const app = await startApp(place);
  await until(async () => /^channel discord.*: connected/m.test((await cli(place, 'status')).out), 'the connection');
  return app;
}

async function stop(app: RealApp): Promise<void> {
  app.signal('SIGTERM');
  await app.exit;
}
