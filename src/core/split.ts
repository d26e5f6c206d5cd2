// Cutting text for messages of limited length. Delivery splits with it, cleaning and completions cut with it.
import { closesFence, type Fence, fenceLeftOpen, linesOf, openingFence } from './fences.ts';
import { splitsPair } from './format.ts';
import { type LinkPlace, linksOf } from './links.ts';

interface Draft {
  readonly max: number;
  readonly done: string[];
  /** The chunk being filled. */
  text: string;
  fence: Fence | undefined;
  /** An open fence whose own lines would fill half a chunk: its block is split as plain text. */
  plain: Fence | undefined;
  /** Where the open fence's first line starts and ends in `text`; starts at 0 after it was reopened. */
  openedAt: number;
  openedEnd: number;
  reopened: boolean;
}

/**
 * Cuts text into chunks of at most `maxUtf16Units` (2 or more): at line ends, else at words, else between characters.
 * A link of one line (`[text](address)` or a bare address) stays whole where a chunk has room for it. A code fence that is
 * cut is closed and reopened with its info string. Nothing else is added, and nothing is lost but white space between two
 * chunks that would have been a blank message of its own.
 */
export function splitText(text: string, maxUtf16Units: number): string[] {
  if (!(maxUtf16Units >= 2)) throw new RangeError(`a chunk cannot hold a character: ${maxUtf16Units}`);
  if (text.length <= maxUtf16Units) return text.trim() === '' ? [] : [text];
  const draft: Draft = {
    max: Math.floor(maxUtf16Units),
    done: [],
    text: '',
    fence: undefined,
    plain: undefined,
    openedAt: 0,
    openedEnd: 0,
    reopened: false,
  };
  for (const line of linesOf(text)) addLine(draft, line);
  if (!(draft.reopened && draft.text.length === draft.openedEnd)) draft.done.push(draft.text);
  return draft.done.filter((chunk) => chunk.trim() !== '');
}

function addLine(draft: Draft, line: string): void {
  if (draft.fence !== undefined && closesFence(line, draft.fence)) {
    endFence(draft, draft.fence, line);
    return;
  }
  const opened = openedBy(draft, line);
  const need = line.length + closingCost(opened ?? draft.fence);
  const fresh = draft.fence === undefined ? 0 : reopening(draft.fence).length;
  if (draft.text.length + need > draft.max && fresh + need <= draft.max) flush(draft);
  if (draft.text.length + need > draft.max) {
    pour(draft, line);
    return;
  }
  if (opened !== undefined) startFence(draft, opened, line);
  draft.text += line;
}

function startFence(draft: Draft, fence: Fence, line: string): void {
  draft.fence = fence;
  draft.openedAt = draft.text.length;
  draft.openedEnd = draft.text.length + line.length;
  draft.reopened = false;
}

/** The room for a closing line is always reserved; one padded beyond that gives way to ours. */
function endFence(draft: Draft, fence: Fence, line: string): void {
  draft.text += draft.text.length + line.length <= draft.max ? line : `${fence.indent}${fence.marker}\n`;
  draft.fence = undefined;
  draft.reopened = false;
}

/** Adds a line that fits into no chunk as a whole. */
function pour(draft: Draft, line: string): void {
  const links = linksOf(line);
  let link = links.next().value;
  let at = 0;
  if (room(draft) < draft.max / 2) flush(draft);
  while (line.length - at > room(draft)) {
    const limit = room(draft);
    let end = at + wordEnd(line.slice(at), limit);
    while (link !== undefined && link.end <= end) link = links.next().value;
    if (link !== undefined && link.end - link.start <= freshRoom(draft)) end = besideLink(link, { at, end, limit });
    draft.text += line.slice(at, end);
    at = end;
    flush(draft);
  }
  draft.text += line.slice(at);
}

interface Cut {
  readonly at: number;
  readonly end: number;
  /** Units there is room for, from `at` on. */
  readonly limit: number;
}

/** Moves the end of a piece out of a link: behind it if there is room, else before it. That may leave nothing. */
function besideLink(link: LinkPlace, { at, end, limit }: Cut): number {
  if (link.start >= end) return end;
  return link.end - at <= limit ? link.end : Math.max(at, link.start);
}

