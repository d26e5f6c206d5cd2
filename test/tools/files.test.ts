// read, ls, write and edit on real temporary folders.
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ToolOutput } from '../../src/core/tool.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { decideEdit } from '../../src/tools/edit.ts';
import { fileTools } from '../../src/tools/files.ts';
import { seededIds } from '../fakes/ids.ts';
import { toolContext } from '../fakes/tool-context.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'files-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function call(name: string, input: Record<string, unknown>): Promise<ToolOutput> {
  const tool = fileTools(root, { clock: systemClock, ids: seededIds() }).find((each) => each.name === name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  return tool.run(input, toolContext());
}
const put = (name: string, content: string | Buffer): void => writeFileSync(join(root, name), content);
const get = (name: string): string => readFileSync(join(root, name), 'utf8');

test('every file tool has an example that its own parameters accept', () => {
  for (const tool of fileTools(root, { clock: systemClock, ids: seededIds() })) {
    expect(tool.parameters.kind === 'zod' && tool.parameters.schema.safeParse(tool.example).success, tool.name).toBe(
      true,
    );
  }
});

test('wrong parameters are a failure that names them and shows an example, not an exception', async () => {
  const output = await call('read', { file: 'x' });
  expect(output.failed).toBe(true);
  expect(output.text).toMatch(/schema validation error[\s\S]*path[\s\S]*Example: /);
});

test.each(['read', 'ls', 'grep', 'write', 'edit'])('%s refuses a path outside the workspace', async (name) => {
  const output = await call(name, { path: '../x', pattern: 'a', content: 'x', oldText: 'a', newText: 'b' });
  expect(output.failed).toBe(true);
  expect(output.text).toContain('outside the workspace');
});

describe('read', () => {
  test('a short file comes as it is', async () => {
    put('a.txt', 'one\ntwo\n');
    expect(await call('read', { path: 'a.txt' })).toEqual({ text: 'one\ntwo' });
  });

  test('a long file comes in parts that say where to continue', async () => {
    put('a.txt', Array.from({ length: 2500 }, (_, i) => `line ${i + 1}`).join('\n'));
    const first = await call('read', { path: 'a.txt' });
    expect(first.text.endsWith('line 2000\n[lines 1-2000 of 2500. Continue with offset 2001.]')).toBe(true);
    const second = await call('read', { path: 'a.txt', offset: 2001 });
    expect(second.text.startsWith('line 2001\n')).toBe(true);
    expect(second.text.endsWith('[lines 2001-2500 of 2500.]')).toBe(true);
    const few = await call('read', { path: 'a.txt', offset: 3, limit: 2 });
    expect(few.text).toBe('line 3\nline 4\n[lines 3-4 of 2500. Continue with offset 5.]');
  });

  test('the text is bounded by size too, and a very long line is cut', async () => {
    put('wide.txt', Array.from({ length: 100 }, () => 'x'.repeat(3000)).join('\n'));
    const output = await call('read', { path: 'wide.txt' });
    expect(output.text.length).toBeLessThan(52_000);
    expect(output.text).toContain('[… 1000 more characters in this line]');
    expect(output.text).toMatch(/Continue with offset \d+\.\]$/);
  });

  test('an offset past the end, an empty file, a folder and a missing file each have a sentence', async () => {
    put('a.txt', 'one\n');
    put('empty.txt', '');
    mkdirSync(join(root, 'folder'));
    expect((await call('read', { path: 'a.txt', offset: 5 })).text).toContain('has 1 lines; offset 5');
    expect(await call('read', { path: 'empty.txt' })).toEqual({ text: '[empty.txt is empty]' });
    expect(await call('read', { path: 'folder' })).toEqual({
      text: '"folder" is a folder. Use ls to list it.',
      failed: true,
    });
    expect(await call('read', { path: 'none' })).toEqual({
      text: '"none": no such file or folder. Use ls to see what is there.',
      failed: true,
    });
  });

  test('pictures and other binaries are named with kind and size', async () => {
    put('logo.png', Buffer.concat([Buffer.from('\x89PNG\r\n', 'latin1'), Buffer.alloc(2000)]));
    put('data.bin', Buffer.from([1, 2, 0, 3]));
    expect((await call('read', { path: 'logo.png' })).text).toContain('PNG image, 2.0 kB');
    expect((await call('read', { path: 'data.bin' })).text).toContain('binary file, 4 B');
  });

  test('a huge file is refused before it is read', async () => {
    put('big.log', Buffer.alloc(10_000_001, 'x'));
    const output = await call('read', { path: 'big.log' });
    expect(output.failed).toBe(true);
    expect(output.text).toContain('10.0 MB; the limit is 10.0 MB');
    expect(output.text).toContain('grep');
  });

  test('UTF-16 is read, byte order marks and carriage returns are not shown', async () => {
    put('wide.txt', Buffer.from('\ufeffhéllo\r\nyou', 'utf16le'));
    expect((await call('read', { path: 'wide.txt' })).text).toBe('héllo\nyou');
  });

  test('a named pipe is refused instead of waiting for ever', async () => {
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    expect((await call('read', { path: 'pipe' })).text).toContain('not a regular file');
  });
});

