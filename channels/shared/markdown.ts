// Markdown as a list of blocks, for any platform. The unit is the line: what is no clear Markdown stays as typed, line by
// line, so that the plain lists of commands look as they were made. Called by telegram/render.ts.
import { closesFence, openingFence } from '../../src/core/fences.ts';
import { type CanLink, readSpans, type Span } from './spans.ts';

export type Block =
  /** One or more lines with nothing in them. */
  | { readonly kind: 'blank' }
  /** Lines of text, line breaks included. A list item starts with its indent and its mark: `•`, `☐`, `☑`, `1.` */
  | { readonly kind: 'text' | 'heading'; readonly spans: readonly Span[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  /** The lines of a table, as in the source. */
  | { readonly kind: 'table'; readonly text: string }
  /** Holds no other quote: deeper levels are part of it. */
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] };

/** Where the reading is. Lines are without their line ends. */
interface Place {
  readonly lines: readonly string[];
  readonly at: number;
  readonly quoted: boolean;
  /** An indented line goes on with a list item instead of being code. */
  readonly inList: boolean;
  readonly afterBlank: boolean;
  readonly canLink: CanLink;
}

interface Read {
  readonly blocks: readonly Block[];
  /** The line to go on with, always after `at`. */
  readonly next: number;
}

/**
 * Reads Markdown: headings with `#`, lists, task boxes, quotes, fenced and indented code, tables. Underlined headings,
 * rules, references and HTML stay text. The blocks, joined by line ends, hold no more text than the source.
 */
export function readMarkdown(markdown: string, canLink: CanLink): readonly Block[] {
  return readLines(markdown.replace(/\r\n?/g, '\n').split('\n'), canLink, false);
}

function readLines(lines: readonly string[], canLink: CanLink, quoted: boolean): readonly Block[] {
  const blocks: Block[] = [];
  let at = 0;
  let inList = false;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const place = { lines, at, quoted, canLink, inList, afterBlank: isBlank(lines[at - 1] ?? '') };
    const read = readBlock(place, line);
    if (!isBlank(line)) inList = itemOf(line) !== undefined || (inList && /^\s/.test(line));
    blocks.push(...read.blocks);
    at = read.next;
  }
  return trimBlank(blocks);
}

function readBlock(place: Place, line: string): Read {
  const { lines, at } = place;
  if (isBlank(line)) return { blocks: [{ kind: 'blank' }], next: end(lines, at + 1, isBlank) };
  if (openingFence(line) !== undefined) return readFence(place, line);
  if (isIndented(line) && place.afterBlank && !place.inList) return readIndented(place);
  if (isQuote(line)) return readQuote(place);
  if (isTable(place)) return readTable(place);
  const heading = headingOf(line);
  if (heading !== undefined) {
    return { blocks: [{ kind: 'heading', spans: readSpans(heading, place.canLink, ['bold']) }], next: at + 1 };
  }
  return readText(place, line);
}

/** The first line from `from` on for which `within` does not hold. */
function end(lines: readonly string[], from: number, within: (line: string) => boolean): number {
  let at = from;
  while (at < lines.length && within(lines[at] ?? '')) at += 1;
  return at;
}

