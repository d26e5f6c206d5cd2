// Checks one typed value against what a parameter or flag takes, and reads durations. Used by words.ts and the commands.
import parseDurationText from 'parse-duration';
import type { ValueKind } from '../src/core/command.ts';
import { assertNever } from '../src/core/result.ts';

export type Checked = { readonly ok: true; readonly value: string } | { readonly ok: false; readonly message: string };

const offWords = new Set(['off', 'disable', 'disabled', 'none', '0']);
const hourMs = 3_600_000;
/** Above this a due time leaves the range of a date long before anybody waits for it. */
const longestMs = 3650 * 24 * hourMs;

/**
 * Reads a duration: a bare number is hours; `ms s m h d`, also joined (`1h30m`); a word for off gives 0.
 * @returns milliseconds, or undefined when the text is no duration
 */
export function parseDuration(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (offWords.has(word)) return 0;
  if (/^\d+(\.\d+)?$/.test(word)) return bounded(Number(word) * hourMs);
  // parse-duration skips what it does not know, so the form is checked first.
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(word)) return undefined;
  return bounded(parseDurationText(word) ?? 0);
}

function bounded(ms: number): number | undefined {
  return ms <= longestMs ? Math.round(ms) : undefined;
}

const spans = [
  ['d', 24 * hourMs],
  ['h', hourMs],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** A set limit as a person would type it, exact: `24h`, `7d`, `1h30m`, `500ms`. */
export function durationWords(ms: number): string {
  // Up to two days people count in hours.
  const units = ms < 48 * hourMs ? spans.slice(1) : spans;
  let rest = Math.round(ms);
  let words = '';
  for (const [unit, size] of units) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0) words += `${whole}${unit}`;
  }
  return words === '' ? '0s' : words;
}

/** A session key of the deepest run has about 250 characters. */
const longestWord = 500;

/** @param name how the value is called in the sentence, e.g. `limit` or `--thinking` */
export function checkValue(kind: ValueKind, name: string, typed: string): Checked {
  switch (kind.kind) {
    case 'choice':
      return checkChoice(kind.of, name, typed);
    case 'number':
      return checkNumber(kind, name, typed);
    case 'duration':
      if (parseDuration(typed) !== undefined) return { ok: true, value: typed };
      return { ok: false, message: `"${typed}" is not a duration. Write 30m, 2h, 1d, a bare number of hours, or off.` };
    case 'text':
      return { ok: true, value: typed };
    case 'word':
    case 'target':
    case 'agent':
    case 'harness':
    case 'acp':
    case 'model':
    case 'approval':
      if (typed.length <= longestWord) return { ok: true, value: typed };
      return { ok: false, message: `${name} is too long: ${typed.length} characters, at most ${longestWord}.` };
    default:
      return assertNever(kind);
  }
}

function checkChoice(choices: readonly string[], name: string, typed: string): Checked {
  const choice = choices.find((one) => one.toLowerCase() === typed.toLowerCase());
  if (choice !== undefined) return { ok: true, value: choice };
  return { ok: false, message: `${name} cannot be "${typed}". Choose: ${choices.join(', ')}.` };
}

/** A number above the maximum means the maximum: asking for more than there is gets all there is. */
function checkNumber(range: { readonly min: number; readonly max: number }, name: string, typed: string): Checked {
  const value = Number(typed);
  if (/^\d{1,15}$/.test(typed) && value >= range.min) return { ok: true, value: String(Math.min(value, range.max)) };
  return { ok: false, message: `${name} must be a whole number from ${range.min} to ${range.max}, not "${typed}".` };
}
