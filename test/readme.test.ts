// The README says what is so: commands, command line, settings, scripts and places are compared with the code.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { commandTable } from '../commands/index.ts';
import { isKey, listKeys } from '../src/infra/config-keys.ts';
import { parseKeyPath } from '../src/infra/key-path.ts';

const root = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');

/** The text below one `## heading`. */
function section(heading: string): string {
  const text = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (text === undefined) throw new Error(`the README has no section ${heading}`);
  return text;
}

/** What stands between backticks in the first column of a table. */
const firstColumn = (text: string): readonly string[] =>
  [...text.matchAll(/^\| (`.*?) \| /gm)].flatMap((row) =>
    [...(row[1] ?? '').matchAll(/`([^`]+)`/g)].map((each) => each[1] ?? ''),
  );

describe('the README', () => {
  it('lists every slash command and its other names, and no command that is not there', () => {
    const named = firstColumn(section('Commands')).flatMap((text) => /^\/([a-z-]+)/.exec(text)?.[1] ?? []);
    const real = commandTable().flatMap((command) => [command.name, ...(command.aliases ?? [])]);
    expect([...new Set(named)].sort()).toEqual([...real].sort());
  });

  it('names no setting that is not there', () => {
    const keys = listKeys().map((key) => key.path);
    const named = firstColumn(section('Settings'));
    expect(named.filter((key) => !keys.includes(key))).toEqual([]);
    const set = [...readme.matchAll(/config set ([a-z][\w.]+)/gi)].map((found) => found[1] ?? '');
    expect(set.filter((key) => !isKey(parseKeyPath(key) ?? []))).toEqual([]);
  });

  it('names scripts that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
    const named = [...readme.matchAll(/`npm (?:run )?(\w+)/g)]
      .map((found) => found[1] ?? '')
      .filter((name) => name !== 'ci');
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it('points to files and folders that are there', () => {
    const named = [...section('Where is what').matchAll(/`([\w./-]+)`/g)].map((found) => found[1] ?? '');
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('names every verb of the command line', () => {
    const source = read('src/cli/program.ts');
    const verbs = [...source.matchAll(/^ {2}(\w+): async \(\) => \(await import/gm)].map((found) => found[1] ?? '');
    expect(verbs).toContain('start');
    const named = firstColumn(section('Command line')).map((text) => text.split(' ')[0]);
    expect(verbs.filter((verb) => !named.includes(verb))).toEqual([]);
  });
});

test('.env.example names exactly the variables that are read', () => {
  const named = [...read('.env.example').matchAll(/^#?([A-Z][A-Z_]+)=/gm)].map((found) => found[1]);
  const real = [
    ...read('src/infra/env.ts').matchAll(
      /'((?:SWITCHYARD|DISCORD|TELEGRAM|WHATSAPP|OLLAMA)_[A-Z_]+|[A-Z_]+_API_KEY)'/g,
    ),
  ];
  expect([...named].sort()).toEqual([...new Set(real.map((found) => found[1]))].sort());
});
