// Webhook intake: Telegram posts each update to an address that leads here. Stored first, answered then: what is not answered
// with 200 comes again. Opened by connection.ts, only where the config has a webhook.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Update, WebhookInfo } from 'grammy/types';
import type { Log } from '../../src/infra/log.ts';
import type { TelegramApi } from './api.ts';
import { wantedUpdates } from './inbound.ts';

export interface WebhookSettings {
  /** Public https address Telegram is told. */
  readonly url: string;
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  /** Telegram sends it along with every update; whoever does not know it is not heard. */
  readonly secret: string;
}

export interface WebhookOptions {
  readonly settings: WebhookSettings;
  /** Resolves once stored. */
  readonly take: (update: Update) => Promise<void>;
  readonly log: Log;
}

export interface Webhook {
  readonly port: number;
  /** Stops listening once what came has been stored. The webhook stays set: Telegram keeps what comes meanwhile. */
  close(): Promise<void>;
}

/** An update is a few kilobytes; files are fetched apart. */
const largestBody = 1_048_576;

/** Listens. Rejects when the address or port cannot be had. Telegram is told of it by `setWebhook`. */
export async function openWebhook(options: WebhookOptions): Promise<Webhook> {
  const { host, port } = options.settings;
  let tail: Promise<unknown> = Promise.resolve();
  const server = createServer((ask, answer) => {
    // One after another, whoever posts: order is kept.
    tail = tail.then(() => serve(options, ask, answer));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const listening = server.address();
  return {
    port: typeof listening === 'object' && listening !== null ? listening.port : port,
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await tail;
      // Whoever holds a connection and says nothing: a closed server does not look at its own time limits any more.
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(options: WebhookOptions, ask: IncomingMessage, answer: ServerResponse): Promise<void> {
  answer.on('error', () => undefined);
  // Kept-alive connections would hold up the end of the process.
  answer.setHeader('connection', 'close');
  if (ask.method !== 'POST' || !knows(ask.headers['x-telegram-bot-api-secret-token'], options.settings.secret)) {
    ask.resume();
    answer.writeHead(401).end();
    return;
  }
  const update = await readUpdate(ask);
  if (update === undefined) {
    answer.writeHead(400).end();
    return;
  }
  try {
    await options.take(update);
    answer.writeHead(200).end();
  } catch (err) {
    options.log.error({ err, code: 'telegram_intake' }, 'an update could not be stored; Telegram sends it again');
    answer.writeHead(503).end();
  }
}

/** Tells Telegram where to post. One connection at a time, so that updates keep their order. */
export async function setWebhook(api: TelegramApi, { url, secret }: WebhookSettings, stop: AbortSignal): Promise<void> {
  const how = { secret_token: secret, allowed_updates: wantedUpdates, max_connections: 1 };
  await api.call((bot, signal) => bot.setWebhook(url, how, signal), undefined, stop);
}

/** What Telegram says of its last tries to reach us; undefined: nothing that is still true. */
export function webhookTrouble(info: WebhookInfo, now: number): string | undefined {
  const { last_error_date: at, last_error_message: why, pending_update_count: waiting } = info;
  // An old error with nothing waiting is over; Telegram tries a failed update again within minutes.
  if (at === undefined || (waiting === 0 && now - at * 1000 > 120_000)) return undefined;
  return `Telegram cannot deliver to the webhook (${why ?? 'no reason given'}, ${waiting} waiting)`;
}

/** Takes the same time whatever is wrong with it. */
function knows(given: string | readonly string[] | undefined, secret: string): boolean {
  const [mine, theirs] = [Buffer.from(secret), Buffer.from(typeof given === 'string' ? given : '')];
  return mine.length === theirs.length && timingSafeEqual(mine, theirs);
}

async function readUpdate(ask: IncomingMessage): Promise<Update | undefined> {
  let text = '';
  try {
    for await (const part of ask.setEncoding('utf8')) {
      text += part;
      if (text.length > largestBody) return undefined;
    }
    const parsed: unknown = JSON.parse(text);
    const isUpdate = typeof parsed === 'object' && parsed !== null && 'update_id' in parsed;
    return isUpdate ? (parsed as Update) : undefined;
  } catch {
    return undefined;
  }
}
