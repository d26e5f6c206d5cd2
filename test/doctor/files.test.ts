import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Finding } from '../../src/core/doctor.ts';
import { ok, refuse } from '../../src/core/result.ts';
import { folderState, knownFile, roomFor, secretFiles } from '../../src/doctor/files.ts';
import { repairAll } from '../../src/doctor/repair.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, text: string, mode = 0o600): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('files that hold secrets', () => {
  test('are the state folder, what is in it one folder deep, and the files named; links and what is missing are none', () => {
    mkdirSync(join(folder, 'home', 'transcripts'), { recursive: true, mode: 0o700 });
    const inside = put('home/transcripts/a.jsonl', 'x', 0o644);
    symlinkSync(inside, join(folder, 'home', 'link'));
    const env = put('.env', 'KEY=1', 0o640);
    const found = secretFiles(join(folder, 'home'), [env, join(folder, 'missing')]);
    expect(found.map(({ path, mode }) => [path.slice(folder.length + 1), mode])).toEqual([
      ['home', 0o700],
      ['home/transcripts', 0o700],
      ['home/transcripts/a.jsonl', 0o644],
      ['.env', 0o640],
    ]);
  });

  test('are none before the first start', () => {
    expect(secretFiles(join(folder, 'none'), [])).toEqual([]);
  });
});

describe('folders', () => {
  test('are there, missing, or no folder at all', () => {
    expect(folderState(folder).state).toBe('there');
    expect(folderState(join(folder, 'none')).state).toBe('missing');
    expect(folderState(put('file', '')).state).toBe('closed');
  });

  test('that will be made are judged by the closest one above', () => {
    expect(roomFor(join(folder, 'a', 'b')).writable).toBe(true);
    expect(roomFor(join(folder, 'a', 'b')).free).toBeGreaterThan(0);
  });
});

describe('a file to ask a model about', () => {
  test('is a usual one first, then any text; its first line has words in it', () => {
    put('zebra.txt', 'striped');
    expect(knownFile(folder)).toEqual({ name: 'zebra.txt', line: 'striped' });
    put('README.md', '\n\n# Yard\nmore');
    expect(knownFile(folder)).toEqual({ name: 'README.md', line: '# Yard' });
  });

  test('is none where nothing can be told from its first line', () => {
    put('rule.md', '-----\n');
    put('program', 'echo');
    expect(knownFile(folder)).toBeUndefined();
  });
});

const nobody = { leftovers: () => Promise.reject(new Error('nothing is left over here')) };

describe('repairs', () => {
  const finding = (repair: Finding['repair']): Finding => ({
    ...{ id: 'secrets', title: 'secret files', status: 'warn', fact: '' },
    ...(repair === undefined ? {} : { repair }),
  });

  test('close files and folders to others, make folders, and leave alone what only people can mend', async () => {
    const env = put('.env', '', 0o644);
    const home = join(folder, 'home');
    mkdirSync(home, { mode: 0o755 });
    const workspace = join(folder, 'work', 'shop');
    const told = await repairAll(
      [
        finding({ kind: 'private', path: env, folder: false }),
        finding({ kind: 'private', path: home, folder: true }),
        finding({ kind: 'folder', path: workspace }),
        finding(undefined),
      ],
      nobody,
    );
    expect([modeOf(env), modeOf(home), folderState(workspace).state]).toEqual([0o600, 0o700, 'there']);
    expect(told).toEqual([
      `✅ ${env} is for its owner alone now (mode 600).`,
      `✅ ${home} is for its owner alone now (mode 700).`,
      `✅ made ${workspace}.`,
    ]);
  });

  test('that do not work are told, and the next ones are done all the same', async () => {
    const env = put('.env', '', 0o644);
    const told = await repairAll(
      [
        finding({ kind: 'private', path: join(folder, 'gone'), folder: false }),
        finding({ kind: 'private', path: env, folder: false }),
      ],
      nobody,
    );
    expect(told[0]).toContain('gone could not be put right: ENOENT');
    expect(modeOf(env)).toBe(0o600);
  });

  test('of the store are left to whoever may change it', async () => {
    const leftovers = ['r1', 'r2'].map(
      (id) => ({ kind: 'stale', id, what: `${id} is dead.`, repair: 'ends it' }) as const,
    );
    const two = leftovers.map((leftover) => finding({ kind: 'leftover', leftover }));
    expect(await repairAll(two, { leftovers: async () => ok(new Set(['r1'])) })).toEqual([
      '✅ r1 is dead. Put right: ends it.',
      'ℹ️ r2 is dead. Nothing was left to do.',
    ]);
    expect(await repairAll(two, { leftovers: async () => refuse('busy', 'It is in use.', 'Stop it.') })).toEqual([
      '⚠️ It is in use. Stop it.',
    ]);
  });
});
