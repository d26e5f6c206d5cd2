// Inline keyboards: what Telegram takes (https://core.telegram.org/bots/api#inlinekeyboardbutton). Called by messages.ts.
import type { InlineKeyboardButton, InlineKeyboardMarkup } from 'grammy/types';
import type { Params } from './params.ts';
import { badRequest } from './refusal.ts';

/** @throws Refusal `BUTTON_DATA_INVALID` and its like; an empty keyboard is none */
export function keyboard(params: Params): InlineKeyboardMarkup | undefined {
  const markup = params.object<Partial<InlineKeyboardMarkup>>('reply_markup');
  const rows = markup?.inline_keyboard;
  if (rows === undefined) return undefined;
  if (!Array.isArray(rows) || !rows.every(Array.isArray))
    throw badRequest("can't parse inline keyboard markup JSON object");
  for (const button of rows.flat()) check(button);
  const filled = rows.filter((row) => row.length > 0);
  return filled.length === 0 ? undefined : { inline_keyboard: filled };
}

function check(button: InlineKeyboardButton): void {
  if (typeof button.text !== 'string' || button.text.trim() === '')
    throw badRequest('text buttons are unallowed in the inline keyboard');
  const data = 'callback_data' in button ? button.callback_data : undefined;
  if (data === undefined) {
    if (!('url' in button)) throw badRequest('text buttons are unallowed in the inline keyboard');
    return;
  }
  const bytes = Buffer.byteLength(data);
  if (bytes < 1 || bytes > 64) throw badRequest('BUTTON_DATA_INVALID');
}
