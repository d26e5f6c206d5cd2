// What is answered at which address. Called by server.ts.
// 1 health, which says one word to anybody  2 is it meant for us  3 an invitation becomes a cookie  4 who is it: nobody else gets
// past here  5 what changes something comes from our own page  6 the page, its stream, its buttons, the numbers
import { type Context, Hono, type Next } from 'hono';
import { streamSSE } from 'hono/streaming';
import { refusalText } from '../core/result.ts';
import type { WebConfig } from '../infra/config-web.ts';
import type { Log } from '../infra/log.ts';
import { type ActionParts, actionOf } from './actions.ts';
import type { Asset } from './assets.ts';
import { headers, isOurHost, isOwnPage } from './guard.ts';
import type { Live } from './live.ts';
import type { SignIn } from './sign-in.ts';

export interface RouteParts {
  readonly settings: Pick<WebConfig, 'host' | 'url'>;
  readonly signIn: SignIn;
  readonly live: Live;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly actions: ActionParts;
  /** Why the process is not healthy; empty: it is. */
  readonly troubles: () => Promise<readonly string[]>;
  readonly metrics: () => Promise<string>;
  /** Unix time in milliseconds. */
  readonly now: () => number;
  /** Ends the streams. */
  readonly closing: AbortSignal;
  readonly log: Pick<Log, 'error'>;
}

/** One page needs one; a browser opens no more than six. */
const mostStreams = 24;
const largestBody = 4_096;

/**
 * Not a redirect: a browser that came here from another site would follow it without the cookie, which is for our own site
 * alone. This page is ours, so where it leads the cookie goes along.
 */
const entered =
  '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url=/"><title>Switchyard</title><link rel="icon" href="/page/icon.svg"><a href="/">Open the status page</a></html>';

export function routes(parts: RouteParts): Hono {
  const { settings, signIn, live, assets } = parts;
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value);
  });
  // 1
  app.get('/healthz', async (c) => {
    const troubles = await parts.troubles();
    const state = { status: troubles.length === 0 ? 'ok' : 'degraded' };
    return c.json(knows(c, signIn) ? { ...state, troubles } : state, troubles.length === 0 ? 200 : 503);
  });
  app.use(async (c, next) => {
    // 2: a program with the token may come by any name.
    const ours = isOurHost(c.req.header('host'), settings) || signIn.knowsToken(c.req.header('authorization'));
    if (!ours) return c.body(null, 421);
    // 3: a browser that only looks ahead must not use the invitation up.
    if (c.req.path === '/enter' && c.req.method === 'GET') return enter(c, signIn);
    // 4
    if (!knows(c, signIn)) return c.body(null, 401);
    // 5
    return changesOnlyFromOurPage(c, next, parts);
  });
  // 6
  for (const [path, { type, body }] of assets) app.get(path, (c) => c.body(body, 200, { 'content-type': type }));
  app.get('/metrics', async (c) => c.body(await parts.metrics(), 200, { 'content-type': metricsType }));
  app.get('/api/live', (c) => {
    if (live.watchers >= mostStreams) return c.body(null, 503);
    // Nobody would read what a HEAD is answered, and nothing would end it.
    return c.req.method === 'HEAD' ? c.body(null, 200) : stream(c, parts);
  });
  app.post('/api/sign-out', (c) => c.body(null, 204, { 'set-cookie': signIn.leave() }));
  app.post('/api/:action', (c) => act(c, parts.actions));
  app.notFound((c) => c.body(null, 404));
  app.onError((err, c) => {
    parts.log.error({ err, path: c.req.path, code: 'web_request' }, 'a request to the status page failed');
    return c.body(null, 500);
  });
  return app;
}

const metricsType = 'text/plain; version=0.0.4; charset=utf-8';

function knows(c: Context, signIn: SignIn): boolean {
  return signIn.knowsToken(c.req.header('authorization')) || signIn.knowsCookie(c.req.header('cookie'));
}

function enter(c: Context, signIn: SignIn): Response {
  if (/prefetch|prerender/.test(c.req.header('sec-purpose') ?? '')) return c.body(null, 503);
  const cookie = signIn.enter(c.req.query('code') ?? '');
  // One who is signed in and opens a used link again is welcome all the same.
  if (cookie === undefined) return knows(c, signIn) ? c.html(entered) : c.body(null, 401);
  return c.html(entered, 200, { 'set-cookie': cookie });
}

async function changesOnlyFromOurPage(
  c: Context,
  next: Next,
  { settings, signIn }: RouteParts,
): Promise<Response | undefined> {
  const { req } = c;
  const looks = req.method === 'GET' || req.method === 'HEAD';
  const program = signIn.knowsToken(req.header('authorization'));
  const sender = { host: req.header('host'), origin: req.header('origin'), site: req.header('sec-fetch-site') };
  if (!looks && !program && !isOwnPage(sender, settings)) return c.body(null, 403);
  await next();
  return undefined;
}

/** `state`: sections that changed; `log`: lines that were added. A comment now and then while nothing happens. */
function stream(c: Context, { live, closing, now }: RouteParts): Response {
  // Proxies such as nginx would hold it back.
  c.header('x-accel-buffering', 'no');
  return streamSSE(c, async (out) => {
    const gone = new AbortController();
    out.onAbort(() => gone.abort());
    // Whoever comes back after a break does so within seconds, and not all at once.
    await out.write('retry: 3000\n\n');
    for await (const { sections, lines } of live.watch(AbortSignal.any([gone.signal, closing]))) {
      if (Object.keys(sections).length > 0)
        await out.writeSSE({ event: 'state', data: JSON.stringify({ at: now(), sections }) });
      if (lines.length > 0) await out.writeSSE({ event: 'log', data: JSON.stringify(lines) });
      if (Object.keys(sections).length + lines.length === 0) await out.write(': still here\n\n');
    }
  });
}

async function act(c: Context, parts: ActionParts): Promise<Response> {
  const action = actionOf(c.req.param('action') ?? '', await jsonBody(c));
  if (action === undefined) return c.json({ text: 'The page asked for something that is not known here.' }, 400);
  const done = await action(parts);
  return done.ok
    ? c.json({ text: done.value })
    : c.json({ code: done.refusal.code, text: refusalText(done.refusal) }, 409);
}

/** Undefined for anything but a small JSON body, which no form of another site can send. */
async function jsonBody(c: Context): Promise<unknown> {
  const { req } = c;
  if (!/^application\/json\b/.test(req.header('content-type') ?? '')) return undefined;
  if (Number(req.header('content-length') ?? Infinity) > largestBody) return undefined;
  try {
    return JSON.parse(await req.text()) as unknown;
  } catch {
    return undefined;
  }
}
