import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogTail } from '../../src/web/log-tail.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-tail-'));
  path = join(folder, 'switchyard.log');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const line = (msg: string, more: object = {}): string =>
  `${JSON.stringify({ level: 'info', time: Date.UTC(2026, 0, 1, 12), msg, ...more })}\n`;
const texts = async (tail: LogTail): Promise<readonly string[]> =>
  (await tail.read()).map(({ n, text }) => `${n} ${text.replace(/^\S+ \w+ +/, '')}`);

test('lines are numbered as they are added, half of one waits for its end', async () => {
  const tail = new LogTail(path);
  expect(await tail.read()).toEqual([]);
  writeFileSync(path, line('one'));
  expect(await texts(tail)).toEqual(['1 one']);
  appendFileSync(path, line('two').slice(0, 20));
  expect(await texts(tail)).toEqual(['1 one']);
  appendFileSync(path, line('two').slice(20) + line('three', { level: 'warn' }));
  expect(await texts(tail)).toEqual(['1 one', '2 two', '3 three']);
  expect((await tail.read()).at(-1)?.level).toBe('warn');
});

test('a file that was turned over goes on with the new one', async () => {
  const tail = new LogTail(path);
  writeFileSync(path, line('old one') + line('old two'));
  await tail.read();
  renameSync(path, `${path}.1`);
  expect(await texts(tail)).toEqual(['1 old one', '2 old two']);
  writeFileSync(path, line('new'));
  expect(await texts(tail)).toEqual(['1 old one', '2 old two', '3 new']);
});

test('of a large file only the newest lines are read, whole ones', async () => {
  writeFileSync(path, Array.from({ length: 10_000 }, (_, index) => line(`line ${index}`)).join(''));
  const tail = new LogTail(path);
  const rows = await tail.read();
  expect(rows).toHaveLength(200);
  expect(rows.at(-1)?.text).toMatch(/line 9999$/);
  expect(rows.every(({ text }) => /^2026-01-01T12:00:00.000Z info +line \d+$/.test(text))).toBe(true);
});

test('secrets that got into the file do not get further, and a line is not endless', async () => {
  writeFileSync(
    path,
    line('key sk-ant-api03-abcdefghijklmnop1234 was used') +
      line('x'.repeat(5_000)) +
      'no json sk-abcdefghijklmnopqrst\n',
  );
  const all = await new LogTail(path).read();
  expect(all[0]?.text).toContain('key [redacted] was used');
  expect(all[1]?.text.length).toBe(600);
  expect(all[2]?.text).toBe('no json [redacted]');
});
