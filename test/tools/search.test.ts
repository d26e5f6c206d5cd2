// grep on real temporary folders, with patterns that would never end.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ToolOutput } from '../../src/core/tool.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { nameFilter } from '../../src/tools/name-filter.ts';
import { searchTool } from '../../src/tools/search.ts';
import { toolContext } from '../fakes/tool-context.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'search-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(name: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

function grep(input: Record<string, unknown>, deadlineMs = 10_000, signal?: AbortSignal): Promise<ToolOutput> {
  return searchTool(root, { clock: systemClock, deadlineMs }).run(input, toolContext(signal));
}

test('answers file, line and text in the order of names', async () => {
  put('b.txt', 'foo\nbar\nfoo bar\n');
  put('a/x.ts', 'let Foo = 1;\r\n');
  expect(await grep({ pattern: 'fo+' })).toEqual({ text: 'b.txt:1: foo\nb.txt:3: foo bar' });
  expect((await grep({ pattern: '(?i)FOO' })).text).toBe('a/x.ts:1: let Foo = 1;\nb.txt:1: foo\nb.txt:3: foo bar');
  expect((await grep({ pattern: 'foo', ignoreCase: true, include: '.ts' })).text).toBe('a/x.ts:1: let Foo = 1;');
  expect((await grep({ pattern: 'foo', path: 'b.txt', limit: 1 })).text).toBe(
    'b.txt:1: foo\n[cut at 1 matching lines; narrow the pattern, path or include]',
  );
});

test('plain text is taken literally, and no match says how much was searched', async () => {
  put('a.txt', 'price (in $)\n');
  expect((await grep({ pattern: '(in $', literal: true })).text).toBe('a.txt:1: price (in $)');
  expect(await grep({ pattern: 'zzz' })).toEqual({ text: 'No match in 1 files.' });
});

test('node_modules, .git, binaries and links are skipped, very large files are mentioned', async () => {
  put('node_modules/x/a.js', 'needle');
  put('.git/a', 'needle');
  put('bin', Buffer.from('needle\0'));
  put('big.txt', Buffer.alloc(5_000_001, 'needle '));
  put('ok.txt', 'needle');
  symlinkSync('/etc', join(root, 'etc'));
  symlinkSync('.', join(root, 'circle'));
  expect((await grep({ pattern: 'needle|root' })).text).toBe(
    'ok.txt:1: needle\n[1 files over 5 MB were not searched; use exec]',
  );
});

test('a bad expression, a missing path and a path outside are failures with the fix', async () => {
  expect((await grep({ pattern: '(' })).text).toMatch(/no valid regular expression: .*literal to true/);
  expect((await grep({ pattern: 'x', path: 'none' })).text).toContain('no such file or folder');
  expect((await grep({ pattern: 'x', path: '/etc' })).text).toContain('outside the workspace');
});

test('an expression that never ends is cut off; what was found before stays', async () => {
  put('a.txt', 'aab\n');
  put('b.txt', `${'a'.repeat(60)}!\n`);
  const output = await grep({ pattern: '^(a+)+b?$|aab' }, 600);
  expect(output.text).toContain('a.txt:1: aab');
  expect(output.text).toMatch(/cut off for taking too long, in file 2 \(b\.txt\)/);
});

test('an abort ends the search at once', async () => {
  put('b.txt', `${'a'.repeat(60)}!\n`);
  const controller = new AbortController();
  const pending = grep({ pattern: '^(a+)+$' }, 60_000, controller.signal);
  controller.abort();
  expect(await pending).toEqual({ text: 'The search was stopped.', failed: true });
});

test('the include filter knows extensions, wildcards, braces and lists, and ignores folders', () => {
  const accepted = (include: string, name: string): boolean => nameFilter(include)(name);
  for (const include of ['.ts', 'ts', '*.ts', '**/*.ts', 'src/*.ts', '*.{js,ts}', '.md,.ts', '?.ts']) {
    expect(accepted(include, 'a.ts'), include).toBe(true);
    expect(accepted(include, 'a.tsx'), include).toBe(false);
  }
  expect(accepted('*.test.*', 'a.test.ts')).toBe(true);
  expect(accepted('Dockerfile', 'Dockerfile')).toBe(true);
  expect(accepted('', 'x')).toBe(true);
  expect(accepted(`${'*a'.repeat(30)}b`, 'a'.repeat(200))).toBe(false);
});
