// The status page: a server of its own, with everything behind it. Opened by src/wiring/web.ts, only where `web.enabled` is set.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { createAdaptorServer } from '@hono/node-server';
import { ok, type Result, refuse } from '../core/result.ts';
import type { WebConfig } from '../infra/config-web.ts';
import type { Ids } from '../infra/ids.ts';
import type { Log } from '../infra/log.ts';
import { statePaths } from '../infra/state-paths.ts';
import type { ActionParts } from './actions.ts';
import { loadAssets } from './assets.ts';
import { Live } from './live.ts';
import { LogTail } from './log-tail.ts';
import { metricsText } from './metrics.ts';
import { routes } from './routes.ts';
import { type Invitation, SignIn } from './sign-in.ts';
import { type SnapshotParts, snapshot } from './snapshot.ts';
import { webToken } from './token.ts';

export interface ServerParts extends SnapshotParts, Pick<ActionParts, 'handlers'> {
  /** State folder. */
  readonly home: string;
  readonly settings: WebConfig;
  readonly ids: Ids;
  readonly log: Log;
}

export interface WebServer {
  /** Where people open it, without a path: `http://127.0.0.1:8787`. */
  readonly origin: string;
  /** An address that opens it once. Never logged. */
  invite(): Pick<Invitation, 'expiresAt'> & { readonly link: string };
  /** Resolves with no connection left. */
  close(): Promise<void>;
}

/** All pages together need a few dozen; whoever opens more must not take the files that the rest of the process needs. */
const mostConnections = 128;

/** Refused: `web_address`, when host and port cannot be had. */
export async function openServer(parts: ServerParts): Promise<Result<WebServer>> {
  const { settings, home, ids, engine, log } = parts;
  const { clock } = engine.parts;
  const paths = statePaths(home);
  const [token, assets] = [await webToken(settings.token, paths.webToken, ids), await loadAssets()];
  const closing = new AbortController();
  const tail = new LogTail(paths.log);
  const live = new Live({
    look: () => snapshot(parts),
    log: () => tail.read(),
    clock,
    onError: (err) => log.error({ err, code: 'web_look' }, 'the status page could not be brought up to date'),
  });
  // The port is part of the name of the cookie, and may be known only once it listens.
  let answer: (request: Request) => Response | Promise<Response> = () => new Response(null, { status: 503 });
  const server = createAdaptorServer({
    fetch: (request) => answer(request),
    createServer,
    overrideGlobalObjects: false,
  });
  server.maxConnections = mostConnections;
  const listening = await listen(server, settings);
  if (!listening.ok) return listening;
  // A connection that could not be taken, for want of files for instance, concerns nobody else.
  server.on('error', (err) =>
    log.error({ err, code: 'web_connection' }, 'the status page could not take a connection'),
  );
  const { port } = listening.value;
  // As browsers spell it, whatever the config does.
  const origin =
    settings.url === undefined ? `http://${reachableAt(settings.host)}:${port}` : new URL(settings.url).origin;
  const secure = origin.startsWith('https:');
  const signIn = new SignIn({ token, clock, ids, secure, cookie: `switchyard_${port}` });
  const troubles = async () => parts.troubles(await parts.status());
  const app = routes({
    ...{ settings, signIn, live, assets, troubles, log, closing: closing.signal, now: clock.now },
    actions: { engine, handlers: parts.handlers, owner: parts.owner, ids },
    metrics: () => metrics(parts),
  });
  answer = (request) => app.fetch(request);
  return ok({
    origin,
    invite: () => {
      const { code, expiresAt } = signIn.invite();
      return { link: `${origin}/enter?code=${code}`, expiresAt };
    },
    close: () => {
      closing.abort();
      return new Promise((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  });
}

async function metrics({ engine, status, troubles }: ServerParts): Promise<string> {
  const now = await status();
  const active = engine.stores.registry.active();
  const { user, system } = process.cpuUsage();
  return metricsText({
    status: now,
    healthy: troubles(now).length === 0,
    counted: engine.meters.counted(),
    spent: engine.stores.budgets.byAgent(),
    runs: Object.fromEntries(
      [...Map.groupBy(active, ({ state }) => state.status)].map(([name, runs]) => [name, runs.length]),
    ),
    questions: engine.approvals.openFor({ id: '', class: 'owner' }).length,
    startedAt: engine.startedAt,
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1_000_000,
  });
}

type Listening = ReturnType<typeof createAdaptorServer>;

async function listen(server: Listening, { host, port }: WebConfig): Promise<Result<AddressInfo>> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return ok(server.address() as AddressInfo);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const [why, fix] = listenFaults[code] ?? [code, 'Look at web.host and web.port.'];
    return refuse('web_address', `It cannot listen at ${host}, port ${port}: ${why}.`, fix);
  }
}

const listenFaults: Readonly<Record<string, readonly [string, string]>> = {
  EADDRINUSE: ['another program does', 'Set web.port to another one, or end that program and run: npx switchyard web'],
  EACCES: ['this account may not', 'Set web.port to 1024 or higher.'],
  EADDRNOTAVAIL: ['that is no address of this machine', 'Set web.host to one of its addresses, or leave it out.'],
  ENOTFOUND: ['there is no such name', 'Set web.host to an address of this machine, or leave it out.'],
};

/** Where it listens on every address, one of them that others reach. */
function reachableAt(host: string): string {
  if (host !== '0.0.0.0' && host !== '::') return host.includes(':') ? `[${host}]` : host;
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
}