describe('ls', () => {
  test('folders come first, files with size, links with target, hidden entries too', async () => {
    put('b.txt', 'x'.repeat(1500));
    put('.hidden', '');
    mkdirSync(join(root, 'z'));
    symlinkSync('b.txt', join(root, 'link'));
    expect(await call('ls', {})).toEqual({ text: 'z/\n.hidden  0 B\nb.txt  1.5 kB\nlink -> b.txt' });
  });

  test('a large folder is cut and says so; a file and an empty folder have a sentence', async () => {
    mkdirSync(join(root, 'many'));
    for (let i = 0; i < 503; i += 1) put(`many/f${i}`, '');
    mkdirSync(join(root, 'empty'));
    expect((await call('ls', { path: 'many' })).text).toMatch(/\[… 3 more entries/);
    expect((await call('ls', { path: 'empty' })).text).toBe('[empty is empty]');
    expect((await call('ls', { path: 'many/f1' })).text).toContain('is a file. Use read');
  });
});

describe('write', () => {
  test('creates missing folders and leaves no temporary file', async () => {
    expect(await call('write', { path: 'a/b/c.txt', content: 'héllo' })).toEqual({ text: 'Wrote a/b/c.txt (6 B).' });
    expect(get('a/b/c.txt')).toBe('héllo');
    expect(readdirSync(join(root, 'a/b'))).toEqual(['c.txt']);
  });

  test('replaces a file and keeps its mode; a link keeps pointing to it', async () => {
    put('run.sh', 'old');
    chmodSync(join(root, 'run.sh'), 0o755);
    symlinkSync('run.sh', join(root, 'link'));
    await call('write', { path: 'link', content: 'new' });
    expect(get('run.sh')).toBe('new');
    expect(statSync(join(root, 'run.sh')).mode & 0o777).toBe(0o755);
    expect(get('link')).toBe('new');
  });

  test('a folder in the way, also as parent, is a failure with the cause', async () => {
    mkdirSync(join(root, 'folder'));
    put('file', '');
    expect((await call('write', { path: 'folder', content: '' })).text).toContain('is not a regular file');
    expect((await call('write', { path: 'file/x', content: '' })).text).toContain('part of the path is a file');
  });
});

describe('edit', () => {
  test('replaces the one occurrence and says where', async () => {
    put('a.ts', 'const a = 1;\nconst b = 2;\n');
    expect(await call('edit', { path: 'a.ts', oldText: 'b = 2', newText: 'b = $&3' })).toEqual({
      text: 'Edited a.ts: 1 replacement at line 2.',
    });
    expect(get('a.ts')).toBe('const a = 1;\nconst b = $&3;\n');
  });

  test('several occurrences are refused with their lines, and replaced with replaceAll', async () => {
    put('a.txt', 'x\ny\nx\nx x\n');
    const output = await call('edit', { path: 'a.txt', oldText: 'x', newText: 'z' });
    expect(output.text).toContain('occurs 4 times (lines 1, 3, 4, 4)');
    expect(get('a.txt')).toBe('x\ny\nx\nx x\n');
    const all = await call('edit', { path: 'a.txt', oldText: 'x', newText: 'z', replaceAll: true });
    expect(all.text).toBe('Edited a.txt: 4 replacements, the first at line 1.');
    expect(get('a.txt')).toBe('z\ny\nz\nz z\n');
  });

  test('text that is not there is refused, with a hint when only the white space differs', async () => {
    put('a.txt', 'if (a) {\n\treturn;\n}\n');
    expect((await call('edit', { path: 'a.txt', oldText: 'while', newText: '' })).text).toContain('was not found.');
    const near = await call('edit', { path: 'a.txt', oldText: '{\n  return;', newText: '' });
    expect(near.text).toContain('other spaces, tabs or line breaks');
  });

  test('empty and unchanged text are refused', () => {
    const code = (oldText: string, newText: string): string => {
      const result = decideEdit('abc', { oldText, newText, replaceAll: false });
      return result.ok ? 'ok' : result.refusal.code;
    };
    expect(code('', 'x')).toBe('empty_old_text');
    expect(code('a', 'a')).toBe('no_change');
  });

  test('a file with Windows line ends keeps them, a mixed one is only changed where asked', async () => {
    put('win.txt', 'one\r\ntwo\r\nthree\r\n');
    await call('edit', { path: 'win.txt', oldText: 'one\ntwo', newText: '1\n2' });
    expect(get('win.txt')).toBe('1\r\n2\r\nthree\r\n');
    put('mixed.txt', 'one\r\ntwo\nthree\n');
    await call('edit', { path: 'mixed.txt', oldText: 'two\nthree', newText: '2' });
    expect(get('mixed.txt')).toBe('one\r\n2\n');
  });

  test('a file that is not UTF-8 is not damaged', async () => {
    put('latin.txt', Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]));
    const output = await call('edit', { path: 'latin.txt', oldText: 'caf', newText: 'x' });
    expect(output.text).toContain('not UTF-8');
    expect(readFileSync(join(root, 'latin.txt'))).toEqual(Buffer.from([0x63, 0x61, 0x66, 0xe9, 0x0a]));
  });
});

