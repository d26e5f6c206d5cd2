// What a file keeps when it is replaced in one step.
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { writeAtomically } from '../../src/infra/atomic-write.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atomic-'));
  file = join(folder, 'a');
});
afterEach(() => rmSync(folder, { recursive: true }));

const facts = () => {
  const { uid, gid, mode } = statSync(file);
  return { uid, gid, mode: mode & 0o777, text: readFileSync(file, 'utf8') };
};

it('keeps its mode and leaves nothing beside it', async () => {
  writeFileSync(file, 'old', { mode: 0o640 });
  await writeAtomically(file, 'new', 0o600);
  expect(facts()).toMatchObject({ mode: 0o640, text: 'new' });
  expect(readdirSync(folder)).toEqual(['a']);
});

it.runIf(process.getuid?.() === 0)('stays the file of its owner when root writes it', async () => {
  writeFileSync(file, 'old', { mode: 0o600 });
  chownSync(file, 1234, 4321);
  await writeAtomically(file, 'new', 0o600);
  expect(facts()).toEqual({ uid: 1234, gid: 4321, mode: 0o600, text: 'new' });
});
