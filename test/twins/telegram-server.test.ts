import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Api } from 'grammy';
import type { Update } from 'grammy/types';
import { afterEach, describe, expect, it, test } from 'vitest';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import type { Fault } from './telegram/faults.ts';
import { Params } from './telegram/params.ts';
import { PollMeter } from './telegram/poll-meter.ts';
import { broken, messagesIn, probes, verdict } from './telegram/probe.ts';
import { Updates } from './telegram/updates.ts';

const start = probes();
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A webhook that answers with the given statuses, then 200. */
async function listener() {
  const posts: { readonly headers: IncomingHttpHeaders; readonly body: Update }[] = [];
  const answers: number[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks = await incoming.toArray();
    posts.push({ headers: incoming.headers, body: JSON.parse(Buffer.concat(chunks).toString()) as Update });
    response.writeHead(answers.shift() ?? 200).end();
  });
  closing.push(() => server.close().closeAllConnections());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { posts, answers, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

describe('polling', () => {
  const ids = (updates: readonly Update[]) => updates.map(({ update_id }) => update_id);

  it('gives every update again until an offset confirms it', async () => {
    const { api, ann, twin } = await start();
    for (const text of ['a', 'b', 'c']) await ann.says(text);
    expect(ids(await api.getUpdates({ limit: 2 }))).toEqual([1000, 1001]);
    expect(ids(await api.getUpdates({ limit: 2 }))).toEqual([1000, 1001]);
    expect(ids(await api.getUpdates({ offset: 1001 }))).toEqual([1001, 1002]);
    expect(ids(await api.getUpdates({ offset: -1 }))).toEqual([1002]);
    expect(ids(await api.getUpdates({ offset: 1003 }))).toEqual([]);
    expect(twin.unconfirmed).toBe(0);
  });

  it('starts over where ids restart lower: an offset far ahead confirms nothing', async () => {
    const { api, ann, twin } = await start();
    twin.restartUpdateIds(5);
    await ann.says('a');
    expect(ids(await api.getUpdates({ offset: 1000 }))).toEqual([5]);
    expect(ids(await api.getUpdates({ offset: 6 }))).toEqual([]);
  });

  it('loses nothing and keeps the order, however it is asked', async () => {
    const ask = fc.record({ says: fc.nat(5), limit: fc.integer({ min: 1, max: 4 }), confirms: fc.nat(4) });
    const property = fc.asyncProperty(fc.array(ask), async (rounds) => {
      const queue = new Updates(virtualClock(), 1);
      const got: number[] = [];
      let said = 0;
      for (const { says, limit, confirms } of [...rounds, { says: 0, limit: 100, confirms: 100 }]) {
        for (let each = 0; each < says; each += 1) queue.add('message', {});
        said += says;
        const params = new Params({ offset: got.length + 1, limit });
        const answer = await queue.poll(params, new AbortController().signal);
        got.push(...answer.slice(0, confirms).map(({ update_id }) => Number(update_id)));
      }
      expect(got).toEqual(Array.from({ length: said }, (_, index) => index + 1));
    });
    await fc.assert(property);
  });

  it('keeps the allowed kinds, which leave out reactions at first', async () => {
    const { api, ann } = await start();
    const id = await ann.says('a');
    await ann.reacts(id, '👍');
    expect(await api.getUpdates()).toHaveLength(1);
    await api.getUpdates({ offset: -1, allowed_updates: ['message_reaction'] });
    await ann.says('b');
    await ann.reacts(id, '👎');
    const kinds = (await api.getUpdates()).map((update) => Object.keys(update)[1]);
    expect(kinds).toEqual(['message', 'message_reaction']);
  });

  it('is held until something comes or time is up, on a clock of any kind', async () => {
    const clock = virtualClock();
    const { api, ann, twin } = await start({ clock });
    const empty = api.getUpdates({ timeout: 30 });
    await until(() => clock.pending() === 1, 'the poll to be held');
    expect(twin.polls.open).toBe(1);
    await clock.advance(29_999);
    expect(twin.calls[0]?.answered).toBeUndefined();
    await clock.advance(1);
    expect(await empty).toEqual([]);
    const filled = api.getUpdates({ timeout: 30 });
    await until(() => clock.pending() === 1, 'the poll to be held');
    await ann.says('hello');
    expect(messagesIn(await filled)).toMatchObject([{ text: 'hello' }]);
    expect(clock.pending()).toBe(0);
  });

  it('ends the older of two polls with 409 and counts the overlap', async () => {
    const { api, ann, twin } = await start();
    const older = verdict(api.getUpdates({ timeout: 30 }));
    await until(() => twin.polls.open === 1, 'the first poll');
    const newer = api.getUpdates({ timeout: 30 });
    expect(await older).toBe(
      '409 Conflict: terminated by other getUpdates request; make sure that only one bot instance is running',
    );
    await ann.says('hello');
    expect(await newer).toHaveLength(1);
    expect(twin.polls).toMatchObject({ open: 0, overlaps: 1, answered409: 1 });
  });

  it('ends with the connection, and the next poll is no overlap', async () => {
    const clock = virtualClock();
    const { api, twin } = await start({ clock });
    let last: Promise<string> = Promise.resolve('');
    for (let round = 1; round <= 50; round += 1) {
      const stop = new AbortController();
      last = broken(api.getUpdates({ timeout: 30 }, stop.signal as never));
      await until(() => twin.calls.length === round && clock.pending() === 1, 'the poll to be held');
      stop.abort();
    }
    expect(await last).toBe('aborted');
    await until(() => clock.pending() === 0, 'the poll to end');
    expect(twin.polls).toMatchObject({ open: 0, overlaps: 0, answered409: 0 });
  });

  it('is given a moment to end before the next one counts as an overlap', async () => {
    const meter = new PollMeter();
    const [first, second] = [new AbortController(), new AbortController()];
    await meter.enter(first.signal);
    const entered = meter.enter(second.signal);
    setImmediate(() => first.abort());
    await entered;
    expect(meter).toMatchObject({ open: 1, overlaps: 0 });
  });

  it('finds nothing that is older than a day', async () => {
    const clock = virtualClock();
    const { api, ann } = await start({ clock });
    await ann.says('old');
    await clock.advance(12 * 3600 * 1000);
    await ann.says('new');
    await clock.advance(12 * 3600 * 1000 + 1);
    expect(messagesIn(await api.getUpdates())).toMatchObject([{ text: 'new' }]);
  });

  it('is refused while a webhook is set, which gets the updates in order, each until it is taken', async () => {
    const { api, ann, twin } = await start();
    const hook = await listener();
    hook.answers.push(500, 503);
    const held = verdict(api.getUpdates({ timeout: 30 }));
    await until(() => twin.polls.open === 1, 'the poll');
    await api.setWebhook(hook.url, { secret_token: 'sesame' });
    expect(await held).toBe('409 Conflict: terminated by setWebhook request');
    expect(await verdict(api.getUpdates())).toBe(
      "409 Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
    for (const text of ['a', 'b']) await ann.says(text);
    await until(() => twin.unconfirmed === 0, 'both to be taken');
    expect(hook.posts.map(({ body }) => body.update_id)).toEqual([1000, 1000, 1000, 1001]);
    expect(hook.posts[0]?.headers['x-telegram-bot-api-secret-token']).toBe('sesame');
    expect(await api.getWebhookInfo()).toMatchObject({
      url: hook.url,
      last_error_message: 'Wrong response from the webhook: 503 Service Unavailable',
    });
    await api.deleteWebhook();
    await ann.says('c');
    expect(await api.getUpdates()).toHaveLength(1);
  });
});

describe('who may call what', () => {
  it('is decided by token and method', async () => {
    const { twin } = await start();
    const as = (token: string) => new Api(token, { apiRoot: twin.url });
    expect(await verdict(as('4242:wrong').getMe())).toBe('401 Unauthorized');
    expect(await verdict(as('nonsense').getMe())).toBe('404 Not Found');
    expect(await verdict(as(twin.token).raw.getStarTransactions({}))).toBe('404 Not Found: method not found');
    expect(await as(twin.token).getMe()).toMatchObject({
      username: 'switchyard_bot',
      can_read_all_group_messages: false,
    });
    twin.revokeToken();
    expect(await verdict(as(twin.token).getMe())).toBe('401 Unauthorized');
  });

  it('works with addresses and forms as well as with JSON', async () => {
    const { twin, ann } = await start();
    await ann.says('hello');
    const root = `${twin.url}/bot${twin.token}`;
    await fetch(`${root}/sendMessage?chat_id=7&text=one`);
    await fetch(`${root}/sendMessage`, { method: 'POST', body: new URLSearchParams({ chat_id: '7', text: 'two' }) });
    expect(twin.shown(ann)).toEqual(['one', 'two']);
  });
});

describe('natural limits', () => {
  it('are one message a second in a chat, twenty a minute in a group, thirty a second in all', async () => {
    const clock = virtualClock();
    const { twin, api, ann } = await start({ clock });
    const team = twin.group(-100200, { members: [ann] });
    await ann.says('hello');
    twin.limits(true);
    const send = (chat: number) => verdict(api.sendMessage(chat, 'x'));
    const { message_id } = await api.sendMessage(7, 'one');
    expect(await verdict(api.editMessageText(7, message_id, 'two'))).toBe('429 Too Many Requests: retry after 1');
    expect(await verdict(api.sendChatAction(7, 'typing'))).toBe('ok');
    await clock.advance(1000);
    for (let sent = 0; sent < 20; sent += 1) {
      expect(await send(team.id)).toBe('ok');
      await clock.advance(1000);
    }
    expect(await send(team.id)).toBe('429 Too Many Requests: retry after 40');
    const groups = Array.from({ length: 31 }, (_, index) => twin.group(-100500 - index).id);
    const verdicts = [];
    for (const group of groups) verdicts.push(await send(group));
    expect(verdicts.filter((each) => each === 'ok')).toHaveLength(30);
    expect(twin.rejected429).toBe(3);
  });
});

describe('a fault', () => {
  it('of a status is answered and not carried out, as often as was said', async () => {
    const { twin, api, ann } = await start();
    await ann.says('hello');
    const send = () => api.sendMessage(7, 'x');
    twin.fault('sendMessage', { status: 429, retryAfter: 3 }, 2);
    twin.fault('sendMessage', { status: 502 });
    const limited = await send().catch((error: unknown) => error);
    expect(limited).toMatchObject({ error_code: 429, parameters: { retry_after: 3 } });
    expect(await verdict(send())).toBe('429 Too Many Requests: retry after 3');
    expect(await verdict(send())).toBe('502 Bad Gateway');
    expect(await verdict(send())).toBe('ok');
    expect(twin.calls.map(({ answered }) => answered)).toEqual([429, 429, 502, 200]);
    expect(twin.shown(ann)).toEqual(['x']);
  });

  test.each<[Fault, string, number]>([
    ['reset-before', 'ECONNRESET', 0],
    ['reset-after', 'ECONNRESET', 1],
    ['html', 'invalid-json', 0],
    [{ html: 200, applied: true }, 'invalid-json', 1],
  ])('%j breaks the call with %s', async (fault, code, carriedOut) => {
    const { twin, api, ann } = await start();
    await ann.says('hello');
    await api.sendMessage(7, 'before');
    twin.fault('sendMessage', fault);
    expect(await broken(api.sendMessage(7, 'x'))).toBe(code);
    expect(twin.shown(ann).slice(1)).toHaveLength(carriedOut);
    expect(await verdict(api.sendMessage(7, 'after'))).toBe('ok');
  });

  test.each([
    ['hang', 0],
    ['hang-after', 1],
    // node-fetch 2 does not notice a body that ends before its announced length.
    ['cut', 1],
  ] as const)('%s leaves the caller waiting until it gives up', async (fault, carriedOut) => {
    const { twin, api, ann } = await start();
    await ann.says('hello');
    twin.fault('sendMessage', fault);
    const stop = new AbortController();
    const call = broken(api.sendMessage(7, 'x', {}, stop.signal as never));
    await until(() => twin.calls.length === 1, 'the call');
    stop.abort();
    expect(await call).toBe('aborted');
    await until(() => twin.calls[0]?.answered !== undefined, 'the twin to notice');
    expect(twin.shown(ann)).toHaveLength(carriedOut);
  });

  it('slow answers late on the clock', async () => {
    const clock = virtualClock();
    const { twin, api, ann } = await start({ clock });
    await ann.says('hello');
    twin.fault('*', { slow: 5000 });
    const call = api.sendMessage(7, 'x');
    await until(() => clock.pending() === 1, 'the answer to wait');
    expect(twin.shown(ann)).toEqual(['x']);
    await clock.advance(5000);
    expect(await call).toMatchObject({ text: 'x' });
  });
});

it('goes down and comes up at the same address', async () => {
  const { twin, api, ann } = await start();
  await ann.says('hello');
  const held = broken(api.getUpdates({ offset: 1001, timeout: 30 }));
  await until(() => twin.polls.open === 1, 'the poll');
  await twin.down();
  expect(await held).toBe('ECONNRESET');
  expect(await broken(api.sendMessage(7, 'x'))).toBe('ECONNREFUSED');
  await twin.up();
  expect(await verdict(api.sendMessage(7, 'x'))).toBe('ok');
  expect(twin.polls.open).toBe(0);
});
