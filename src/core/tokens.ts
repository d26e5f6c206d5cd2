// Cuts the text behind a command into words, and writes values as words. Used by the parser of commands/ and by channels
// whose platforms have commands of their own.
// Phone keyboards turn -- into a long dash, quotes into curly ones and spaces into no-break spaces: words forgive that,
// while every word keeps its position so that free text can be taken verbatim from the original.

export interface Token {
  /** The word with dashes and quotes made plain; the content of a quoted word is verbatim. */
  readonly text: string;
  /** The word as typed. */
  readonly raw: string;
  readonly quoted: boolean;
  /** Position in the original text; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
}

const double = '"“”„‟';
const single = "'‘’‚‛";
const dashes = '‐‑‒–—―−';
const invisible = /[\u200B\u200E\u200F\u2060\uFEFF]/g;

const doubled = (quotes: string): string => [...quotes].map((quote) => quote + quote).join('|');
const between = (quotes: string, name: string): string =>
  `[${quotes}](?<${name}>[^${quotes}]*(?:(?:${doubled(quotes)})[^${quotes}]*)*)[${quotes}]`;
/** A quote opens only at the start of a word and closes only at its end, so don't and 5" stay words. Doubled it is one. */
const quotedPart = `(?:${between(double, 'double')}|${between(single, 'single')})(?=\\s|$)`;
const quotedWord = new RegExp(quotedPart, 'y');
const flagWithQuoted = new RegExp(`(?<flag>[-${dashes}]{1,2}[\\p{L}][\\p{L}\\p{N}_${dashes}-]*=)${quotedPart}`, 'uy');
const plainWord = /\S+/y;
const gap = /\s*/y;

const leadingDashes = new RegExp(`^-*[${dashes}][-${dashes}]*(?=\\p{L}|$)`, 'u');
const anyDash = new RegExp(`[${dashes}]`, 'g');
const anyDouble = new RegExp(`[${double}]`, 'g');
const anySingle = new RegExp(`[${single}]`, 'g');
const doubledDouble = new RegExp(`([${double}])\\1`, 'g');
const doubledSingle = new RegExp(`([${single}])\\1`, 'g');

/** @param from where in `text` to begin */
export function tokenize(text: string, from = 0): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipGap(text, from);
  while (at < text.length) {
    const token = readToken(text, at);
    if (token.text !== '' || token.quoted) tokens.push(token);
    at = skipGap(text, token.end);
  }
  return tokens;
}

function readToken(text: string, start: number): Token {
  const quoted = matchAt(quotedWord, text, start);
  if (quoted) return token(quoted[0], start, { text: quotedContent(quoted), quoted: true });
  const flag = matchAt(flagWithQuoted, text, start);
  if (flag) {
    const word = plain(flag.groups?.flag ?? '') + quotedContent(flag);
    return token(flag[0], start, { text: word, quoted: false });
  }
  const word = matchAt(plainWord, text, start)?.[0] ?? '';
  return token(word, start, { text: plain(word), quoted: false });
}

function token(raw: string, start: number, read: Pick<Token, 'text' | 'quoted'>): Token {
  return { ...read, raw, start, end: start + raw.length };
}

function quotedContent(match: RegExpExecArray): string {
  const { double: inDouble, single: inSingle } = match.groups ?? {};
  return inDouble?.replaceAll(doubledDouble, '$1') ?? inSingle?.replaceAll(doubledSingle, '$1') ?? '';
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function skipGap(text: string, at: number): number {
  return at + (matchAt(gap, text, at)?.[0].length ?? 0);
}

/** A typed word as a plain keyboard would have written it. */
export function plain(word: string): string {
  return word
    .replaceAll(invisible, '')
    .replace(leadingDashes, '--')
    .replaceAll(anyDash, '-')
    .replaceAll(anyDouble, '"')
    .replaceAll(anySingle, "'");
}

/** Writes a value so that `tokenize` reads it back as one word. */
export function quoteWord(value: string): string {
  const safe = value !== '' && plain(value) === value && !/\s|^["'-]/.test(value);
  return safe ? value : quoted(value);
}

/** Writes a value as a quoted word: never a flag, a setting or a sub-word, whatever it says. */
export function quoted(value: string): string {
  const inSingle = value.search(anyDouble) >= 0 && value.search(anySingle) < 0;
  return inSingle ? `'${value}'` : `"${value.replaceAll(anyDouble, '$&$&')}"`;
}
