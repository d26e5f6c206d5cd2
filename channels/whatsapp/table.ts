// A Markdown table for a narrow screen: columns in a line where they fit, else each row as `name: value` lines. Pure; used by
// render.ts.
import type { Span } from '../shared/spans.ts';
import { readSpans } from '../shared/spans.ts';

export type TableLines =
  | { readonly kind: 'aligned'; readonly lines: readonly string[] }
  /** A blank line between two rows. */
  | { readonly kind: 'listed'; readonly lines: readonly (readonly Span[] | '')[] };

/** Characters of fixed width that a phone shows in a line. */
const widest = 36;

/** @param source header, dashes, rows; undefined where there are no rows or no columns */
export function tableLines(source: readonly string[]): TableLines | undefined {
  const [head = [], , ...rows] = source.map(cellsOf);
  if (head.length === 0 || rows.length === 0) return undefined;
  const plain = [head, ...rows].map((row) => head.map((_, column) => plainText(row[column] ?? '')));
  const widths = head.map((_, column) => Math.max(...plain.map((row) => width(row[column] ?? ''))));
  const total = widths.reduce((sum, each) => sum + each, 0) + 2 * (widths.length - 1);
  return total <= widest
    ? { kind: 'aligned', lines: aligned(plain, widths) }
    : { kind: 'listed', lines: listed(head, rows) };
}

function cellsOf(line: string): readonly string[] {
  const bare = line
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return bare.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** In fixed width there are no styles. */
function plainText(cell: string): string {
  return spansOf(cell)
    .map(({ text }) => text)
    .join('');
}

function spansOf(cell: string): readonly Span[] {
  return readSpans(cell, () => false);
}

function width(text: string): number {
  return [...text].length;
}

function aligned(rows: readonly (readonly string[])[], widths: readonly number[]): readonly string[] {
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell))))
      .join('  ')
      .trimEnd();
  const [head = [], ...body] = rows;
  return [line(head), widths.map((each) => '-'.repeat(Math.max(1, each))).join('  '), ...body.map(line)];
}

/** The first cell names the row. */
function listed(head: readonly string[], rows: readonly (readonly string[])[]): readonly (readonly Span[] | '')[] {
  return rows.flatMap((row, index) => {
    const [title = '', ...rest] = row;
    const values = rest.flatMap((cell, column) =>
      cell === '' ? [] : [[...plainSpan(`${head[column + 1] ?? ''}: `), ...spansOf(cell)]],
    );
    const named = title === '' ? [] : [readSpans(title, () => false, ['bold'])];
    return [...(index === 0 ? [] : ['' as const]), ...named, ...values];
  });
}

function plainSpan(text: string): readonly Span[] {
  return [{ text, styles: [] }];
}
