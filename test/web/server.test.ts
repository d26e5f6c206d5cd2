// The status page over the wire: who gets what, what its buttons do, and what programs read. A real server on loopback.
import { readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/infra/clock.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { say } from '../fakes/script.ts';
import { openPage, type PageOptions, type TestPage } from '../fakes/status-page.ts';
import { openPeople } from '../flows/people.ts';
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

const token = (): string => readFileSync(join(world.engine.parts.home, 'web-token'), 'utf8').trim();
const bearer = (): Record<string, string> => ({ authorization: `Bearer ${token()}` });

/** Opens an invitation as a browser does. @returns the header it sends from then on */
async function signIn(given?: string): Promise<Record<string, string>> {
  const answer = await fetch(given ?? (await page.link()));
  return { cookie: answer.headers.get('set-cookie')?.split(';')[0] ?? '' };
}

async function post(action: string, body: unknown, headers: Record<string, string>): Promise<Response> {
  return fetch(`${page.origin}/api/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** With a `Host` of one's own, which fetch does not let one choose. */
function askAs(host: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const ask = request(`${page.origin}${path}`, { headers: { ...headers, host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    ask.on('error', reject).end();
  });
}

/** The events of the stream, as they come. */
async function* events(headers: Record<string, string>): AsyncGenerator<{ event: string; data: unknown }> {
  const gone = new AbortController();
  const answer = await fetch(`${page.origin}/api/live`, { headers, signal: gone.signal });
  let text = '';
  try {
    for await (const part of answer.body ?? []) {
      text += Buffer.from(part as Uint8Array).toString();
      const whole = text.split('\n\n');
      text = whole.pop() ?? '';
      for (const each of whole) {
        const [, event, data] = /^event: (\w+)\ndata: (.*)$/m.exec(each) ?? [];
        if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
      }
    }
  } finally {
    gone.abort();
  }
}

interface Shown {
  readonly sections: {
    readonly process?: object;
    readonly people?: readonly { channel: string; code: string; name: string; id: string }[];
    readonly deliveries?: readonly { key?: string; state: string; what: string; open: boolean }[];
    readonly work?: readonly { runs: readonly { id: string; label: string; state: string }[] }[];
  };
}

async function shown(
  headers: Record<string, string>,
  fits: (view: Shown['sections']) => boolean,
): Promise<Shown['sections']> {
  for await (const { event, data } of events(headers)) {
    const { sections } = data as Shown;
    if (event === 'state' && fits(sections)) return sections;
  }
  throw new Error('the stream ended');
}

describe('whoever is not signed in', () => {
  it('gets nothing at all, whatever they ask for', async () => {
    await open();
    for (const path of [
      '/',
      '/page/main.js',
      '/page/none',
      '/api/live',
      '/metrics',
      '/enter',
      '/enter?code=A',
      '/%2e%2e/package.json',
    ]) {
      const answer = await fetch(`${page.origin}${path}`);
      expect([path, answer.status, await answer.text()]).toEqual([path, 401, '']);
    }
    const wrong = [
      { authorization: 'Bearer nonsense' },
      { cookie: `switchyard_${new URL(page.origin).port}=9999999999999.x.y` },
    ];
    for (const headers of wrong) expect((await fetch(page.origin, { headers })).status).toBe(401);
    expect((await post('stop', { id: 'x' }, {})).status).toBe(401);
  });

  it('hears of its health one word and nothing else', async () => {
    await open();
    const well = await fetch(`${page.origin}/healthz`);
    expect([well.status, await well.json()]).toEqual([200, { status: 'ok' }]);
    world.channel.setHealth('failed');
    const ill = await fetch(`${page.origin}/healthz`);
    expect([ill.status, await ill.json()]).toEqual([503, { status: 'degraded' }]);
    expect(await (await fetch(`${page.origin}/healthz`, { headers: bearer() })).json()).toEqual({
      ...{ status: 'degraded', troubles: ['console:default: failed. failed'] },
    });
  });
});

describe('a link', () => {
  it('opens the page once, and shows no more than a step to it', async () => {
    await open();
    const link = await page.link();
    const first = await fetch(link);
    expect(first.status).toBe(200);
    expect(first.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/);
    expect(await first.text()).toMatch(/http-equiv="refresh" content="0; url=\/"/);
    expect((await fetch(link)).status).toBe(401);
    const headers = { cookie: first.headers.get('set-cookie')?.split(';')[0] ?? '' };
    expect((await fetch(page.origin, { headers })).status).toBe(200);
    // Opened again by one who is in already.
    expect((await fetch(link, { headers })).status).toBe(200);
  });

  it('is not used up by a browser that only looks ahead', async () => {
    await open();
    const link = await page.link();
    expect((await fetch(link, { headers: { 'sec-purpose': 'prefetch;prerender' } })).status).toBe(503);
    expect((await fetch(link, { method: 'HEAD' })).status).toBe(401);
    expect((await fetch(link)).status).toBe(200);
  });

  it('and the token are in no log, and the token is for this account alone', async () => {
    const log = recordingLog();
    await open({ log });
    const link = await page.link();
    await signIn(link);
    const written = JSON.stringify(log.lines);
    expect(written).toContain(page.origin);
    expect(written).not.toContain(token());
    expect(written).not.toContain(new URL(link).searchParams.get('code'));
    expect(statSync(join(world.engine.parts.home, 'web-token')).mode & 0o777).toBe(0o600);
  });
});

describe('whoever is signed in', () => {
  it('gets the files of the page, none of which may load or run anything else', async () => {
    await open();
    const headers = await signIn();
    const html = await (await fetch(page.origin, { headers })).text();
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path = '']) => path);
    expect(files).toHaveLength(4);
    for (const path of ['/', ...files]) {
      const answer = await fetch(`${page.origin}${path}`, { headers });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      expect(answer.headers.get('content-security-policy')).toMatch(
        /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'$/,
      );
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect(html).not.toMatch(/<script(?! type="module" src)|style=|\son\w+=/);
    expect((await fetch(`${page.origin}/page/tsconfig.json`, { headers })).status).toBe(404);
    expect((await fetch(`${page.origin}/page/..%2fserver.ts`, { headers })).status).toBe(404);
  });

  it('is heard only by names that are ours', async () => {
    await open();
    const headers = await signIn();
    const { port } = new URL(page.origin);
    expect(await askAs(`127.0.0.1:${port}`, '/', headers)).toBe(200);
    expect(await askAs('evil.example', '/', headers)).toBe(421);
    expect(await askAs('evil.example', '/metrics', bearer())).toBe(200);
    expect(await askAs('switchyard', '/healthz', {})).toBe(200);
  });

  it('changes something only from the page itself', async () => {
    await open();
    const headers = await signIn();
    const own = { ...headers, origin: page.origin };
    expect((await post('stop', { id: 'none' }, headers)).status).toBe(403);
    expect((await post('stop', { id: 'none' }, { ...headers, origin: 'http://evil.example' })).status).toBe(403);
    expect((await post('stop', { id: 'none' }, { ...own, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post('stop', { id: 'none' }, own)).status).toBe(409);
    // What a form can send.
    expect((await post('stop', { id: 'none' }, { ...own, 'content-type': 'text/plain' })).status).toBe(400);
    expect((await fetch(`${page.origin}/api/stop`, { headers: own })).status).toBe(404);
  });

  it.each<[string, unknown]>([
    ['nothing', {}],
    ['stop', {}],
    ['stop', { id: 'a', more: 1 }],
    ['answer', { id: 'a', verdict: 'always' }],
    ['retry', null],
    ['retry', { key: 'x'.repeat(5_000) }],
  ])('gets a plain no for what is not known: %s %o', async (action, body) => {
    await open();
    const answer = await post(action, body, { ...(await signIn()), origin: page.origin });
    expect(answer.status).toBe(400);
  });

  it('is signed out by the button, and by a new token', async () => {
    await open();
    const headers = await signIn();
    const out = await post('sign-out', {}, { ...headers, origin: page.origin });
    expect(out.headers.get('set-cookie')).toMatch(/^switchyard_\d+=; Path=\/; Max-Age=0/);
    const { port } = new URL(page.origin);
    await page.configure({ port: Number(port), token: 'another-token-of-mine' });
    expect((await fetch(page.origin, { headers })).status).toBe(401);
    expect((await fetch(page.origin, { headers: { authorization: 'Bearer another-token-of-mine' } })).status).toBe(200);
  });
});

describe('the stream', () => {
  it('shows everything at once, then what a person does elsewhere', async () => {
    await open();
    const headers = await signIn();
    const first = await shown(headers, () => true);
    expect(Object.keys(first)).toEqual([
      ...['process', 'lanes', 'channels', 'links', 'people', 'questions', 'work', 'deliveries', 'bindings'],
    ]);
    const later = shown(headers, ({ deliveries }) => deliveries?.some(({ what }) => what === 'hello there') === true);
    world.agent.once(/^hi/, [say('hello there')]);
    await world.say('hi');
    expect((await later).deliveries?.[0]).toMatchObject({ state: 'delivered', what: 'hello there', open: false });
  });

  it('ends with the server, whoever still listens', async () => {
    await open();
    const began = Promise.withResolvers<void>();
    const over = (async () => {
      for await (const _ of events(await signIn())) began.resolve();
    })().catch(() => undefined);
    await began.promise;
    await page.configure({ enabled: false });
    await over;
    expect(page.page.view()).toBeUndefined();
  });
});

describe('a button', () => {
  const own = async (): Promise<Record<string, string>> => ({ ...(await signIn()), origin: page.origin });

  it('sends again what did not arrive, and gives it up', async () => {
    await open();
    const headers = await own();
    world.channel.judge(({ text }) => (text === 'lost' ? { refused: 'the chat is full', only: 'this' } : undefined));
    world.agent.always(/^tell/, [say('lost')]);
    await world.say('tell');
    const failed = async (besides?: string) => {
      const isOne = ({ key, state }: { key?: string; state: string }) => state === 'undelivered' && key !== besides;
      return (await shown(headers, ({ deliveries }) => deliveries?.some(isOne) === true)).deliveries?.find(isOne);
    };
    const row = await failed();
    expect(row).toMatchObject({ open: true, reason: 'the chat is full' });
    const key = row?.key;
    world.channel.judge(undefined);
    expect(await (await post('retry', { key }, headers)).json()).toEqual({ text: 'It is sent again.' });
    await world.channel.next('lost');
    await world.settled();
    expect(await (await post('retry', { key }, headers)).json()).toMatchObject({ code: 'nothing_owed' });
    world.channel.judge(() => ({ refused: 'the chat is full', only: 'this' }));
    await world.say('tell');
    const second = (await failed(key))?.key;
    expect((await post('dismiss', { key: second }, headers)).status).toBe(200);
    await shown(
      headers,
      ({ deliveries }) => deliveries?.some((one) => one.key === second && one.state === 'skipped') === true,
    );
  });

  it('stops a run', async () => {
    await open();
    const headers = await own();
    world.agent.once(/^dig/, async function* ({ signal }) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      yield say('never');
    });
    await world.ask('/subagents spawn main dig', /./);
    const { work } = await shown(headers, (view) => view.work?.[0]?.runs[0]?.state === 'running');
    const id = work?.[0]?.runs[0]?.id;
    expect(await (await post('stop', { id }, headers)).json()).toEqual({ text: '1 stopped.' });
    expect(world.run('dig').state).toMatchObject({ status: 'stopped' });
  });
});

describe('a stranger', () => {
  it('is let in, or sent away, from the page', async () => {
    world = await openPeople();
    page = await openPage(world);
    const headers = { ...(await signIn()), origin: page.origin };
    await world.say('hello?', { from: { id: 'zed', name: 'Zed' } });
    await world.say('hello?', { from: { id: 'kim', name: 'Kim' } });
    const { people = [] } = await shown(headers, (view) => view.people?.length === 2);
    expect(people[0]).toMatchObject({ channel: 'telegram', name: 'Zed', id: 'telegram:zed', becomesOwner: false });
    const which = people.map(({ channel, code }) => ({ channel, code }));
    expect(await (await post('admit', which[0], headers)).json()).toEqual({ text: 'Zed may write now.' });
    expect(await (await post('refuse', which[1], headers)).json()).toEqual({ text: 'Kim was sent away.' });
    expect((await post('admit', { ...which[1], code: 'NOSUCHCODE' }, headers)).status).toBe(409);
    expect(world.engine.pairing.people().map(({ id }) => id)).toEqual(['telegram:zed']);
    await world.channel.next(/You may talk to me now/);
  });
});

describe('/metrics', () => {
  it('is in the format of Prometheus, for whoever has the token', async () => {
    await open();
    await world.ask('hi', /./);
    await world.settled();
    const answer = await fetch(`${page.origin}/metrics`, { headers: bearer() });
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    expect(text).toContain('switchyard_messages_received_total{channel="console"} 1\n');
    expect(text).toContain('switchyard_messages_sent_total{channel="console",state="delivered"} 1\n');
    expect(text).toContain('switchyard_lane_places{lane="main"} 4\n');
    expect(text).toContain('switchyard_healthy 1\n');
    expect(text).toContain('switchyard_channel_connected{channel="console",account="default"} 1\n');
  });
});

describe('an address that cannot be had', () => {
  it('is said in the status, and the rest goes on', async () => {
    await open();
    const other = await openPage(world, { web: { port: Number(new URL(page.origin).port) } });
    expect(other.page.view()).toEqual({
      trouble: expect.stringMatching(
        /^It cannot listen at 127\.0\.0\.1, port \d+: another program does\. Set web\.port/,
      ),
    });
    expect(await other.page.link()).toMatchObject({ ok: false, refusal: { code: 'page_failed' } });
    await other.configure({ port: 0 });
    expect(other.page.view()).toHaveProperty('url');
    await other.close();
  });
});
