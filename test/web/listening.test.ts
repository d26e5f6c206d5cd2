// How the status page listens: its address, its connections, and a port that somebody else has. A real server on loopback.
import diagnostics from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { systemClock } from '../../src/infra/clock.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { openPage, type PageOptions, type TestPage } from '../fakes/status-page.ts';
import { until } from '../fakes/wait.ts';
import { openWorld, type World } from '../flows/world.ts';

let world: World;
let page: TestPage;
afterEach(async () => {
  await page.close();
  await world.close();
});

async function open(options: PageOptions = {}): Promise<void> {
  world = await openWorld({ time: systemClock });
  page = await openPage(world, options);
}

it('is called as browsers spell its address, and keeps the cookie to https however that is written', async () => {
  await open();
  const port = Number(new URL(page.origin).port);
  await page.configure({ url: 'HTTPS://Bot.Example.org:443/?from=config', port });
  expect(page.origin).toBe('https://bot.example.org');
  const { pathname, search } = new URL(await page.link());
  const entered = await fetch(`http://127.0.0.1:${port}${pathname}${search}`);
  expect(entered.headers.get('set-cookie')).toMatch(/; Secure$/);
});

it('takes only so many connections, so that the rest of the process has files left', async () => {
  await open();
  const { hostname, port } = new URL(page.origin);
  const sockets = Array.from({ length: 140 }, () => connect(Number(port), hostname).on('error', () => undefined));
  const closed = (): number => sockets.filter((socket) => socket.closed).length;
  for (const socket of sockets) socket.resume();
  await until(() => closed() === 12, 'the connections above 128 to be closed');
  for (const socket of sockets) socket.destroy();
  await until(() => closed() === sockets.length, 'all to be closed');
});

it('outlives connections that could not be taken', async () => {
  const log = recordingLog();
  await open({ log });
  const found = Promise.withResolvers<Server>();
  const see = (message: unknown): void => found.resolve((message as { readonly server: Server }).server);
  diagnostics.subscribe('http.server.request.start', see);
  await fetch(`${page.origin}/healthz`);
  diagnostics.unsubscribe('http.server.request.start', see);
  const server = await found.promise;
  for (const code of ['EMFILE', 'ENFILE']) server.emit('error', new Error(code));
  expect(log.lines.filter(({ fields }) => fields.code === 'web_connection')).toHaveLength(2);
});

it('keeps no stream open for those who only ask whether there is one', async () => {
  await open();
  const token = readFileSync(join(world.engine.parts.home, 'web-token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${token}` };
  for (let n = 0; n < 30; n += 1)
    expect((await fetch(`${page.origin}/api/live`, { method: 'HEAD', headers })).status).toBe(200);
  const stream = await fetch(`${page.origin}/api/live`, { headers });
  expect(stream.status).toBe(200);
  await stream.body?.cancel();
});

it('is opened by asking for a link once a port that was taken is free', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo;
  await open({ web: { port } });
  expect(await page.page.link()).toMatchObject({ ok: false, refusal: { code: 'page_failed' } });
  await new Promise((resolve) => other.close(resolve));
  expect(await page.link()).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:${port}/enter\\?code=`));
  expect(page.page.view()).toEqual({ url: `http://127.0.0.1:${port}` });
});
