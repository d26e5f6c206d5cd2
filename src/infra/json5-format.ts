// Writes values as JSON5 in the manner of the file they go into. Called by config-edit.ts.
import type { Token } from '@humanwhocodes/momoa';
import JSON5 from 'json5';
import { isPlainObject } from './key-path.ts';

export interface Style {
  /** One step of indentation. */
  readonly indent: string;
  readonly newline: string;
  readonly quote: '"' | "'";
  readonly quoteNames: boolean;
  readonly trailingCommas: boolean;
  /** `{ a: 1 }` rather than `{a: 1}`. */
  readonly spaced: boolean;
}

/** Width up to which a list or an object stays on one line. */
const lineWidth = 80;

/** How the file is written, judged by what stands in it; for an empty one our own manner. */
export function styleOf(source: string, tokens: readonly Token[]): Style {
  const text = (token: Token): string => source.slice(token.loc.start.offset, token.loc.end.offset);
  const strings = tokens.filter((token) => token.type === 'String').map(text);
  const names = tokens.filter((_, index) => tokens[index + 1]?.type === 'Colon');
  const closers = tokens.flatMap((token, index) =>
    token.type === 'RBrace' || token.type === 'RBracket' ? [tokens[index - 1]?.type] : [],
  );
  const filled = closers.filter((before) => before !== 'LBrace' && before !== 'LBracket');
  return {
    indent: /^([ \t]+)\S/m.exec(source.replace(/\/\*[\s\S]*?\*\//g, ''))?.[1] ?? '  ',
    newline: source.includes('\r\n') ? '\r\n' : '\n',
    quote: strings.filter((string) => string.startsWith('"')).length > strings.length / 2 ? '"' : "'",
    quoteNames: names.length > 0 && names.every((token) => token.type === 'String'),
    trailingCommas: filled.length === 0 || filled.some((before) => before === 'Comma'),
    spaced: !tokens.some((token) => token.type === 'LBrace' && /[^\s{}[\]]/.test(source[token.loc.end.offset] ?? ' ')),
  };
}

/** White space at the start of the line that holds `offset`. */
export function indentAt(source: string, offset: number): string {
  const lineStart = source.slice(0, offset).search(/[^\n\r]*$/);
  return /^[ \t]*/.exec(source.slice(lineStart, offset))?.[0] ?? '';
}

/** `name: value`, or the bare value of a list entry. */
export function formatMember(
  part: { readonly name: string | undefined; readonly value: unknown },
  style: Style,
  indent: string,
): string {
  const value = formatValue(part.value, style, indent);
  return part.name === undefined ? value : `${formatName(part.name, style)}: ${value}`;
}

/** @param indent of the line the value starts on */
export function formatValue(value: unknown, style: Style, indent: string): string {
  const inline = formatInline(value, style);
  if (inline.length <= lineWidth || !(Array.isArray(value) || isPlainObject(value))) return inline;
  const inner = `${indent}${style.indent}`;
  const parts = Array.isArray(value)
    ? value.map((item: unknown) => formatValue(item, style, inner))
    : Object.entries(value).map(([name, item]) => formatMember({ name, value: item }, style, inner));
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const lines = parts.map(
    (part, index) => `${inner}${part}${index < parts.length - 1 || style.trailingCommas ? ',' : ''}`,
  );
  return [open, ...lines, `${indent}${close}`].join(style.newline);
}

function formatInline(value: unknown, style: Style): string {
  if (Array.isArray(value)) return `[${value.map((item: unknown) => formatInline(item, style)).join(', ')}]`;
  if (!isPlainObject(value)) return JSON5.stringify(value, { quote: style.quote });
  const parts = Object.entries(value).map(([name, item]) => `${formatName(name, style)}: ${formatInline(item, style)}`);
  if (parts.length === 0) return '{}';
  return style.spaced ? `{ ${parts.join(', ')} }` : `{${parts.join(', ')}}`;
}

function formatName(name: string, style: Style): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && !style.quoteNames ? name : JSON5.stringify(name, { quote: style.quote });
}
