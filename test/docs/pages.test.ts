// The pages below docs/ say what is so.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { isKey } from '../../src/infra/config-keys.ts';
import { parseKeyPath } from '../../src/infra/key-path.ts';
import { folder, made, madePages, read } from './pages.ts';

const root = join(folder, '..');
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));

test.each(madePages)('%s is as the code says (npm run docs writes it)', (page) => {
  expect(read(page)).toBe(made(page));
});

it.each(pages)('docs/%s points to pages, headings, files and folders that are there', (page) => {
  const text = read(page);
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((found) => found[1] ?? '');
  expect(links.filter((link) => !link.startsWith('https://') && !leadsSomewhere(page, link))).toEqual([]);
  const paths = [...text.matchAll(/`((?:src|channels|commands|test|docs)\/[\w./-]+)`/g)].map((found) => found[1] ?? '');
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it.each(pages)('docs/%s sets no key that is not there, and runs no script that is not there', (page) => {
  const text = read(page);
  const keys = [...text.matchAll(/config set '?([a-z][\w.]+?)[' .]/gi)].map((found) => found[1] ?? '');
  expect(keys.filter((key) => !isKey(parseKeyPath(key) ?? []))).toEqual([]);
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
  const named = [...text.matchAll(/npm run ([\w:]+)/g)].map((found) => found[1] ?? '');
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('the README leads to every page', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  expect(pages.filter((page) => !readme.includes(`(docs/${page})`))).toEqual([]);
});

function leadsSomewhere(page: string, link: string): boolean {
  const [path = '', heading] = link.split('#');
  const file = path === '' ? join(folder, page) : join(folder, path);
  if (!existsSync(file)) return false;
  return heading === undefined || headings(readFileSync(file, 'utf8')).includes(heading);
}

/** As the sites that show Markdown name them. */
function headings(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map((found) =>
    (found[1] ?? '')
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}