/** Ends the chunk. A fence line with nothing below it moves to the next chunk instead of standing there empty. */
function flush(draft: Draft): void {
  const { fence } = draft;
  if (fence === undefined) {
    draft.done.push(draft.text);
    draft.text = '';
    return;
  }
  if (draft.text.length === draft.openedEnd) {
    if (draft.openedAt === 0) return;
    draft.done.push(draft.text.slice(0, draft.openedAt));
    draft.text = draft.text.slice(draft.openedAt);
    draft.openedEnd -= draft.openedAt;
    draft.openedAt = 0;
    return;
  }
  draft.done.push(`${draft.text}${draft.text.endsWith('\n') ? '' : '\n'}${fence.indent}${fence.marker}`);
  draft.text = reopening(fence);
  draft.openedAt = 0;
  draft.openedEnd = draft.text.length;
  draft.reopened = true;
}

function room(draft: Draft): number {
  return draft.max - draft.text.length - closingCost(draft.fence);
}

/** What a chunk surely holds when it is begun here, under an open fence too. */
function freshRoom(draft: Draft): number {
  const { fence } = draft;
  if (fence === undefined) return draft.max;
  const first = Math.max(reopening(fence).length, draft.openedEnd - draft.openedAt);
  return draft.max - first - closingCost(fence);
}

function reopening(fence: Fence): string {
  return `${fence.indent}${fence.marker}${fence.info}\n`;
}

function closingCost(fence: Fence | undefined): number {
  return fence === undefined ? 0 : fence.indent.length + fence.marker.length + 1;
}

/** The fence this line opens and that is worth closing and reopening. */
function openedBy(draft: Draft, line: string): Fence | undefined {
  if (draft.fence !== undefined) return undefined;
  if (draft.plain !== undefined) {
    if (closesFence(line, draft.plain)) draft.plain = undefined;
    return undefined;
  }
  const fence = openingFence(line);
  if (fence === undefined) return undefined;
  const own = Math.max(line.length, reopening(fence).length) + closingCost(fence);
  if (own <= draft.max / 2) return fence;
  draft.plain = fence;
  return undefined;
}

/** The best place to end within `limit` units: after a word, else between two characters. Always above 0. */
function wordEnd(text: string, limit: number): number {
  if (isSpace(text, limit)) return limit;
  for (let end = limit; end > 0; end -= 1) {
    if (isSpace(text, end - 1)) return text.slice(0, end).trim() === '' ? characterEnd(text, limit) : end;
  }
  return characterEnd(text, limit);
}

function isSpace(text: string, index: number): boolean {
  return /\s/.test(text.charAt(index));
}

let segmenter: Intl.Segmenter | undefined;

/** Looks at a window only: a character longer than that is cut between its code points. */
function characterEnd(text: string, limit: number): number {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  const start = Math.max(0, limit - 128);
  const segment = segmenter.segment(text.slice(start, limit + 64)).containing(limit - start);
  const end = start + (segment?.index ?? 0);
  if (end > start) return end;
  return splitsPair(text, limit) ? limit - 1 : limit;
}

/** The start of a text, at most `max` units, ending at a line or word where possible and with its code fence closed. */
export function cutText(text: string, max: number): string {
  if (text.length <= max) return text;
  if (max < 2) return '';
  const head = headOf(text, max);
  const fence = fenceLeftOpen(head);
  if (fence === undefined) return head;
  const closing = `\n${fence.indent}${fence.marker}`;
  if (closing.length > max / 2) return head;
  const shorter = headOf(text, max - closing.length);
  const open = fenceLeftOpen(shorter);
  const end = open === undefined ? '' : `\n${open.indent}${open.marker}`;
  return end.length > closing.length ? shorter : shorter + end;
}

function headOf(text: string, max: number): string {
  const feed = text.lastIndexOf('\n', max);
  return text.slice(0, feed > max / 2 ? feed : headEnd(text, feed + 1, max)).trimEnd();
}

/** @param at where the line starts that is cut */
function headEnd(text: string, at: number, max: number): number {
  const end = wordEnd(text, max);
  // A link that begins in the head and fits into one ends within this window.
  for (const { start, end: to } of linksOf(text.slice(at, 2 * max))) {
    if (to + at <= end) continue;
    return to - start > max ? end : besideLink({ start: start + at, end: to + at }, { at: 0, end, limit: max });
  }
  return end;
}
