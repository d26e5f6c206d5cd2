// Markdown inside a paragraph, as pieces of text with a style, for any platform. Read with the lexer of marked, bounded in
// time, and stricter than CommonMark where a bot talks of names, paths and numbers. Called by markdown.ts.
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked';

export type Style = 'bold' | 'italic' | 'strike' | 'code';

/** Text in one style. A code span may also be bold or part of a link: each platform decides what it can show. */
export interface Span {
  readonly text: string;
  /** Outermost first, none twice. */
  readonly styles: readonly Style[];
  /** Address the text leads to. */
  readonly href?: string;
}

/** Whether the platform can hide this address behind a text. If not, it is shown: `text (address)`. */
export type CanLink = (href: string) => boolean;

interface Look {
  readonly styles: readonly Style[];
  readonly href?: string;
  readonly canLink: CanLink;
}

/** The lexer takes time in the square of the marks, and of the letters before an `@`. With these it takes milliseconds. */
const mostMarks = 200;
const longestWord = 2000;
const longestMailbox = 500;

/**
 * Reads a paragraph. Line breaks stay as they are; raw HTML and references (`[text][name]`) stay text, for a chunk of a
 * message need not hold what they refer to. The text of all spans is never longer than the source.
 * @param styles what all of it is, as a heading is bold
 */
export function readSpans(source: string, canLink: CanLink, styles: readonly Style[] = []): readonly Span[] {
  if (quickToRead(source)) return walk(source, Lexer.lexInline(source), { styles, canLink });
  const lines = source.split('\n');
  if (lines.length === 1) return [{ text: source, styles }];
  return lines.flatMap((line, index) => [
    ...(index === 0 ? [] : [{ text: '\n', styles }]),
    ...readSpans(line, canLink, styles),
  ]);
}

function quickToRead(source: string): boolean {
  if (source.length <= mostMarks) return true;
  const marks = source.match(/[*_~`[\]<]/g) ?? [];
  const words = source.split(/\s+/);
  return (
    marks.length <= mostMarks &&
    words.every((word) => word.length <= (word.includes('@') ? longestMailbox : longestWord))
  );
}

/** @param source what the tokens were read from, for what stands next to a mark */
function walk(source: string, tokens: readonly Token[], look: Look): readonly Span[] {
  let at = 0;
  return tokens.flatMap((token) => {
    const before = source.charAt(at - 1);
    at += token.raw.length;
    // Without extensions the lexer knows no other tokens.
    const known = token as MarkedToken;
    const emphasis = emphasisOf(known);
    if (emphasis === undefined) return spansOf(known, look);
    const { inner, tokens: within, mark, style } = emphasis;
    if (!isMeant(emphasis, before + source.charAt(at))) {
      const typed = shown(mark, look);
      return [typed, ...walk(inner, within, look), typed];
    }
    const styles = look.styles.includes(style) ? look.styles : [...look.styles, style];
    return walk(inner, within, { ...look, styles });
  });
}

function shown(text: string, { styles, href }: Look): Span {
  return href === undefined ? { text, styles } : { text, styles, href };
}

interface Emphasis {
  readonly mark: string;
  /** What stands between the marks. */
  readonly inner: string;
  readonly tokens: readonly Token[];
  readonly style: Style;
}

function emphasisOf(token: MarkedToken): Emphasis | undefined {
  switch (token.type) {
    case 'em':
      return between(token, 1, 'italic');
    case 'strong':
      return between(token, 2, 'bold');
    case 'del':
      return between(token, token.raw.startsWith('~~') ? 2 : 1, 'strike');
    default:
      return undefined;
  }
}

function between({ raw, tokens }: Tokens.Em | Tokens.Strong | Tokens.Del, width: number, style: Style): Emphasis {
  return { mark: raw.slice(0, width), inner: raw.slice(width, -width), tokens, style };
}

/**
 * CommonMark calls more emphasis than people mean. Typed as they are: marks in a word or number (`2**3**4`), in paths
 * (`src/*.ts, test/*.ts`), single ones over a line end (`allow: *.ts` above `deny: a*`), `__init__`, and `~5 or 6~`.
 * @param outside the characters before and after, as far as there are any
 */
function isMeant({ mark, inner }: Emphasis, outside: string): boolean {
  if (/\w/.test(outside) || /^[/\\]|[/\\]$/.test(inner)) return false;
  if (mark === '~' || (mark === '__' && /^\w+$/.test(inner))) return false;
  return mark.length > 1 || !inner.includes('\n');
}

function spansOf(token: MarkedToken, look: Look): readonly Span[] {
  switch (token.type) {
    case 'escape':
      return [shown(token.text, look)];
    case 'codespan':
      return [shown(codeText(token), { ...look, styles: [...look.styles, 'code'] })];
    case 'br':
      return [shown(token.raw.slice(token.raw.indexOf('\n')), look)];
    case 'link':
      return linkSpans(token, look);
    case 'image':
      return imageSpans(token, look);
    default:
      // As typed: character references, HTML, and what the lexer gives up.
      return [shown(token.raw, look)];
  }
}

/** The lexer turns line ends into spaces; here they stay. */
function codeText({ raw, text }: Tokens.Codespan): string {
  const width = /^`+/.exec(raw)?.[0].length ?? 0;
  const inner = raw.slice(width, -width);
  return inner.length === text.length ? inner : inner.slice(1, -1);
}

/** A bare address stays text: platforms find those by themselves. */
function linkSpans(token: Tokens.Link, look: Look): readonly Span[] {
  if (token.autolink === true) return [shown(token.text, look)];
  if (token.href === '') return [shown(token.raw, look)];
  const { href } = token;
  const spans = walk(token.text, token.tokens, look.canLink(href) ? { ...look, href } : look);
  return placed(token, spans, look);
}

/** Its description, leading to it. Within a link it is the description alone: one text leads to one place. */
function imageSpans(token: Tokens.Image, look: Look): readonly Span[] {
  if (token.href === '') return [shown(token.raw, look)];
  const { href, text } = token;
  if (look.href !== undefined) return [shown(text.trim() === '' ? href : text, look)];
  return placed(token, [shown(text, look.canLink(href) ? { ...look, href } : look)], look);
}

/** The text of a link with what else has to be seen of it: the address where the text cannot lead there, and the title. */
function placed({ href, title }: Tokens.Link | Tokens.Image, spans: readonly Span[], look: Look): readonly Span[] {
  const address = href.replace(/^(?:mailto|tel):/i, '') || href;
  const text = spans.map((span) => span.text).join('');
  const linked = look.canLink(href);
  const after = (words: string): Span => shown(` (${words})`, look);
  const body =
    text.trim() === ''
      ? [shown(address, linked ? { ...look, href } : look)]
      : [...spans, ...(linked || text === address || text === href ? [] : [after(address)])];
  return title === undefined || title === null || title === '' ? body : [...body, after(title)];
}
