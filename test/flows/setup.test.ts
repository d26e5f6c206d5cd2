// From an empty folder to a chat: the setup with a person who answers by script, then the real app on what it wrote, over the
// wire of each platform.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { callControl } from '../../src/cli/control-client.ts';
import { openOfflineLinks } from '../../src/cli/offline-links.ts';
import { setup } from '../../src/cli/setup.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { readEnv } from '../../src/infra/env.ts';
import { readEnvText } from '../../src/infra/env-text.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { person, type Reply } from '../fakes/prompts.ts';
import { until } from '../fakes/wait.ts';
import { discordTwin } from '../twins/discord/twin.ts';
import { telegramTwin } from '../twins/telegram/twin.ts';
import { whatsappTwin } from '../twins/whatsapp/twin.ts';
import { cli, Place, startApp } from './real-app.ts';

let place: Place;
beforeEach(() => {
  place = new Place();
});
afterEach(() => place.remove());

/** The command line in front of that person, on a machine with nothing but where the platform is. */
function machine(where: Record<string, string>, more: Partial<FakeCli['parts']> = {}): FakeCli {
  const variables = { ...where, SWITCHYARD_HOME: place.home, OLLAMA_HOST: '127.0.0.1:1', PATH: '' };
  return fakeCli(place.folder, {
    ...{ env: readEnv(variables, place.folder), clock: systemClock, workingDirectory: place.folder },
    openLinks: (env = readEnv(variables, place.folder)) => openOfflineLinks(env, place.folder),
    ...more,
  });
}

async function setUp(at: FakeCli, ...script: readonly (readonly [RegExp, Reply])[]): Promise<void> {
  const who = person(...script);
  expect(await setup({ ...at.parts, finish: () => undefined }, who.prompts)).toBe(0);
  expect(who.unused()).toEqual([]);
}

/** The real app as `npm start` runs it then: it reads `.env`. */
async function started(where: Record<string, string>): Promise<void> {
  const file = join(place.folder, '.env');
  const written = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  const stored = Object.entries(readEnvText(written)).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  const app = await startApp(place, { env: { ...Object.fromEntries(stored), ...where } });
  onTestFinished(async () => {
    app.signal('SIGTERM');
    await app.exit;
  });
  await until(async () => /: connected/.test((await cli(place, 'status')).out), 'the connection');
}

const where = /^Where do you want/;

it('leads to a chat on Telegram, for whoever opens the link', async () => {
  const twin = await telegramTwin();
  onTestFinished(() => twin.close());
  const there = { TELEGRAM_API_ROOT: twin.url };
  await setUp(machine(there), [where, ['telegram']], [/^Token/, twin.token], [/^Which model/, 'demo']);
  await started(there);
  const { link } = JSON.parse((await cli(place, 'pair', 'telegram', '--json')).out) as { readonly link: string };
  const ann = twin.person(7, 'Ann');
  await ann.says(`/start ${link.split('=')[1]}`);
  await twin.next(ann, /my owner/);
  await ann.says('say hello');
  await twin.next(ann, 'hello');
});

it('leads to a chat on Discord, in the server that was chosen, for the owner that was named', async () => {
  const twin = await discordTwin({ identifyMs: 0 });
  onTestFinished(() => twin.close());
  const there = { DISCORD_API_URL: twin.url };
  const ann = twin.person('Ann');
  const [lab, other] = [twin.guild({ name: 'Lab', members: [ann] }), twin.guild({ name: 'Other', members: [ann] })];
  await setUp(
    machine(there),
    [where, ['discord']],
    [/^Token/, twin.token],
    [/^Where may it answer/, [lab.id]],
    [/^Which model/, 'demo'],
    [/^Who is the owner/, 'id'],
    [/^Your Discord id/, ann.id],
  );
  await started(there);
  const unserved = other.channel('general');
  await ann.says('say first', { in: unserved, mention: true });
  const general = lab.channel('general');
  await ann.says('say hello', { in: general, mention: true });
  await twin.next(general, 'hello');
  expect(twin.shown(unserved)).toEqual([]);
  await ann.says('say directly');
  await twin.next(ann, 'directly');
});

it('leads to a chat on WhatsApp, linked by the code it shows', async () => {
  const twin = await whatsappTwin({ firstKeys: 'few' });
  onTestFinished(() => twin.close());
  // Nobody listens there. The link must be made with settings that name a variable which only the new `.env` has.
  const there = { WHATSAPP_WS_URL: twin.url, TELEGRAM_API_ROOT: 'http://127.0.0.1:1' };
  const phone = twin.phone({ name: 'Ann', pn: '4915155501', lid: '900000001' });
  const at = machine(there);
  const run = setUp(
    at,
    [where, ['telegram', 'whatsapp']],
    [/^Token/, '1:later'],
    [/^What now/, 'untested'],
    [/^Link the phone/, 'phone'],
    [/^Its number/, '+49 151 55501'],
    [/^Which model/, 'demo'],
  );
  const shown = (): string | undefined => /Code: (\w{4})-(\w{4})/.exec(at.out.join('\n'))?.slice(1).join('');
  await until(() => shown() !== undefined && twin.codesAsked === 1, 'a code');
  await phone.enterCode(shown() ?? '');
  await run;
  expect(at.out.join('\n')).toContain('`npm start` keeps the connection');
  await started(there);
  await phone.says('say hello');
  await twin.next(phone, 'hello');
});

it('links a phone beside a process that runs, which keeps the connection', async () => {
  const twin = await whatsappTwin({ firstKeys: 'few' });
  onTestFinished(() => twin.close());
  const there = { WHATSAPP_WS_URL: twin.url };
  const phone = twin.phone({ name: 'Ann', pn: '4915155501', lid: '900000001' });
  const app = await startApp(place, { env: there });
  onTestFinished(async () => {
    app.signal('SIGTERM');
    await app.exit;
  });
  const asked: string[] = [];
  const at = machine(there, {
    call: (verb, params) => {
      asked.push(verb);
      return callControl(place.home, verb, params);
    },
  });
  const run = setUp(
    at,
    [where, ['whatsapp']],
    [/^Link the phone/, 'phone'],
    [/^Its number/, '+49 151 55501'],
    [/^Which model/, 'demo'],
  );
  const shown = (): string | undefined => /Code: (\w{4})-(\w{4})/.exec(at.out.join('\n'))?.slice(1).join('');
  await until(() => shown() !== undefined && twin.codesAsked > 0, 'a code');
  await phone.enterCode(shown() ?? '');
  await run;
  expect(asked.slice(0, asked.indexOf('link.begin') + 1)).toEqual(['reload', 'link.begin']);
  expect(at.out.join('\n')).toContain('The running process keeps the connection.');
  await phone.says('say hello');
  await twin.next(phone, 'hello');
});
