// The bounded, cleaned, redacted view of what agents said. Pure. Used by logs, sessions_history, results and completions;
// the transcript on disk stays as it is.
import type { Entry } from '../core/agent.ts';
import { redact } from '../core/redact.ts';
import type { LogLine } from '../core/services.ts';
import { cutText } from '../core/split.ts';
import { defuseMarks, stripMarks } from './strip.ts';

/** Longest block of text in a view, in UTF-16 units. */
export const maxBlock = 4000;
/** Largest view, in UTF-8 bytes. */
const maxViewBytes = 80 * 1024;
export const omittedRow = '[sessions_history omitted: message too large]';

/** Longest argument text of one tool call in a log. */
const maxCall = 300;

/** Real text settles after one or two passes; more is an attack on the passes. */
const maxPasses = 12;

/**
 * Text fit to be shown: no thinking, memories, tool payloads, scaffolding or control tokens outside code, no credentials
 * anywhere, at most `max` UTF-16 units with a mark where it was cut. Never throws; a second call changes nothing.
 */
export function cleanText(text: string, max: number = maxBlock): string {
  let clean = text;
  for (let pass = 0; pass < maxPasses; pass += 1) {
    const before = clean;
    clean = cutBlock(stripMarks(redact(before)), max);
    if (clean === before) return clean;
  }
  return defuseMarks(cutBlock(redact(clean), max));
}

function cutBlock(text: string, max: number): string {
  if (text.length <= max) return text;
  const note = '\n[cut: the text is longer]';
  return cutText(text, Math.max(0, max - note.length)) + note;
}

/**
 * The newest `limit` rows of a session, newest last, at most 80 KB. A row is what one entry says; `tools` adds tool calls,
 * their results and internal notes.
 */
export function cleanEntries(
  entries: readonly Entry[],
  options: { readonly limit: number; readonly tools: boolean },
): LogLine[] {
  const lines: LogLine[] = [];
  let rows = 0;
  let bytes = 0;
  for (let index = entries.length - 1; index >= 0 && rows < options.limit; index -= 1) {
    const entry = entries[index];
    const row = entry === undefined ? [] : bounded(rowOf(entry, options.tools));
    if (row.length === 0) continue;
    bytes += bytesOf(row);
    if (bytes > maxViewBytes) break;
    rows += 1;
    lines.push(...row.toReversed());
  }
  return lines.reverse();
}

function bounded(row: readonly LogLine[]): readonly LogLine[] {
  const [first] = row;
  return first === undefined || bytesOf(row) <= maxViewBytes ? row : [{ who: first.who, text: omittedRow }];
}

function bytesOf(row: readonly LogLine[]): number {
  return row.reduce((sum, line) => sum + Buffer.byteLength(line.text), 0);
}

function rowOf(entry: Entry, tools: boolean): LogLine[] {
  switch (entry.type) {
    case 'user':
      return line(
        'User',
        [entry.text, ...(entry.attachments ?? []).map((file) => `[${file.kind}: ${file.name}]`)].join('\n'),
      );
    case 'assistant':
      return assistantRow(entry, tools);
    case 'tool':
      return tools ? line('Tool', entry.output, `${entry.name}${entry.failed ? ' failed' : ''}: `, '(no output)') : [];
    case 'note':
      return tools ? line('Note', entry.text) : [];
  }
}

/** One line for each text, and for each call where calls are shown, in the order they were made. */
function assistantRow(entry: Extract<Entry, { type: 'assistant' }>, tools: boolean): LogLine[] {
  const row: LogLine[] = [];
  for (const part of entry.parts) {
    if (part.type === 'text') row.push(...line('Assistant', part.text));
    if (part.type === 'call' && tools)
      row.push({ who: 'Tool', text: `${part.name} ${cleanText(inputText(part.input), maxCall)}` });
  }
  return row;
}

function line(who: LogLine['who'], text: string, lead = '', empty = ''): LogLine[] {
  const clean = cleanText(text).trim() || empty;
  return clean === '' ? [] : [{ who, text: lead + clean }];
}

/** Arguments come from a model: whatever cannot be written as JSON is only named. */
function inputText(input: unknown): string {
  try {
    return JSON.stringify(input) ?? '';
  } catch {
    return '(unreadable arguments)';
  }
}
