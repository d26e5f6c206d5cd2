// The tables of results.md, a section for each program that writes there; what the others wrote stays. Used by all.ts and
// restarts.ts.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const path = join(import.meta.dirname, 'results.md');
const title = '# Killed in the middle of its work';

/** Puts a section in place of the one with this heading, or behind all others. */
export function writeSection(heading: string, body: string): void {
  const sections = readSections();
  sections.set(heading, body);
  const text = [...sections].map(([name, content]) => `## ${name}\n\n${content.trim()}\n`).join('\n');
  writeFileSync(path, `${title}\n\n${text}`);
}

/** Cells of the rows of a section's table; none when it is not there. */
export function readRows(heading: string): readonly (readonly string[])[] {
  const lines = (readSections().get(heading) ?? '').split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(1).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): readonly string[] {
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)];
}

function readSections(): Map<string, string> {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const parts = text.split(/^## (.+)$/m).slice(1);
  return new Map(parts.flatMap((part, index) => (index % 2 === 0 ? [[part, parts[index + 1] ?? ''] as const] : [])));
}
