// How a stored message is cut into the messages that are sent. After a restart the same row gives the same parts.
// Called by deliver-row.ts.
import type { ChannelAdapter } from '../core/channel.ts';
import { buttonsOf, menuText } from '../core/menu.ts';
import { captionText, type OutboundMessage } from '../core/message.ts';
import { cutText, splitText } from '../core/split.ts';
import { tagged } from '../core/tag.ts';
import type { OutboxRow } from './outbox-row.ts';

export interface PartLimits {
  /** Longest text of one message, in UTF-16 units. */
  readonly maxText: number;
  /** The channel can send a text as a file. */
  readonly documents: boolean;
  /** A text of more parts than this goes as a file; 0 = never. */
  readonly fileOver: number;
  /** Parts sent already. */
  readonly sent: number;
}

/** With fewer units left for the text itself a file would say nothing of what it holds. */
const leastRoom = 100;
const fileName = 'result.md';

/** The parts of a row at its place, by what its channel can do there. @param fileOver see `PartLimits` */
export function partsFor(
  adapter: ChannelAdapter | undefined,
  { route, message, chunk }: Pick<OutboxRow, 'route' | 'message' | 'chunk'>,
  fileOver: number,
): readonly OutboundMessage[] {
  const { maxText = Infinity, documents = false } = adapter?.can ?? {};
  const takesFiles = documents && (adapter?.takesFiles?.(route) ?? true);
  return partsOf(message, { maxText, documents: takesFiles, fileOver, sent: chunk });
}

/**
 * The parts in their order, none when there is nothing to show. The first quotes, the last has the buttons or the menu. A text
 * that is too long for the chat is two parts: its beginning, and its next lines with the whole text as a file and the foot
 * below them.
 */
export function partsOf(message: OutboundMessage, limits: PartLimits): readonly OutboundMessage[] {
  const { text: whole, foot, replyTo, choices: offered, document, tag, ...rest } = message;
  const [menu, choices] = [menuText(offered), buttonsOf(offered)];
  const taken = tag === undefined ? 0 : tag.length + 1;
  const texts = splitText(whole + menu, limits.maxText - taken);
  const below = `${foot === undefined ? '' : `\n${foot}`}${menu}`;
  const filed = asFile(texts, below, { ...limits, maxText: Math.min(limits.maxText, captionText) - taken });
  const shown = filed ?? texts;
  const file = filed === undefined ? document : { name: fileName, text: whole };
  return shown.map((text, index) => {
    const last = index === shown.length - 1;
    return {
      ...rest,
      text: tag === undefined ? text : tagged(tag, text),
      ...(index === 0 && replyTo !== undefined ? { replyTo } : {}),
      ...(last && choices !== undefined ? { choices } : {}),
      ...(last && file !== undefined ? { document: file } : {}),
    };
  });
}

/** What stands beside the file, `foot` at its end, within `maxText`; undefined: the text goes in all its parts. */
function asFile(
  texts: readonly string[],
  foot: string,
  { maxText, documents, fileOver, sent }: PartLimits,
): readonly [string, string] | undefined {
  const [first, second] = texts;
  // The second part stands there already, without a file: the setting changed between two starts.
  if (!documents || fileOver === 0 || texts.length <= fileOver || sent > 1) return undefined;
  if (first === undefined || second === undefined) return undefined;
  const below = `\n\n📎 the whole text: ${fileName}${foot}`;
  const room = maxText - below.length;
  return room < leastRoom ? undefined : [first, cutText(second, room).trimEnd() + below];
}

/** A message for another place than it was made for: what it quotes, and what its menu offers, is not there. */
export function forElsewhere({ replyTo: _there, choices, ...message }: OutboundMessage, note: string): OutboundMessage {
  const buttons = buttonsOf(choices);
  return { ...message, text: `${note}\n\n${message.text}`, ...(buttons === undefined ? {} : { choices: buttons }) };
}
