// The whole program on Telegram as people there meet it: the real app, the real grammY against the loopback twin, and a model
// that answers by script. Used by the stories in this folder.
import { type OpenAiTwin, openAiTwin } from '../../twins/openai.ts';
import type { Person } from '../../twins/telegram/people.ts';
import { type TelegramTwin, telegramTwin } from '../../twins/telegram/twin.ts';
import { cli, Place, type RealApp, startApp, type Told } from '../real-app.ts';

export interface World {
  readonly place: Place;
  readonly twin: TelegramTwin;
  readonly model: OpenAiTwin;
  /** The owner. */
  readonly ann: Person;
  app: RealApp;
  /** A verb of the command line. */
  cli(...args: readonly string[]): Promise<Told>;
  restart(): Promise<void>;
  /** Writes the config file anew; a running process takes it over. */
  configure(more: object): void;
  close(): Promise<void>;
}

export interface Options {
  /** Settings of the channel beside token and address. */
  readonly telegram?: object;
  /** Further settings. */
  readonly config?: object;
  /** Default: Ann owns the bot by its settings. */
  readonly owner?: 'by config' | 'nobody yet';
}

export async function openWorld(options: Options = {}): Promise<World> {
  const twin = await telegramTwin({ token: '4242424242:AAtwinTokenOfTheRightLength_0123456789' });
  const model = await openAiTwin();
  const place = new Place();
  const settings = (more: Options = {}): object => ({
    models: { providers: { twin: { baseUrl: model.url, models: [{ id: 'one' }] } } },
    agents: { defaults: { model: 'twin/one' } },
    channels: { telegram: { token: twin.token, apiRoot: twin.url, ...options.telegram, ...more.telegram } },
    ...(options.owner === 'nobody yet' ? {} : { commands: { ownerAllowFrom: ['telegram:7'] } }),
    ...options.config,
    ...more.config,
  });
  place.config(settings());
  const world: World = {
    ...{ place, twin, model, ann: twin.person(7, 'Ann') },
    app: await startApp(place),
    cli: (...args) => cli(place, ...args),
    async restart() {
      await stop(world.app);
      world.app = await startApp(place);
    },
    configure: (more) => place.config(settings(more)),
    async close() {
      await stop(world.app);
      await model.close();
      await twin.close();
      place.remove();
    },
  };
  return world;
}

async function stop(app: RealApp): Promise<void> {
  app.signal('SIGTERM');
  await app.exit;
}
