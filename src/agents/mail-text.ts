// How waiting messages read: several of them as one prompt, and many of them folded into one short item.
// Pure; called by mailbox.ts (folding), turn.ts and prompt-messages.ts (prompts).
import { defuseBlockLines } from '../core/block.ts';
import type { MailItem } from './mailbox.ts';

/** Longest text of a folded item, in UTF-16 units. */
const foldChars = 2_000;
/** Longest line of one folded message. */
const lineChars = 160;
const nameChars = 64;

/**
 * The prompt made of these items, in order. Senders are named when there are several or `group` is set; the lines of an
 * attributed message are indented, so that no text can pass for a message of somebody else.
 */
export function renderBatch(items: readonly MailItem[], group = false): string {
  const senders = new Set(items.filter(hasSender).map((item) => item.from));
  const attribute = group || senders.size > 1 || items.some((item) => item.folds !== undefined);
  return items.map((item) => (hasSender(item) ? spoken(item, attribute) : item.text)).join('\n\n');
}

/** Folded items name their senders themselves; the rest is the runtime's own wording. */
function hasSender(item: MailItem): boolean {
  return item.folds === undefined && (item.kind === 'message' || (item.kind === 'note' && item.from !== undefined));
}

/** `message` added to what was folded before it (`into`), or the start of a new folded item. */
export function fold(into: MailItem | undefined, message: MailItem): MailItem {
  const folds = [...(into?.folds ?? []), message.id];
  const lines = [...(into === undefined ? [] : into.text.split('\n').slice(1)), foldedLine(message)];
  const head = (shown: number): string => {
    const count = folds.length === 1 ? '1 earlier message' : `${folds.length} earlier messages`;
    return shown === folds.length ? `${count}, shortened:` : `${count}, shortened, the last ${shown} of them:`;
  };
  while (head(lines.length).length + 1 + lines.join('\n').length > foldChars) lines.shift();
  // Whatever its files come to: a folded message is not waited for, and nobody finds it under its old id.
  const { from: _from, attachments: _attachments, pending: _pending, ...rest } = into ?? message;
  return { ...rest, id: `fold:${folds[0]}`, at: message.at, text: [head(lines.length), ...lines].join('\n'), folds };
}

function foldedLine(message: MailItem): string {
  return `- ${name(message)}: ${cut(oneLine(message.text), lineChars)}${filesOf(message)}`;
}

function filesOf({ attachments = [], pending = false }: MailItem): string {
  if (pending) return ' (+files)';
  const count = attachments.length;
  return count === 0 ? '' : ` (+${count} ${count === 1 ? 'file' : 'files'})`;
}

/** Nobody's words pass for the runtime's, see core/block.ts. */
function spoken(item: MailItem, attribute: boolean): string {
  const text = defuseBlockLines(item.text);
  return attribute ? attributed(name(item), text) : text;
}

/** Words with their speaker; later lines are indented, so that none of them can pass for somebody else's. */
export function attributed(speaker: string, text: string): string {
  return `${speaker}: ${text.replaceAll(/\r\n|[\n\r\u2028\u2029]/g, '\n  ')}`;
}

function name(item: MailItem): string {
  return speakerName(item.from ?? '');
}

/** People choose their names: one short line. */
export function speakerName(from: string): string {
  return cut(oneLine(from), nameChars) || 'unknown';
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

/** Never ends in half a character. */
function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
