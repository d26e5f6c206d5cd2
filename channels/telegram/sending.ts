// Messages to Telegram: text as HTML with buttons under it, edits, and the honest receipt of each. Used by adapter.ts.
import { type Api, InputFile } from 'grammy';
import type { InlineKeyboardMarkup } from 'grammy/types';
import type { OutboundMessage, Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import type { TelegramApi } from './api.ts';
import { causeOf, type Fault, faultOf, receiptOf } from './faults.ts';
import type { FileRights } from './file-rights.ts';
import { choicePrefix } from './inbound.ts';
import type { Silences } from './limits.ts';
import { renderHtml } from './render.ts';

export interface SendingOptions {
  readonly api: TelegramApi;
  readonly silences: Silences;
  readonly fileRights: FileRights;
  /** In [0, 1): programs that were told the same pause must not come back together. */
  readonly chance: () => number;
  /** The chat has another id now. */
  readonly moved: (from: Route, to: string) => void;
}

/** core.telegram.org/bots/api#sendmessage: 1 to 4096 characters after the entities were read. */
export const maxText = 4_096;
/** core.telegram.org/bots/api#senddocument: 0 to 1024 characters after the entities were read. */
const maxCaption = 1_024;
const jitterMs = 500;

export async function sendText(options: SendingOptions, route: Route, message: OutboundMessage): Promise<Receipt> {
  const place = {
    ...(route.thread === undefined ? {} : { message_thread_id: Number(route.thread) }),
    ...(message.replyTo === undefined ? {} : quoting(message.replyTo)),
  };
  const { document } = message;
  const send = (bot: Api, form: Form, how: typeof place, signal: Parameters<Work>[2]) =>
    document === undefined
      ? bot.sendMessage(route.chat, form.text, { ...form.how, ...how }, signal)
      : bot.sendDocument(route.chat, fileOf(document), { ...captionOf(form), ...how }, signal);
  return attempt(
    options,
    route,
    async (bot, form, signal) => {
      const sent = await send(bot, form, { ...place, ...keyboard(message) }, signal);
      return [String(sent.message_id)];
    },
    formsOf(message.text, document === undefined ? maxText : maxCaption),
  );
}

/** Replaces text and buttons of one of our messages. Repeating an edit does no harm, so an unknown outcome is none. */
export async function editText(
  options: SendingOptions,
  at: { readonly route: Route; readonly messageId: string },
  message: OutboundMessage,
): Promise<Receipt> {
  const { route, messageId } = at;
  const receipt = await attempt(
    options,
    route,
    async (bot, form, signal) => {
      await bot.editMessageText(
        route.chat,
        Number(messageId),
        form.text,
        { ...form.how, ...keyboard(message) },
        signal,
      );
      return [messageId];
    },
    formsOf(message.text, maxText),
  );
  return receipt.status === 'ambiguous' ? { status: 'retry', afterMs: 0, cause: receipt.cause } : receipt;
}

/** One way to show a text. */
interface Form {
  readonly text: string;
  readonly how: {
    readonly parse_mode?: 'HTML';
    readonly link_preview_options: { readonly is_disabled: true };
  };
}

type Work = (bot: Api, form: Form, signal: Parameters<Api['getMe']>[0]) => Promise<string[]>;

/** Formatted first; when Telegram cannot read that, the same words once more as they are. */
async function attempt(options: SendingOptions, route: Route, work: Work, forms: readonly Form[]): Promise<Receipt> {
  for (const [index, form] of forms.entries()) {
    try {
      const messageIds = await options.api.call((bot, signal) => work(bot, form, signal));
      return { status: 'sent', messageIds };
    } catch (error) {
      const fault = faultOf(error);
      if (fault.kind === 'entities' && index + 1 < forms.length) continue;
      return receiptFor(options, route, fault, error);
    }
  }
  return { status: 'refused', cause: 'nothing to send', reason: 'the message was empty' };
}

/** @param longest characters that may be visible */
function formsOf(source: string, longest: number): readonly Form[] {
  const how = { link_preview_options: { is_disabled: true } } as const;
  const { html, visible } = renderHtml(source);
  const plain: Form = { text: source, how };
  // Markup alone shows nothing, and Telegram takes no empty text.
  return visible === 0 || visible > longest ? [plain] : [{ text: html, how: { ...how, parse_mode: 'HTML' } }, plain];
}

function fileOf({ name, text }: NonNullable<OutboundMessage['document']>): InputFile {
  return new InputFile(Buffer.from(text), name);
}

function captionOf({ text, how }: Form) {
  return { caption: text, ...(how.parse_mode === undefined ? {} : { parse_mode: how.parse_mode }) };
}

function receiptFor(options: SendingOptions, route: Route, fault: Fault, error: unknown): Receipt {
  const cause = causeOf(error);
  switch (fault.kind) {
    case 'unchanged':
      return { status: 'sent', messageIds: [] };
    case 'moved':
      options.moved(route, fault.to);
      return { status: 'retry', afterMs: 0, cause };
    case 'rate': {
      const afterMs = fault.afterMs + Math.ceil(options.chance() * jitterMs);
      return receiptOf({ kind: 'rate', afterMs }, cause, options.silences.add(route.chat, afterMs));
    }
    case 'file-rights':
      options.fileRights.refused(route.chat);
      return receiptOf(fault, cause, 'chat');
    default:
      return receiptOf(fault, cause, 'chat');
  }
}

function quoting(messageId: string) {
  return { reply_parameters: { message_id: Number(messageId), allow_sending_without_reply: true } };
}

const buttonsPerRow = 2;

function keyboard({ choices = [] }: OutboundMessage): { reply_markup?: InlineKeyboardMarkup } {
  if (choices.length === 0) return {};
  const buttons = choices.map(({ label, id }) => ({ text: label, callback_data: `${choicePrefix}${id}` }));
  const rows = Array.from({ length: Math.ceil(buttons.length / buttonsPerRow) }, (_, row) =>
    buttons.slice(row * buttonsPerRow, (row + 1) * buttonsPerRow),
  );
  return { reply_markup: { inline_keyboard: rows } };
}

/** Telegram's ids are whole numbers; anything else is nobody's chat there. */
export function isTelegramPlace(route: Route): boolean {
  return /^-?\d{1,20}$/.test(route.chat) && (route.thread === undefined || /^\d{1,20}$/.test(route.thread));
}
