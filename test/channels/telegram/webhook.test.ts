import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebhookSettings, webhookTrouble } from '../../../channels/telegram/webhook.ts';
import { hears } from '../../fakes/channel-events.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import { chat, openRig, type Rig } from './rig.ts';

const secret = 'a-secret-of-ours-1234';
let rig: Rig;
let webhook: WebhookSettings;
beforeEach(async () => {
  const port = await freePort();
  webhook = { url: `http://127.0.0.1:${port}/`, host: '127.0.0.1', port, secret };
  rig = await openRig({ webhook });
});
afterEach(() => rig.close());

const texts = (): readonly string[] => rig.taken.map((message) => message.text);

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function post(body: string, token: string | undefined): Promise<Response> {
  const headers = token === undefined ? {} : { 'x-telegram-bot-api-secret-token': token };
  return fetch(webhook.url, { method: 'POST', body, headers });
}

describe('by webhook', () => {
  it('messages come in without a poll, in order, and what waited is posted first', async () => {
    const ann = rig.twin.person(7, 'Ann');
    await ann.says('before');
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health()).toMatchObject({ state: 'connected', detail: expect.stringContaining('by webhook') });
    for (let i = 0; i < 5; i += 1) await ann.says(`message ${i}`);
    await until(() => texts().length === 6, 'all messages');
    expect(texts()).toEqual(['before', ...Array.from({ length: 5 }, (_, i) => `message ${i}`)]);
    expect(rig.twin.calls.some(({ method }) => method === 'getUpdates')).toBe(false);
  });

  it('what could not be stored comes again', async () => {
    let full = true;
    await rig.adapter.start(
      hears(async (message) => {
        if (full) {
          full = false;
          throw new Error('disk full');
        }
        rig.taken.push(message);
      }),
    );
    await rig.twin.person(7, 'Ann').says('keep this');
    await until(() => texts().includes('keep this'), 'the message');
    expect(texts()).toEqual(['keep this']);
  });

  it('whoever does not know the secret is not heard, nor is what is no update', async () => {
    await rig.adapter.start(rig.events);
    const update = JSON.stringify({
      update_id: 1,
      message: { message_id: 1, date: 1, chat: { id: 7, type: 'private' } },
    });
    expect((await post(update, undefined)).status).toBe(401);
    expect((await post(update, 'a-secret-of-ours-1235')).status).toBe(401);
    expect((await fetch(webhook.url)).status).toBe(401);
    expect((await post('no json', secret)).status).toBe(400);
    expect((await post('"text"', secret)).status).toBe(400);
    expect(rig.taken).toEqual([]);
  });

  it('a port that is taken is explained', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(webhook.port, '127.0.0.1', resolve));
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health()).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(
        /^The webhook cannot listen: .*EADDRINUSE.*channels\.telegram\.webhook\.host or port\.$/,
      ),
    });
    await new Promise((resolve) => other.close(resolve));
  });

  it('an address Telegram does not take is explained', async () => {
    rig.twin.fault('setWebhook', { status: 400, description: 'Bad Request: bad webhook: HTTPS url must be provided' });
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health()).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('bad webhook: HTTPS url must be provided'),
    });
  });

  it('stopping ends it, and the next start gets what came meanwhile', async () => {
    const ann = rig.twin.person(7, 'Ann');
    await rig.adapter.start(rig.events);
    await rig.adapter.stop();
    await expect(fetch(webhook.url)).rejects.toThrow();
    await ann.says('meanwhile');
    const next = rig.another();
    await next.start(rig.events);
    await until(() => texts().includes('meanwhile'), 'the message');
  });

  it('stopping takes no time, also while strangers hold connections and say nothing, or never finish', async () => {
    await rig.adapter.start(rig.events);
    const [silent, slow] = [connect(webhook.port, '127.0.0.1'), connect(webhook.port, '127.0.0.1')];
    for (const socket of [silent, slow]) {
      socket.on('error', () => undefined);
      await once(socket, 'connect');
    }
    slow.write('POST / HTTP/1.1\r\nHost: x\r\nX-A: ');
    // Answered behind both of them, so the server has seen them.
    expect((await fetch(webhook.url)).status).toBe(401);
    let stopped = false;
    void rig.adapter.stop().then(() => {
      stopped = true;
    });
    await until(() => stopped, 'the stop', 2_000);
  });
});

describe('a webhook that Telegram cannot reach', () => {
  it('is not meant where Telegram asks for a pause, and where it fails once nothing waits for a minute', async () => {
    const clock = fastClock(100);
    await rig.close();
    rig = await openRig({ webhook, clock }, { clock });
    const { twin, adapter } = rig;
    twin.fault('getWebhookInfo', { status: 429, retryAfter: 30, description: 'Too Many Requests' });
    await adapter.start(rig.events);
    await twin.person(7, 'Ann').says('hello?');
    await until(() => adapter.health().state === 'disconnected', 'the pause');
    expect(await adapter.deliver(chat(7), { text: 'still here' }, 'k')).toMatchObject({ status: 'sent' });
    await until(() => adapter.health().state === 'connected', 'the recovery');
    twin.fault('getWebhookInfo', { status: 502, description: 'Bad Gateway' });
    await until(() => adapter.health().state === 'disconnected', 'the trouble');
    const since = clock.now();
    await until(() => adapter.health().state === 'connected', 'the recovery');
    expect(clock.now() - since).toBeLessThan(30_000);
  });

  it('is said in the status, keeps nothing from being sent, and is over when messages come again', async () => {
    const clock = fastClock(300);
    await rig.close();
    rig = await openRig({ webhook, clock }, { clock });
    const { twin, adapter } = rig;
    let broken = true;
    await adapter.start(
      hears(async (message) => {
        if (broken) throw new Error('disk full');
        rig.taken.push(message);
      }),
    );
    await twin.person(7, 'Ann').says('hello?');
    await until(() => adapter.health().state === 'disconnected', 'the trouble');
    expect(adapter.health().detail).toMatch(/^Telegram cannot deliver to the webhook \(Wrong response .*, 1 waiting\)/);
    expect(await adapter.deliver(chat(7), { text: 'still here' }, 'k')).toMatchObject({ status: 'sent' });
    broken = false;
    await until(() => texts().includes('hello?'), 'the message');
    await until(() => adapter.health().state === 'connected', 'the recovery');
    expect(adapter.health().detail).toContain('by webhook');
  });

  const now = 1_000_000_000;
  const info = { url: 'https://x.y/', has_custom_certificate: false, pending_update_count: 0 };
  const failed = (secondsAgo: number) => ({
    ...info,
    ...{ last_error_date: now / 1000 - secondsAgo, last_error_message: 'Connection refused' },
  });

  it.each([
    ['that nothing ever went wrong with', { ...info, pending_update_count: 3 }, undefined],
    ['that failed just now', failed(1), 'Telegram cannot deliver to the webhook (Connection refused, 0 waiting)'],
    ['that failed long ago, with nothing waiting', failed(600), undefined],
    [
      'that failed long ago, with messages waiting',
      { ...failed(600), pending_update_count: 2 },
      'Telegram cannot deliver to the webhook (Connection refused, 2 waiting)',
    ],
  ])('is told from one %s', (_which, told, trouble) => {
    expect(webhookTrouble(told, now)).toBe(trouble);
  });
});