function readFence({ lines, at }: Place, line: string): Read {
  const fence = openingFence(line) ?? { indent: '', marker: '', info: '' };
  const close = end(lines, at + 1, (each) => !closesFence(each, fence));
  // One word is a language. More may be text that only looks like the start of code: it stays, as the first line.
  const [, language = '', rest = ''] = /^\s*([\w+#.-]*)(?:\s+|$)(.*)$/.exec(fence.info) ?? [undefined, '', fence.info];
  const body = lines.slice(at + 1, close).map((each) => dedent(each, fence.indent.length));
  const text = (rest === '' ? body : [rest, ...body]).join('\n');
  const next = Math.min(close + 1, lines.length);
  return isBlank(text)
    ? { blocks: [typed(lines.slice(at, next).join('\n'))], next }
    : { blocks: [{ kind: 'code', language, text }], next };
}

/** Code by four spaces or a tab, up to the first line that has less. */
function readIndented({ lines, at }: Place): Read {
  let next = end(lines, at, (line) => isBlank(line) || isIndented(line));
  while (isBlank(lines[next - 1] ?? '')) next -= 1;
  const body = lines.slice(at, next).map((line) => (line.startsWith('\t') ? line.slice(1) : dedent(line, 4)));
  return { blocks: [{ kind: 'code', language: '', text: body.join('\n') }], next };
}

function dedent(line: string, most: number): string {
  return line.slice(Math.min(most, line.length - line.trimStart().length));
}

function readQuote({ lines, at, quoted, canLink }: Place): Read {
  const next = end(lines, at, isQuote);
  const inner = lines
    .slice(at, next)
    .map((line) => line.replace(quoted ? /^(?: {0,3}>(?=[ \t>]|$))+ ?/ : /^ {0,3}> ?/, ''));
  const blocks = readLines(inner, canLink, true);
  if (quoted) return { blocks, next };
  return { blocks: [blocks.length === 0 ? typed(lines.slice(at, next).join('\n')) : { kind: 'quote', blocks }], next };
}

function readTable({ lines, at }: Place): Read {
  const next = end(lines, at + 2, (line) => !isBlank(line) && line.includes('|'));
  return { blocks: [{ kind: 'table', text: lines.slice(at, next).join('\n') }], next };
}

/** A paragraph or one list item: emphasis never reaches from one into the next. */
function readText(place: Place, line: string): Read {
  const { lines, at } = place;
  if (isRule(line)) return { blocks: [typed(line)], next: at + 1 };
  let next = at + 1;
  while (next < lines.length && !startsBlock({ ...place, at: next })) next += 1;
  const item = itemOf(line);
  const rest = [line.slice(item?.length ?? 0), ...lines.slice(at + 1, next)].join('\n');
  const mark = item === undefined ? [] : [{ text: item.mark, styles: [] }];
  return { blocks: [{ kind: 'text', spans: [...mark, ...readSpans(rest, place.canLink)] }], next };
}

function startsBlock(place: Place): boolean {
  const line = place.lines[place.at] ?? '';
  return (
    isBlank(line) ||
    isRule(line) ||
    isQuote(line) ||
    itemOf(line) !== undefined ||
    headingOf(line) !== undefined ||
    openingFence(line) !== undefined ||
    isTable(place)
  );
}

function typed(text: string): Block {
  return { kind: 'text', spans: [{ text, styles: [] }] };
}

function isBlank(line: string): boolean {
  return line.trim() === '';
}

function isIndented(line: string): boolean {
  return /^(?: {4}| {0,3}\t)/.test(line);
}

/** `>` stands alone or before a space: `>5` is a comparison. */
function isQuote(line: string): boolean {
  return /^ {0,3}>(?:[ \t>]|$)/.test(line);
}

/** A line of dashes, stars and the like. Below a line it would be a heading for CommonMark; here it stays a line. */
function isRule(line: string): boolean {
  return /^\s*([-*_=])(?:[ \t]*\1)+\s*$/.test(line);
}

function headingOf(line: string): string | undefined {
  const text = /^ {0,3}#{1,6}[ \t]+(\S.*)$/.exec(line)?.[1]?.trimEnd();
  return text?.replace(/[ \t]#+$/, '').trimEnd();
}

interface Item {
  /** What is shown before the text, indent included. */
  readonly mark: string;
  /** Units of the line it stands for, at least as many as the mark has. */
  readonly length: number;
}

function itemOf(line: string): Item | undefined {
  const match = /^([ \t]*)([-*+]|\d{1,9}[.)])([ \t]+)(?:\[([ xX])\]([ \t]+))?(?=\S)/.exec(line);
  if (match === null) return undefined;
  const [{ length }, indent = '', bullet = '', gap = '', task, taskGap = ''] = match;
  const number = bullet.length > 1 ? bullet + gap : '';
  if (task === undefined) return { mark: indent + (number || `•${gap}`), length };
  return { mark: `${indent}${number}${task === ' ' ? '☐' : '☑'}${taskGap}`, length };
}

/** A header and its line of dashes, both with bars and with as many cells. */
function isTable({ lines, at }: Place): boolean {
  const header = lines[at] ?? '';
  const dashes = lines[at + 1] ?? '';
  if (!header.includes('|') || !dashes.includes('|')) return false;
  const below = cellsOf(dashes);
  return below.every((cell) => /^:?-+:?$/.test(cell.trim())) && below.length === cellsOf(header).length;
}

function cellsOf(line: string): readonly string[] {
  return line.trim().replaceAll('\\|', '').replace(/^\|/, '').replace(/\|$/, '').split('|');
}

/** No blank lines at either end. */
function trimBlank(blocks: readonly Block[]): readonly Block[] {
  const start = blocks.findIndex(({ kind }) => kind !== 'blank');
  return start === -1 ? [] : blocks.slice(start, blocks.findLastIndex(({ kind }) => kind !== 'blank') + 1);
}
