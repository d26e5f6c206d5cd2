// The status page of the whole program: how one gets to it, and how it follows the settings.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../fakes/wait.ts';
import { cli, Place, type RealApp, type StartOptions, startApp } from './real-app.ts';

let place: Place;
let app: RealApp | undefined;
beforeEach(() => {
  place = new Place();
});
afterEach(async () => {
  app?.signal('SIGTERM');
  await app?.exit;
  app = undefined;
  place.remove();
});

async function start(web: object | undefined, options?: StartOptions): Promise<RealApp> {
  if (web !== undefined) place.config({ web });
  app = await startApp(place, options);
  return app;
}

/** Its link, once the page is there. */
async function linkOnScreen({ shown }: RealApp): Promise<string> {
  const link = (): string => /Status page: (\S+)/.exec(shown())?.[1] ?? '';
  await until(() => link() !== '', 'the link');
  return link();
}

const status = async (): Promise<string> => (await cli(place, 'status')).out;
const opened = (): Promise<void> => until(async () => (await pageUrl()) !== '', 'the page');
const pageUrl = async (): Promise<string> => /status page: (\S+)/.exec(await status())?.[1] ?? '';

test('a person at the terminal gets the link at the start; the log has the address alone', async () => {
  const here = await start({ enabled: true, port: 0 }, { columns: 160 });
  const { shown } = here;
  const link = await linkOnScreen(here);
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/enter\?code=[A-Z0-9]{32}$/);
  expect(shown()).toContain('The link opens it once, within 60 minutes; `npx switchyard web` prints another one.');
  expect(shown().indexOf('Status page')).toBeGreaterThan(shown().indexOf('Type a message'));
  expect(place.log()).toContain(new URL(link).origin);
  expect(place.log()).not.toContain('code=');
  expect((await fetch(link)).status).toBe(200);
  expect((await fetch(link)).status).toBe(401);
});

test('without a terminal the link is printed by a verb, also for programs', async () => {
  const { shown } = await start({ enabled: true, port: 0 });
  await opened();
  expect(shown()).not.toContain('Status page');
  const [told, json] = [await cli(place, 'web'), await cli(place, 'web', '--json')];
  expect(told).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Status page: http:\S+\/enter\?code=\S+\nThe link opens it once/),
  });
  const { link } = JSON.parse(json.out) as { readonly link: string };
  expect((await fetch(link)).status).toBe(200);
});

test('the verb says how to switch it on, and that nothing runs', async () => {
  expect(await cli(place, 'web')).toMatchObject({ code: 2, err: expect.stringContaining('not running') });
  await start(undefined);
  const { code, err } = await cli(place, 'web');
  expect([code, err]).toEqual([1, 'The status page is off. Switch it on: npx switchyard config set web.enabled true']);
  expect(existsSync(join(place.home, 'web-token'))).toBe(false);
});

test('it follows the settings while everything else goes on', async () => {
  await start({ enabled: false, port: 0 });
  expect(await status()).not.toContain('status page');
  await cli(place, 'config', 'set', 'web.enabled', 'true');
  await opened();
  const before = await pageUrl();
  expect((await fetch(`${before}/healthz`)).status).toBe(200);
  await cli(place, 'config', 'set', 'web.url', 'https://bot.example.org/');
  await until(async () => (await pageUrl()) === 'https://bot.example.org', 'the other address');
  expect((await cli(place, 'web')).out).toContain('https://bot.example.org/enter?code=');
  await cli(place, 'config', 'set', 'web.enabled', 'false');
  await until(async () => !(await status()).includes('status page'), 'the page to be gone');
  expect(await app?.ask('hello', /./)).toBeDefined();
});

test('open to the network it needs a token, or the setting is refused with what to do', async () => {
  await start({ enabled: true, port: 0 });
  await opened();
  const before = await pageUrl();
  const refused = await cli(place, 'config', 'set', 'web.host', '0.0.0.0');
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(
    /web\.token is needed because the status page would be open to the network at 0\.0\.0\.0: set web\.token/,
  );
  expect(await pageUrl()).toBe(before);
});

test('a token of the environment counts, and is shown nowhere', async () => {
  const token = 'a-token-of-the-environment';
  await start({ enabled: true, port: 0 }, { env: { SWITCHYARD_WEB_TOKEN: token } });
  await opened();
  const answer = await fetch(`${await pageUrl()}/metrics`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('switchyard_build_info{version=');
  expect(existsSync(join(place.home, 'web-token'))).toBe(false);
  expect(place.log()).not.toContain(token);
});

test('a port that is taken is a trouble of the status, not of the chat', async () => {
  await start({ enabled: true, port: 0 });
  await opened();
  const taken = new URL(await pageUrl()).port;
  const other = new Place();
  other.config({ web: { enabled: true, port: Number(taken) } });
  const second = await startApp(other);
  await until(async () => (await cli(other, 'status')).out.includes('The status page'), 'the trouble');
  const told = await cli(other, 'status');
  expect(told.code).toBe(1);
  expect(told.out).toMatch(
    /⚠️ The status page is not served\. It cannot listen .*another program does\. Set web\.port to another one, or end that program/,
  );
  expect(await second.ask('hello', /./)).toBeDefined();
  second.signal('SIGTERM');
  await second.exit;
  other.remove();
});
