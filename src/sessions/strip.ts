// Removes what is not meant for people (rows HI-1 to HI-6) from text outside code. Called by history.ts only.
import { closesFence, openingFence } from '../core/fences.ts';
import { type Mark, markSource, readMark } from './marks.ts';

const anyEvent = `(?<fence>^[ \\t]*(?:\`{3,}|~{3,})[^\\n]*\\n?)|(?<ticks>\`+)|${markSource}`;
const fenceHere = /[ \t]*(?:`{3,}|~{3,})[^\n]*\n?/y;
const blankLines = /(?:[ \t]*\r?\n)+/y;
const whiteSpace = /\s+/y;

/** Inline code is looked for within this many characters of its backtick. */
const inlineCode = 300;

interface Scan {
  readonly text: string;
  readonly event: RegExp;
  kept: string[];
  /** Last kept character, empty at the start. */
  last: string;
  at: number;
  changed: boolean;
}

/**
 * One pass over the text. Code, fenced or inline, stays as it is unless it stands inside something removed. Joining
 * what is left can form new marks, so the caller repeats until nothing changes.
 */
export function stripMarks(text: string): string {
  if (!/[<[◁]/.test(text)) return text;
  const state: Scan = { text, event: new RegExp(anyEvent, 'gim'), kept: [], last: '', at: 0, changed: false };
  for (let match = next(state); match !== null; match = next(state)) {
    if (match.groups?.fence !== undefined) keepFence(state, match.index, match[0]);
    else if (match.groups?.ticks !== undefined) keepInlineCode(state, match.index, match[0]);
    else handleMark(state, match);
  }
  keep(state, text.length);
  const result = state.kept.join('');
  return state.changed ? result.trimEnd() : result;
}

/** The last resort against endlessly nested marks: none can begin any more, not even in code. */
export function defuseMarks(text: string): string {
  return text.replace(/[<◁]/g, '‹').replace(/\[(?!redacted\])/g, '⁅');
}

function next(state: Scan): RegExpExecArray | null {
  state.event.lastIndex = state.at;
  return state.event.exec(state.text);
}

function keep(state: Scan, end: number): void {
  if (end <= state.at) return;
  state.kept.push(state.text.slice(state.at, end));
  state.last = state.text.charAt(end - 1);
  state.at = end;
}

/** Keeps a fenced block as a whole; one that is never closed reaches to the end of the text. */
function keepFence(state: Scan, at: number, line: string): void {
  const fence = openingFence(line);
  if (fence === undefined) {
    const ticks = /`+/.exec(line);
    keepInlineCode(state, at + (ticks?.index ?? 0), ticks?.[0] ?? '');
    return;
  }
  let end = at + line.length;
  while (end < state.text.length) {
    const feed = state.text.indexOf('\n', end);
    const lineEnd = feed === -1 ? state.text.length : feed + 1;
    const closes = closesFence(state.text.slice(end, lineEnd), fence);
    end = lineEnd;
    if (closes) break;
  }
  keep(state, end);
}

/** Code between backticks of one line, or just the backticks when nothing closes them. */
function keepInlineCode(state: Scan, at: number, ticks: string): void {
  const from = at + ticks.length;
  const rest = state.text.slice(from, from + inlineCode).split('\n', 1)[0] ?? '';
  let close = rest.indexOf(ticks);
  while (close !== -1 && (rest.charAt(close + ticks.length) === '`' || rest.charAt(close - 1) === '`')) {
    const run = /`+/y;
    run.lastIndex = close;
    run.test(rest);
    close = rest.indexOf(ticks, run.lastIndex);
  }
  keep(state, close === -1 ? from : from + close + ticks.length);
}

function handleMark(state: Scan, match: RegExpExecArray): void {
  const mark = readMark(match);
  keep(state, match.index);
  if (mark === undefined) {
    keep(state, match.index + 1);
    return;
  }
  state.changed = true;
  if (endsThinkingBegunBefore(state, mark)) {
    state.kept = [];
    state.last = '';
  }
  state.at = endOf(state.text, mark);
  tidy(state);
}

/** Models whose prompt already opened the thinking write only its end, alone on a line: all before it is thinking. */
function endsThinkingBegunBefore(state: Scan, mark: Mark): boolean {
  if (mark.family !== 'thinking' || mark.kind !== 'close') return false;
  const after = state.text.charAt(mark.end);
  return (state.last === '\n' || state.last === '') && (after === '\n' || after === '\r' || after === '');
}

function endOf(text: string, mark: Mark): number {
  if (mark.kind === 'paragraph') return paragraphEnd(text, mark.end);
  return mark.kind === 'open' ? closingOf(text, mark) : mark.end;
}

function paragraphEnd(text: string, from: number): number {
  const end = /\n(?=[ \t]*\n|\[Tool )/gi;
  end.lastIndex = from;
  return end.exec(text)?.index ?? text.length;
}

/**
 * Where the block ends that `open` begins: at its own closing mark, nested ones counted; else at the last closing mark
 * of its family; else at the end of the text, because it was broken off.
 */
function closingOf(text: string, open: Mark): number {
  const marks = new RegExp(markSource, 'gi');
  marks.lastIndex = open.end;
  const inside = [open.name];
  const counts = new Map([[open.name, 1]]);
  let lastClose = -1;
  for (let match = marks.exec(text); match !== null; match = marks.exec(text)) {
    const mark = readMark(match);
    if (mark?.family !== open.family) continue;
    if (mark.kind === 'open') {
      inside.push(mark.name);
      counts.set(mark.name, (counts.get(mark.name) ?? 0) + 1);
    }
    if (mark.kind !== 'close') continue;
    lastClose = mark.end;
    closeOne(inside, counts, mark.name);
    if (inside.length === 0) return mark.end;
  }
  return lastClose === -1 ? text.length : lastClose;
}

/** Closes the innermost block of that name and what was left open in it; an unknown name closes the innermost. */
function closeOne(inside: string[], counts: Map<string, number>, name: string): void {
  const known = (counts.get(name) ?? 0) > 0;
  for (let top = inside.pop(); top !== undefined; top = inside.pop()) {
    counts.set(top, (counts.get(top) ?? 1) - 1);
    if (!known || top === name) return;
  }
}

/** No hole where something was: blank lines before it and after it become one gap. */
function tidy(state: Scan): void {
  if (state.last === '') state.at = skip(state, whiteSpace);
  else if (state.last === '\n') state.at = skip(state, blankLines);
  else if (state.last === ' ' && state.text.charAt(state.at) === ' ') state.at += 1;
  if (state.last !== '' && state.last !== '\n') return;
  fenceHere.lastIndex = state.at;
  const fence = fenceHere.exec(state.text);
  if (fence !== null && openingFence(fence[0]) !== undefined) keepFence(state, state.at, fence[0]);
}

function skip(state: Scan, pattern: RegExp): number {
  pattern.lastIndex = state.at;
  return pattern.test(state.text) ? pattern.lastIndex : state.at;
}
