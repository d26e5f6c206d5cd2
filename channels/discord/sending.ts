// Messages to Discord: text with buttons and a file, edits, and the honest receipt of each. Used by adapter.ts.
// 1 known to have arrived  2 in doubt for longer than Discord knows keys: look into the channel  3 send with our key
import { type APIMessage, MessageFlags, Routes } from 'discord.js';
import type { OutboundMessage, Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { Clock } from '../../src/infra/clock.ts';
import type { DiscordApi } from './api.ts';
import { componentsOf } from './components.ts';
import { causeOf, faultOf, receiptOf } from './faults.ts';
import { isOwn, type Own } from './inbound.ts';
import { channelOf } from './places.ts';
import { hidesPreviews, renderDiscord } from './render.ts';
import { nonceOf, type Sent } from './sent.ts';
import { snowflakeAt } from './snowflake.ts';

export interface SendingOptions {
  readonly api: DiscordApi;
  readonly clock: Clock;
  readonly sent: Sent;
  /** Who we are, once it is known. */
  readonly me: () => Own | undefined;
}

/** docs.discord.com/developers/resources/message#create-message: 2000 characters. */
export const maxText = 2_000;
/** Discord knows keys for «the past few minutes»: after this long we look ourselves. */
const keysKnownMs = 120_000;
/** Clocks differ, ours and theirs. */
const skewMs = 5_000;

export async function sendText(
  options: SendingOptions,
  { route, key }: { readonly route: Route; readonly key: string },
  message: OutboundMessage,
): Promise<Receipt> {
  const { api, clock, sent } = options;
  const nonce = nonceOf(key);
  const channel = channelOf(route);
  const startedAt = clock.now();
  if (message.sentSince !== undefined) sent.doubtful(nonce, message.sentSince);
  try {
    const known = sent.id(nonce) ?? (await lookBack(options, { channel, nonce, text: message.text }));
    if (known !== undefined) return { status: 'sent', messageIds: [known] };
    const reply = await attempt(message, (form) =>
      api.call<APIMessage>((rest, signal) =>
        rest.post(Routes.channelMessages(channel), {
          body: { ...bodyOf(form), ...quoting(form, channel), nonce, enforce_nonce: true },
          ...filesOf(form),
          signal,
        }),
      ),
    );
    sent.arrived(nonce, reply.id);
    return { status: 'sent', messageIds: [reply.id] };
  } catch (error) {
    const fault = faultOf(error);
    if (fault.kind === 'unknown') sent.doubtful(nonce, startedAt);
    return receiptOf(fault, causeOf(error), route.thread !== undefined);
  }
}

/** Replaces text and buttons of one of our messages. Repeating an edit does no harm, so an unknown outcome is none. */
export async function editText(
  { api }: SendingOptions,
  { route, messageId }: { readonly route: Route; readonly messageId: string },
  message: OutboundMessage,
): Promise<Receipt> {
  const path = Routes.channelMessage(channelOf(route), messageId);
  try {
    await attempt(message, (form) => api.call((rest, signal) => rest.patch(path, { body: bodyOf(form), signal })));
    return { status: 'sent', messageIds: [messageId] };
  } catch (error) {
    return editReceipt(error, route.thread !== undefined);
  }
}

export function editReceipt(error: unknown, inThread: boolean): Receipt {
  const receipt = receiptOf(faultOf(error), causeOf(error), inThread);
  return receipt.status === 'ambiguous' ? { status: 'retry', afterMs: 0, cause: receipt.cause } : receipt;
}

/** As meant first; what Discord cannot read, once more with nothing but its words. */
export async function attempt<T>(message: OutboundMessage, work: (form: OutboundMessage) => Promise<T>): Promise<T> {
  try {
    return await work(message);
  } catch (error) {
    const { kind } = faultOf(error);
    const { text, choices = [], replyTo, ...more } = message;
    if (kind === 'unquotable' && replyTo !== undefined)
      return await work({ ...more, text, ...(choices.length === 0 ? {} : { choices }) });
    const bare = choices.length === 0 && replyTo === undefined && renderDiscord(text, maxText) === text;
    if (kind !== 'form' || bare) throw error;
    return await work({ text });
  }
}

async function lookBack(
  options: SendingOptions,
  at: { readonly channel: string; readonly nonce: string; readonly text: string },
): Promise<string | undefined> {
  const { sent } = options;
  const since = sent.doubtSince(at.nonce);
  if (since === undefined || sent.doubtfulFor(at.nonce) < keysKnownMs) return undefined;
  return findSent(options, { ...at, since });
}

interface Lost {
  readonly channel: string;
  readonly nonce: string;
  readonly text: string;
  /** When it was sent at the earliest, Unix ms. */
  readonly since: number;
}

/** @returns id of the message with our text that arrived although nobody told us */
export async function findSent(
  { api, sent, me }: SendingOptions,
  { channel, nonce, text, since }: Lost,
): Promise<string | undefined> {
  const query = new URLSearchParams({ after: snowflakeAt(since - skewMs), limit: '100' });
  const recent = await api.call<APIMessage[]>((rest, signal) =>
    rest.get(Routes.channelMessages(channel), { query, signal }),
  );
  const own = me();
  const forms = [text, renderDiscord(text, maxText)].map((form) => form.trim());
  const found = recent
    .reverse()
    .find(
      (message) =>
        own !== undefined &&
        isOwn(message, own) &&
        forms.includes(message.content.trim()) &&
        !sent.isAnother(message.id, nonce),
    );
  if (found !== undefined) sent.arrived(nonce, found.id);
  return found?.id;
}

export function bodyOf(message: OutboundMessage) {
  const content = renderDiscord(message.text, maxText);
  return {
    content,
    components: componentsOf(message),
    // What a model writes must not ping anybody.
    allowed_mentions: { parse: [], replied_user: false },
    ...(hidesPreviews(content) ? { flags: MessageFlags.SuppressEmbeds as number } : {}),
  };
}

export function filesOf({ document }: OutboundMessage) {
  if (document === undefined) return {};
  return {
    files: [{ name: document.name, data: Buffer.from(document.text), contentType: 'text/plain; charset=utf-8' }],
  };
}

/** What is quoted may be gone: the message goes without it then. */
function quoting({ replyTo }: OutboundMessage, channel: string) {
  if (replyTo === undefined) return {};
  return { message_reference: { message_id: replyTo, channel_id: channel, fail_if_not_exists: false } };
}
