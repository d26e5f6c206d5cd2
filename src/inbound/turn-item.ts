// What an agent gets of a message: who is quoted, the text, what could not be brought along. Pure; called by receive.ts when a
// message becomes an item of its session, and by those that change the item while it waits.
import type { MailItem } from '../agents/mailbox.ts';
import { clip, oneLine } from '../core/format.ts';
import type { InboundMessage } from '../core/message.ts';
import { personOf } from './access.ts';
import type { StoredMessage } from './inbox.ts';
import { itemId } from './tickets.ts';

/** Longest quote, in UTF-16 units: enough to know what is meant. */
const quoteChars = 1_000;
const nameChars = 64;

/** The text of a waiting message as its agent reads it. */
export function itemText({ message, notes = [] }: StoredMessage): string {
  return [quoteLines(message.quote), message.text, ...notes].filter((part) => part !== '').join('\n\n');
}

/** Somebody else's words in front of the text, each line marked. Like the text they are untrusted: see mail-text.ts. */
function quoteLines(quote: InboundMessage['quote']): string {
  const text = quote?.text.trim() ?? '';
  if (quote === undefined || text === '') return '';
  const who = clip(oneLine(quote.from), nameChars) || 'somebody';
  const lines = clip(text, quoteChars).split(/\r\n|[\n\r\u2028\u2029]/);
  return [`> ${who} wrote:`, ...lines.map((line) => `> ${line}`)].join('\n');
}

export interface ItemSource extends StoredMessage {
  readonly ticket: number;
  /** Unix time in milliseconds. */
  readonly at: number;
  readonly tree: string;
}

export function turnItem({ ticket, at, tree, ...stored }: ItemSource): MailItem {
  const { message } = stored;
  const pending = (message.files?.length ?? 0) > 0;
  return {
    ...{ id: itemId(ticket), kind: 'message', text: itemText(stored), at, tree, steerable: true },
    ...{ from: message.sender.name, person: personOf(message), route: message.route, attachments: message.attachments },
    ...(message.native === true ? {} : { messageId: message.id }),
    ...(pending ? { pending } : {}),
  };
}
