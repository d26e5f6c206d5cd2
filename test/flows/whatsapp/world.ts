// The whole program on WhatsApp as people there meet it: the real app, the real Baileys linked with the loopback twin, and a
// model that answers by script. Used by the stories in this folder.
import { callControl } from '../../../src/cli/control-client.ts';
import type { LinkState } from '../../../src/core/link.ts';
import { until } from '../../fakes/wait.ts';
import { type OpenAiTwin, openAiTwin } from '../../twins/openai.ts';
import type { Phone } from '../../twins/whatsapp/phone.ts';
import { type WhatsAppTwin, type WhatsAppTwinOptions, whatsappTwin } from '../../twins/whatsapp/twin.ts';
import { cli, Place, type RealApp, startApp, type Told } from '../real-app.ts';

export interface World {
  readonly place: Place;
  readonly twin: WhatsAppTwin;
  readonly model: OpenAiTwin;
  /** Of the owner; the chat with oneself is where they talk to the bot. */
  readonly phone: Phone;
  app: RealApp;
  cli(...args: readonly string[]): Promise<Told>;
  /** Ends in order and starts again; resolves once it is logged in. */
  restart(): Promise<void>;
  /** Writes the channel's settings anew; a running process takes them over. */
  configure(more: object): void;
  start(): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

export interface Options {
  readonly twin?: WhatsAppTwinOptions;
  /** Settings of the channel beside the address. */
  readonly whatsapp?: object;
  /** Further settings. */
  readonly config?: object;
  /** Default: the phone has scanned the code. */
  readonly linked?: boolean;
}

export async function openWorld(options: Options = {}): Promise<World> {
  const twin = await whatsappTwin({ firstKeys: 'few', ...options.twin });
  const model = await openAiTwin();
  const place = new Place();
  const configure = (more: object): void =>
    place.config({
      models: { providers: { twin: { baseUrl: model.url, models: [{ id: 'one' }] } } },
      agents: { defaults: { model: 'twin/one' } },
      channels: { whatsapp: { enabled: true, wsUrl: twin.url, ...options.whatsapp, ...more } },
      ...options.config,
    });
  configure({});
  const phone = twin.phone({ name: 'Ann', pn: '4915155501', lid: '900000001' });
  const world: World = {
    ...{ place, twin, model, phone, configure },
    app: await startApp(place),
    cli: (...args) => cli(place, ...args),
    async restart() {
      await world.stop();
      await world.start();
    },
    async start() {
      world.app = await startApp(place);
      await connected(place);
    },
    async stop() {
      world.app.signal('SIGTERM');
      await world.app.exit;
    },
    async close() {
      await world.stop();
      await model.close();
      await twin.close();
      place.remove();
    },
  };
  if (options.linked !== false) {
    await phone.scan((await linkState(place, 'qr')).qr);
    await linkState(place, 'linked');
    await connected(place);
  }
  return world;
}

/** The running process' link, once it is in that state. */
export async function linkState<K extends LinkState['kind']>(
  place: Place,
  kind: K,
): Promise<Extract<LinkState, { kind: K }>> {
  let reply = await callControl(place.home, 'link.begin', { account: 'default' });
  for (;;) {
    if (reply.kind !== 'answered') throw new Error(`the link: ${JSON.stringify(reply)}`);
    const { seq, state } = reply.value;
    if (state.kind === kind) return state as Extract<LinkState, { kind: K }>;
    reply = await callControl(place.home, 'link.next', { account: 'default', after: seq });
  }
}

export const channelLine = async (place: Place): Promise<string> =>
  (await cli(place, 'status')).out.split('\n').find((line) => line.startsWith('channel whatsapp')) ?? '';

export function connected(place: Place): Promise<void> {
  return until(async () => /: connected/.test(await channelLine(place)), 'the connection');
}
