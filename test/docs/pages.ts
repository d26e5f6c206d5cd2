// The pages below docs/ with parts that are made from the code, between two marks. Used by write.ts and pages.test.ts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandsPart } from './commands-page.ts';
import { settingsTable } from './settings-table.ts';

export const folder = join(import.meta.dirname, '..', '..', 'docs');

const parts: Readonly<Record<string, () => readonly string[]>> = {
  'configuration.md': settingsTable,
  'commands.md': commandsPart,
};

export const madePages: readonly string[] = Object.keys(parts);

const begin = '<!-- made from the code by `npm run docs`, from here -->';
const end = '<!-- to here -->';

export const read = (page: string): string => readFileSync(join(folder, page), 'utf8');

/** The page as it should be: what people wrote, and what the code says. */
export function made(page: string): string {
  const text = read(page);
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  const part = parts[page];
  if (part === undefined || from === -1 || to < from) throw new Error(`docs/${page} lacks the two marks`);
  return [text.slice(0, from + begin.length), ...part(), text.slice(to)].join('\n');
}
