// Styled text with WhatsApp's marks around it. WhatsApp has no way to escape a mark, so a pair that nobody meant is broken by a
// space of no width (faq.whatsapp.com, «How to format your messages»). Pure; used by render.ts.
import type { Span, Style } from '../shared/spans.ts';

const signs: Readonly<Record<Exclude<Style, 'code'>, string>> = { bold: '*', italic: '_', strike: '~' };
const marks = '*_~`';
/** Stand for marks that are to be shown, until all of a line is known. No text has them: they are no characters. */
const stand = '\ufdd0\ufdd1\ufdd2\ufdd3';
const zeroWidth = '\u200b';

/** @param guarded whether pairs nobody meant are broken */
export function marked(spans: readonly Span[], guarded: boolean): string {
  let line = '';
  let open: readonly string[] = [];
  for (const { text, wanted } of spans.flatMap(piecesOf)) {
    const shared = sharedLength(open, wanted);
    line = closed(line, open.slice(shared));
    // A space may not stand on the inner side of a mark.
    const inner = wanted.length > shared ? text.trimStart() : text;
    line = beside(line, text, open.length > shared) + text.slice(0, text.length - inner.length);
    line = opened(line, wanted.slice(shared)) + (wanted.includes('`') ? inner : standIn(inner));
    open = wanted;
  }
  return settled(closed(line, open), guarded);
}

/** Text that shows as it is. */
export function unmarked(text: string, guarded: boolean): string {
  return settled(standIn(text), guarded);
}

interface Piece {
  readonly text: string;
  /** Marks from the outside in. */
  readonly wanted: readonly string[];
}

/** Formatting ends with the line, so each line of a span is a piece of its own; blank ones have no marks. */
function piecesOf({ text, styles }: Span): readonly Piece[] {
  return text
    .split(/(\n)/)
    .filter((part) => part !== '')
    .map((part) => ({ text: part, wanted: part.trim() === '' ? [] : marksFor(styles, part) }));
}

/** Code takes no other style. One that holds a backtick cannot be marked. */
function marksFor(styles: readonly Style[], text: string): readonly string[] {
  if (styles.includes('code')) return text.includes('`') ? [] : ['`'];
  return styles.filter((style) => style !== 'code').map((style) => signs[style]);
}

function sharedLength(open: readonly string[], wanted: readonly string[]): number {
  const differs = open.findIndex((mark, index) => mark !== wanted[index]);
  return differs === -1 ? open.length : differs;
}

/** Marks count only beside what is no letter or digit. */
function opened(line: string, wanted: readonly string[]): string {
  if (wanted.length === 0) return line;
  return `${line}${isWord(line.at(-1)) ? zeroWidth : ''}${wanted.join('')}`;
}

/** @param ended marks were closed at the end of the line */
function beside(line: string, next: string, ended: boolean): string {
  return ended && /\S$/.test(line) && isWord(next[0]) ? line + zeroWidth : line;
}

function closed(line: string, ending: readonly string[]): string {
  if (ending.length === 0) return line;
  const text = line.trimEnd();
  return `${text}${[...ending].reverse().join('')}${line.slice(text.length)}`;
}

function standIn(text: string): string {
  return text.replace(/[*_~`]/g, (mark) => stand.charAt(marks.indexOf(mark)));
}

/** The marks that are to be shown, each beside a space of no width where it would format. */
function settled(text: string, guarded: boolean): string {
  if (!/[\ufdd0-\ufdd3]/.test(text)) return text;
  return text
    .split('\n')
    .map((line) => (guarded ? guard(line) : line.replace(/[\ufdd0-\ufdd3]/g, realMark)))
    .join('\n');
}

function realMark(character: string): string {
  const index = stand.indexOf(character);
  return index === -1 ? character : marks.charAt(index);
}

function guard(line: string): string {
  const real = [...line].map(realMark);
  const lastClosing = new Map<string, number>();
  for (const [index, mark] of real.entries()) if (isMark(mark) && canClose(real, index)) lastClosing.set(mark, index);
  /** Marks of ours that have begun something on this line. */
  const begun = new Set<string>();
  return [...line]
    .map((character, index) => {
      const mark = realMark(character);
      if (!isMark(mark)) return character;
      if (character === mark) {
        if (canOpen(real, index)) begun.add(mark);
        return mark;
      }
      if (canOpen(real, index) && (lastClosing.get(mark) ?? 0) > index + 1) return mark + zeroWidth;
      return begun.has(mark) && canClose(real, index) ? zeroWidth + mark : mark;
    })
    .join('');
}

function isMark(character: string): boolean {
  return character.length === 1 && marks.includes(character);
}

/** A backtick counts wherever it stands. */
function canOpen(line: readonly string[], index: number): boolean {
  const next = line[index + 1];
  return next !== undefined && !/\s/.test(next) && (line[index] === '`' || !isWord(line[index - 1]));
}

function canClose(line: readonly string[], index: number): boolean {
  const before = line[index - 1];
  return before !== undefined && !/\s/.test(before) && (line[index] === '`' || !isWord(line[index + 1]));
}

function isWord(character: string | undefined): boolean {
  return character !== undefined && /^[\p{L}\p{N}]$/u.test(character);
}