describe('files of Switchyard itself', () => {
  const inputs = { content: 'x', oldText: 'token', newText: 'b', pattern: 'token' };

  function closed(name: string, input: Record<string, unknown>): Promise<ToolOutput> {
    const hidden = [join(root, '.switchyard'), join(root, '.env'), join(root, 'linked')];
    const tool = fileTools(root, { clock: systemClock, ids: seededIds(), hidden }).find((each) => each.name === name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    return tool.run({ ...inputs, ...input }, toolContext());
  }
  beforeEach(() => {
    mkdirSync(join(root, '.switchyard/transcripts'), { recursive: true });
    mkdirSync(join(root, 'real'));
    put('.switchyard/transcripts/other.jsonl', 'token of somebody else\n');
    put('.env', 'token=1\n');
    put('.env.example', 'token\n');
    put('real/config.json5', 'token\n');
    symlinkSync(join(root, 'real'), join(root, 'linked'));
    symlinkSync(join(root, '.env'), join(root, 'harmless.txt'));
  });

  test.each(['read', 'ls', 'grep', 'write', 'edit'])(
    '%s does not touch them, however they are spelled',
    async (name) => {
      const paths = [
        '.env',
        './real/../.env',
        '.ENV',
        'harmless.txt',
        '.switchyard',
        '.switchyard/transcripts/other.jsonl',
      ];
      for (const path of [
        ...paths,
        '.switchyard/new.txt',
        'real/config.json5',
        'linked/config.json5',
        join(root, '.env'),
      ]) {
        const output = await closed(name, { path });
        expect(output, path).toEqual({ failed: true, text: expect.stringContaining('belongs to Switchyard itself') });
      }
      expect(get('.env')).toBe('token=1\n');
    },
  );

  test('a search of the whole workspace passes them over', async () => {
    expect((await closed('grep', {})).text).toBe('.env.example:1: token');
  });

  test('a workspace inside the state folder can still be worked in', async () => {
    const hidden = [root];
    const [read] = fileTools(join(root, 'real'), { clock: systemClock, ids: seededIds(), hidden });
    expect((await read?.run({ path: 'config.json5' }, toolContext()))?.text).toBe('token');
  });
});

describe('a closed folder with an exception', () => {
  const tools = ['read', 'ls', 'grep', 'write', 'edit'];
  const inputs = { content: 'x', oldText: 'mine', newText: 'ours', pattern: 'secret' };

  function behind(name: string, input: Record<string, unknown>): Promise<ToolOutput> {
    const hidden = [{ folder: join(root, 'inbox'), except: join(root, 'inbox/own') }];
    const tool = fileTools(root, { clock: systemClock, ids: seededIds(), hidden }).find((each) => each.name === name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    return tool.run({ ...inputs, ...input }, toolContext());
  }
  const refused = { failed: true, text: expect.stringContaining('is not for this conversation') };

  beforeEach(() => {
    mkdirSync(join(root, 'inbox/own'), { recursive: true });
    mkdirSync(join(root, 'inbox/other'));
    put('inbox/own/a.txt', 'mine, a secret\n');
    put('inbox/other/b.txt', 'theirs, a secret\n');
    put('inbox/loose.txt', 'a secret\n');
    put('plain.txt', 'no secret\n');
  });

  test.each(tools)('%s refuses everything in it but the exception, however it is spelled', async (name) => {
    symlinkSync(join(root, 'inbox/other'), join(root, 'innocent'));
    symlinkSync(join(root, 'inbox'), join(root, 'all'));
    symlinkSync('../other', join(root, 'inbox/own/link'));
    const paths = [
      'inbox',
      'inbox/loose.txt',
      'inbox/other',
      'inbox/other/b.txt',
      'inbox/own/../other/b.txt',
      'INBOX/Other/b.txt',
      'inbox/own-too/a.txt',
      'innocent/b.txt',
      'all/other/b.txt',
      'inbox/own/link/b.txt',
      'inbox/new/c.txt',
      join(root, 'inbox/other/b.txt'),
    ];
    for (const path of paths) expect(await behind(name, { path }), path).toEqual(refused);
    expect(get('inbox/other/b.txt')).toBe('theirs, a secret\n');
    expect(readdirSync(join(root, 'inbox')).toSorted()).toEqual(['loose.txt', 'other', 'own']);
  });

  test('the refusal names the folder that is open', async () => {
    expect((await behind('ls', { path: 'inbox' })).text).toContain('are in "inbox/own"');
  });

  test('the exception is read, listed, searched, written and changed', async () => {
    expect((await behind('read', { path: 'inbox/own/a.txt' })).text).toBe('mine, a secret');
    expect((await behind('ls', { path: 'inbox/own' })).text).toBe('a.txt  15 B');
    expect((await behind('grep', { path: 'inbox/own' })).text).toBe('inbox/own/a.txt:1: mine, a secret');
    expect((await behind('edit', { path: 'inbox/own/a.txt' })).failed).toBeUndefined();
    expect((await behind('write', { path: 'inbox/own/deep/new.txt' })).failed).toBeUndefined();
    expect([get('inbox/own/a.txt'), get('inbox/own/deep/new.txt')]).toEqual(['ours, a secret\n', 'x']);
  });

  test('it can be written to before it is there', async () => {
    rmSync(join(root, 'inbox'), { recursive: true });
    expect((await behind('write', { path: 'inbox/own/new.txt' })).failed).toBeUndefined();
    expect(await behind('write', { path: 'inbox/own' })).toMatchObject({ failed: true });
  });

  test('a search of the whole workspace finds what the exception holds and nothing beside it', async () => {
    expect((await behind('grep', {})).text.split('\n').toSorted()).toEqual([
      'inbox/own/a.txt:1: mine, a secret',
      'plain.txt:1: no secret',
    ]);
  });

  test('a link in the place of the exception opens nothing', async () => {
    rmSync(join(root, 'inbox/own'), { recursive: true });
    symlinkSync('other', join(root, 'inbox/own'));
    for (const name of tools) expect(await behind(name, { path: 'inbox/own/b.txt' }), name).toEqual(refused);
    expect((await behind('grep', {})).text).toBe('plain.txt:1: no secret');
  });

  test('it holds where the closed folder is a link itself', async () => {
    rmSync(join(root, 'inbox'), { recursive: true });
    mkdirSync(join(root, 'moved/own'), { recursive: true });
    mkdirSync(join(root, 'moved/other'));
    put('moved/own/a.txt', 'mine\n');
    put('moved/other/b.txt', 'theirs\n');
    symlinkSync('moved', join(root, 'inbox'));
    expect((await behind('read', { path: 'inbox/own/a.txt' })).text).toBe('mine');
    for (const path of ['inbox/other/b.txt', 'moved/other/b.txt']) {
      expect(await behind('read', { path }), path).toEqual(refused);
    }
  });
});
