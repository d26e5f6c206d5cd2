// Small formatters for people: times, sizes, prices, labels, lists. Called by commands, the CLI and completions.

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Shown wherever a value is not known. */
export const unknown = 'n/a';

/** A span in milliseconds: `0.4s`, `42s`, `5m12s`, `2h03m`, `3d4h`. Negative spans count as none. */
export function elapsed(ms: number): string {
  if (!Number.isFinite(ms)) return unknown;
  const span = Math.max(0, ms);
  if (span < 10 * second) return `${(Math.floor(span / 100) / 10).toFixed(1)}s`;
  if (span < minute) return `${Math.floor(span / second)}s`;
  if (span < hour) return `${Math.floor(span / minute)}m${twoDigits((span % minute) / second)}s`;
  if (span < day) return `${Math.floor(span / hour)}h${twoDigits((span % hour) / minute)}m`;
  return `${Math.floor(span / day)}d${Math.floor((span % day) / hour)}h`;
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}

/** A token count: `210`, `12.3k`, `1.2M`. */
export function tokens(count: number): string {
  if (!Number.isFinite(count)) return unknown;
  if (count < 1000) return String(Math.round(count));
  // 999,950 would round up to 1000.0k.
  if (count < 999_950) return `${(count / 1000).toFixed(1)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** An amount in US dollars: `$0.12`, `<$0.01`, and `n/a` where no price is known. */
export function usd(amount: number | null): string {
  if (amount === null || !Number.isFinite(amount)) return unknown;
  if (amount > 0 && amount < 0.01) return '<$0.01';
  return `$${amount.toFixed(2)}`;
}

/** ISO time and age, both in Unix milliseconds: `2026-11-21T15:58:00Z (3m ago)`, or `(in 3m)` for what is due. */
export function timestamp(ms: number | undefined, now: number): string {
  if (ms === undefined || Math.abs(ms) > 8.64e15 || Number.isNaN(ms)) return unknown;
  const iso = new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
  return ms > now ? `${iso} (in ${age(ms - now)})` : `${iso} (${age(now - ms)} ago)`;
}

/** A span in milliseconds in its largest whole unit: `12s`, `3m`, `2h`, `3d`. */
export function age(ms: number): string {
  if (!Number.isFinite(ms)) return unknown;
  const span = Math.max(0, ms);
  if (span < minute) return `${Math.floor(span / second)}s`;
  if (span < hour) return `${Math.floor(span / minute)}m`;
  if (span < day) return `${Math.floor(span / hour)}h`;
  return `${Math.floor(span / day)}d`;
}

/** At most `max` UTF-16 units, an ellipsis included; never half an emoji. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text;
  if (max < 1) return '';
  const end = splitsPair(text, max - 1) ? max - 2 : max - 1;
  return `${text.slice(0, end).trimEnd()}…`;
}

/** Whether a cut at `index` would separate the two halves of one character. */
export function splitsPair(text: string, index: number): boolean {
  const before = text.charCodeAt(index - 1);
  const after = text.charCodeAt(index);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

export const labelLength = 48;
const labelWords = 5;
/** Marks of headings, lists and tasks. */
const listMark = /^(?:[^\p{L}\p{N}]+|\[x\]|\d+[.)])$/iu;

/** A short name for a task that was given none: the first words of its first line, at most 48 characters. */
export function deriveLabel(task: string): string {
  const words = oneLine(task.trimStart().split('\n', 1)[0] ?? '').split(' ');
  while (words.length > 1 && listMark.test(words[0] ?? '')) words.shift();
  let label = clip(words[0] ?? '', labelLength);
  for (const word of words.slice(1, labelWords)) {
    if (label.length + 1 + word.length > labelLength) break;
    label += ` ${word}`;
  }
  return usableLabel(label.replace(/[\s.,;:!?]+$/, ''));
}

/** `last`, `all` and numbers already mean something as a target, so a label never is one of them. */
function usableLabel(label: string): string {
  if (label === '') return 'task';
  return /^(?:last|all|#?\d+)$/i.test(label) ? `task ${label}` : label;
}

/** A reply that reads well without markup: title, rule, one item per line or `(none)`. */
export function titled(title: string, lines: readonly string[]): string {
  const head = title.endsWith(':') ? title : `${title}:`;
  return [head, '-----', ...(lines.length === 0 ? ['(none)'] : lines)].join('\n');
}
