// No path, however spelled and whatever links exist, leads out of the workspace.
import {
  constants,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isInside } from '../../src/tools/inside.ts';
import { openInside, replaceInside, resolveInside } from '../../src/tools/workspace.ts';

let base: string;
let root: string;
let outside: string;

beforeEach(() => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'workspace-')));
  root = join(base, 'work');
  outside = join(base, 'outside');
  mkdirSync(join(root, 'src/deep'), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(root, 'src/a.txt'), 'inside');
  writeFileSync(join(outside, 'secret.txt'), 'secret');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

async function refusal(path: string): Promise<string | undefined> {
  const result = await resolveInside(root, path);
  return result.ok ? undefined : result.refusal.code;
}

async function place(path: string) {
  const result = await resolveInside(root, path);
  if (!result.ok) throw new Error(result.refusal.message);
  return result.value;
}

test('a path inside, relative or absolute, is accepted and shown relative to the workspace', async () => {
  expect((await place('src/a.txt')).path).toBe(join(root, 'src/a.txt'));
  expect((await place(join(root, 'src/a.txt'))).shown).toBe('src/a.txt');
  expect((await place('src/../src/./a.txt')).shown).toBe('src/a.txt');
  expect((await place('.')).shown).toBe('.');
  expect((await place('new/folder/file.txt')).shown).toBe('new/folder/file.txt');
});

test('dots and absolute paths that lead out are refused with a sentence that names the workspace', async () => {
  for (const path of ['..', '../outside/secret.txt', '/etc/passwd', 'src/../../outside', '/', `${root}-other/x`]) {
    const result = await resolveInside(root, path);
    expect(result.ok ? 'accepted' : result.refusal.code, path).toBe('outside_workspace');
    if (!result.ok) expect(result.refusal.message).toContain(root);
  }
});

test('a folder whose name only begins with two dots is inside', async () => {
  expect((await place('..data/x')).shown).toBe('..data/x');
});

test('links are followed: those that stay inside work, those that lead out are refused', async () => {
  symlinkSync(join(root, 'src'), join(root, 'good'));
  symlinkSync(outside, join(root, 'bad'));
  symlinkSync('../../outside', join(root, 'src/bad'));
  symlinkSync('bad', join(root, 'chain'));
  expect((await place('good/a.txt')).shown).toBe('src/a.txt');
  for (const path of ['bad', 'bad/secret.txt', 'src/bad/secret.txt', 'chain/secret.txt', 'bad/new.txt', 'good/bad']) {
    expect(await refusal(path), path).toBe('outside_workspace');
  }
});

test('a dangling link that points out is refused, so that a write cannot create its target', async () => {
  symlinkSync(join(outside, 'not-yet.txt'), join(root, 'dangling'));
  expect(await refusal('dangling')).toBe('outside_workspace');
});

test('links in a circle, NUL characters and a missing workspace are refused', async () => {
  symlinkSync('loop', join(root, 'loop'));
  expect(await refusal('loop/x')).toBe('bad_path');
  expect(await refusal('a\0b')).toBe('bad_path');
  const missing = await resolveInside(join(base, 'nowhere'), 'x');
  expect(missing.ok ? '' : missing.refusal.code).toBe('workspace_missing');
});

test('a workspace reached through a link itself works', async () => {
  symlinkSync(root, join(base, 'alias'));
  const result = await resolveInside(join(base, 'alias'), join(base, 'alias', 'src/a.txt'));
  expect(result.ok && result.value.shown).toBe('src/a.txt');
});

test('a folder swapped for a link after the check is noticed when the file is opened', async () => {
  const checked = await place('src/secret.txt');
  renameSync(join(root, 'src'), join(root, 'old'));
  symlinkSync(outside, join(root, 'src'));
  const opened = await openInside(checked, constants.O_RDONLY);
  expect(opened.ok ? 'opened' : opened.refusal.code).toBe('outside_workspace');
});

test('a file swapped for a link after the check is not opened', async () => {
  const checked = await place('src/a.txt');
  rmSync(join(root, 'src/a.txt'));
  symlinkSync(join(outside, 'secret.txt'), join(root, 'src/a.txt'));
  expect((await openInside(checked, constants.O_RDONLY)).ok).toBe(false);
});

test('a folder swapped for a link after the check is not written to', async () => {
  const checked = await place('src/secret.txt');
  renameSync(join(root, 'src'), join(root, 'old'));
  symlinkSync(outside, join(root, 'src'));
  expect((await replaceInside(checked, { data: 'overwritten', unique: 'u' })).ok).toBe(false);
  expect(readFileSync(join(outside, 'secret.txt'), 'utf8')).toBe('secret');
});

test('property: whatever the links and the path, an accepted path is really inside', async () => {
  const name = fc.constantFrom('a', 'b', 'c', 'src', 'deep');
  const step = fc.oneof(name, fc.constantFrom('..', '.', '', '...', '~', ' ', '%2e%2e', '..\\..'));
  const path = fc.array(step, { maxLength: 8 }).map((steps) => steps.join('/'));
  const target = fc.oneof(
    path,
    path.map((p) => `/${p}`),
    fc.constantFrom('/', '..', '../outside', '../..', '/tmp', '/proc/self/root'),
  );
  const anyPath = fc.oneof(
    path,
    path.map((p) => `/${p}`),
    fc.string(),
    path.map((p) => `${root}/${p}`),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(name, fc.boolean(), target), { maxLength: 4 }),
      fc.array(anyPath, { minLength: 1, maxLength: 5 }),
      async (links, paths) => {
        const made: string[] = [];
        for (const [link, deep, to] of links) {
          const at = join(root, deep ? 'src' : '', `l-${link}`);
          try {
            symlinkSync(to.replaceAll('\0', '') || '.', at);
            made.push(at);
          } catch {
            // Already there.
          }
        }
        try {
          const candidates = [...paths, ...paths.flatMap((p) => made.map((at) => `${at}/${p}`)), ...made];
          for (const candidate of candidates) {
            const result = await resolveInside(root, candidate);
            if (!result.ok) continue;
            expect(isInside(root, result.value.path)).toBe(true);
            // The system's own opinion, where the path exists.
            const real = tryRealpath(result.value.path);
            if (real !== undefined) expect(real).toBe(result.value.path);
          }
        } finally {
          for (const at of made) rmSync(at);
        }
      },
    ),
    { numRuns: 150 },
  );
});

function tryRealpath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
