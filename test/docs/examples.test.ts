// Every setting that the README and the pages show is taken as it stands there.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ConfigFile } from '../../src/infra/config-file.ts';
import { readEnv } from '../../src/infra/env.ts';
import { virtualClock } from '../fakes/clock.ts';
import { folder as pages } from './pages.ts';

const texts = await Promise.all([
  readFile(join(pages, '..', 'README.md'), 'utf8'),
  ...(await readdir(pages)).map((name) => readFile(join(pages, name), 'utf8')),
]);

const line = /config set ('[^']+'|[a-z][^\s'`]*) ('[^']+'|[^\s'`]+)/g;
const bare = (word: string): string => word.replace(/^'|'$/g, '');
/** Somebody's own value, in place of what stands between the brackets. */
const filled = (text: string): string =>
  text.replace('<16 characters or more>', '0123456789abcdef').replaceAll(/<[^>]+>/g, '123456789');
const settings = new Map(
  texts.flatMap((text) =>
    [...text.matchAll(line)].map(([, key = '', value = '']) => {
      return [`${bare(key)} ${bare(value)}`, { key: filled(bare(key)), value: filled(bare(value)) }] as const;
    }),
  ),
);
const files = texts.flatMap((text) => [...text.matchAll(/```json5\n(.*?)```/gs)].map((found) => found[1] ?? ''));

let home: string;
let file: ConfigFile;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'switchyard-docs-'));
  file = new ConfigFile({
    env: readEnv({ TELEGRAM_TOKEN: '123:abc' }, home),
    clock: virtualClock(),
    workingDirectory: home,
  });
});

afterEach(async () => {
  file.close();
  await rm(home, { recursive: true, force: true });
});

it('there are such examples', () => {
  expect([settings.size > 10, files.length > 0]).toEqual([true, true]);
});

it.each([...settings])('config set %s', async (_line, { key, value }) => {
  await file.load();
  expect(await file.set(key, value)).toMatchObject({ ok: true });
});

it.each(files)('the file %#', async (text) => {
  await writeFile(join(home, 'switchyard.json5'), text);
  await file.load();
  expect(file.error).toBeUndefined();
});
