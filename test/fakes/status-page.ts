// The status page of a world without the rest of the app: the same class as in src/app.ts, on a free port. Used by the tests of
// src/web and by the browser check.
import { degradedBy } from '../../src/cli/status.ts';
import { configSchema } from '../../src/infra/config.ts';
import type { WebConfig } from '../../src/infra/config-web.ts';
import type { Log } from '../../src/infra/log.ts';
import { controlHandlers } from '../../src/wiring/control.ts';
import { type ServicesParts, status } from '../../src/wiring/services.ts';
import { StatusPage, type StatusPageParts } from '../../src/wiring/web.ts';
import type { World } from '../flows/world.ts';
import { seededIds } from './ids.ts';
import { recordingLog } from './recording-log.ts';

export interface PageOptions {
  readonly web?: Partial<WebConfig>;
  readonly log?: Log;
  readonly links?: StatusPageParts['links'];
  readonly owner?: StatusPageParts['owner'];
}

export interface TestPage {
  readonly page: StatusPage;
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Opens the page once. */
  link(): Promise<string>;
  /** Changes the settings as a reload would. */
  configure(web: Partial<WebConfig>): Promise<void>;
  close(): Promise<void>;
}

export async function openPage(world: World, options: PageOptions = {}): Promise<TestPage> {
  const { engine } = world;
  const settings = (web: Partial<WebConfig>) => configSchema.parse({ web: { enabled: true, port: 0, ...web } });
  let config = settings(options.web ?? {});
  const parts: ServicesParts = {
    engine,
    agents: () => {
      throw new Error('nobody asks for agents here');
    },
    configFile: { path: 'switchyard.json5', loadedAt: 0, error: undefined, fileChangedAt: async () => undefined },
    table: [],
    model: () => 'scripted/one',
    page: () => page.view(),
  };
  const begin = async () => ({ ok: true, value: { seq: 1, state: { kind: 'connecting' } } }) as const;
  const page = new StatusPage({
    ...{ home: engine.parts.home, engine, ids: seededIds(7), log: options.log ?? recordingLog() },
    config: () => config,
    handlers: { ...controlHandlers(parts), 'link.begin': begin },
    status: () => status(parts),
    troubles: degradedBy,
    links: options.links ?? (() => []),
    owner: options.owner ?? (() => 'console:ann'),
  });
  await page.configure();
  return {
    page,
    get origin() {
      const view = page.view();
      if (view === undefined || !('url' in view)) throw new Error(`no page: ${JSON.stringify(view)}`);
      return view.url;
    },
    link: async () => {
      const link = await page.link();
      if (!link.ok) throw new Error(link.refusal.message);
      return link.value.link;
    },
    configure: (web) => {
      config = settings(web);
      return page.configure();
    },
    close: () => page.close(),
  };
}
