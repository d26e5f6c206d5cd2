// Holds head comments to the code: files they name exist, and those they name as callers load the file. Used by the
// architecture test.
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Rule } from './habits.ts';
import { root, type Source } from './source.ts';

/** The library is no file. */
const fileName = /\b(?!discord\.js\b)[\w.-]+(?:\/[\w.-]+)*\.(?:ts|mjs|js)\b/g;
/** `Called by a.ts and b.ts.`: everything up to the end of the sentence. */
const callers =
  /\b(?:asked|built|called|constructed|made|opened|parsed|read|run|shown|started|taken|used)\b[^.;]*?\bby\b(.*?)(?:[.;](?:\s|$)|$)/gi;

/** @param all every file that a head comment may name */
export function misnamesFiles(all: readonly Source[]): Rule {
  return (source) => {
    const head = headOf(source);
    const unknown = namesIn(head)
      .filter((name) => !existsSync(join(root, name)) && named(name, all).length === 0)
      .map((name) => `${source.path}: there is no ${name}`);
    const strangers = [...head.matchAll(callers)]
      .flatMap(([, sentence = '']) => namesIn(sentence))
      .map((name) => ({ name, files: named(name, all) }))
      .filter(({ files }) => files.length > 0 && !files.some((file) => loads(file, source)))
      .map(({ name }) => `${source.path}: ${name} does not load it`);
    return [...unknown, ...strangers];
  };
}

/** The comment lines at the top, as one line. */
function headOf({ lines }: Source): string {
  const head = lines[0]?.startsWith('#!') ? lines.slice(1) : lines;
  const end = head.findIndex((line) => !line.startsWith('//'));
  return head
    .slice(0, end === -1 ? undefined : end)
    .map((line) => line.slice(2).trim())
    .join(' ');
}

const namesIn = (text: string): readonly string[] => text.match(fileName) ?? [];

const named = (name: string, all: readonly Source[]): readonly Source[] =>
  all.filter(({ path }) => path === name || path.endsWith(`/${name}`));

/** By an import, or as a thread or process whose file it names in a string. */
function loads(caller: Source, { path }: Source): boolean {
  if (caller.imports.some(({ file }) => file === path)) return true;
  const name = basename(path);
  return caller.nodes.some(({ type, value }) => type === 'Literal' && String(value).endsWith(`/${name}`));
}
