// Transcripts on disk: order, bytes, torn writes, forks, archives. On a real folder.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/agent.ts';
import { forked, Transcripts } from '../../src/sessions/transcript.ts';

let folder = '';
let transcripts: Transcripts;

beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'transcripts-')), 'transcripts');
  transcripts = new Transcripts(folder);
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const at = Date.UTC(2026, 10, 21, 15, 58);
const user = (text: string, turn = 't1'): Entry => ({ type: 'user', at, turn, text });
const says = (text: string, turn = 't1'): Entry => ({ type: 'assistant', at, turn, parts: [{ type: 'text', text }] });
const calls = (id: string, turn = 't1'): Entry => ({
  type: 'assistant',
  at,
  turn,
  parts: [{ type: 'call', id, name: 'read', input: {} }],
});
const result = (callId: string, turn = 't1'): Entry => ({
  type: 'tool',
  at,
  turn,
  callId,
  name: 'read',
  output: 'x',
  failed: false,
});
const note = (text: string, turn = 'n1'): Entry => ({ type: 'note', at, turn, text });

describe('writing and reading', () => {
  test('what was appended is read back, and nothing is an empty transcript', async () => {
    expect(await transcripts.read('s1')).toEqual([]);
    await transcripts.append('s1', user('hello'));
    await transcripts.append('s1', [says('hi'), note('resumed')]);
    await transcripts.append('s1', []);
    expect(await transcripts.read('s1')).toEqual([user('hello'), says('hi'), note('resumed')]);
  });

  test('the file and its folder are for the owner only', async () => {
    await transcripts.append('s1', user('hello'));
    expect((await stat(transcripts.path('s1'))).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
  });

  test('the order is that of the calls, although nobody waits between them', async () => {
    const texts = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    await Promise.all(texts.map((text) => transcripts.append('s1', user(text))));
    expect((await transcripts.read('s1')).map((entry) => 'text' in entry && entry.text)).toEqual(texts);
  });

  test('reading sees what is still being written', async () => {
    void transcripts.append('s1', user('one'));
    void transcripts.append('s1', user('two'));
    expect(await transcripts.read('s1')).toHaveLength(2);
  });

  test('any content comes back byte for byte, one line each', async () => {
    let session = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 8 }), async (texts) => {
        session += 1;
        const entries = texts.map((text) => user(`${text}\ud800\u2028\n`));
        await transcripts.append(`s${session}`, entries);
        expect(await transcripts.read(`s${session}`)).toEqual(entries);
        expect((await readFile(transcripts.path(`s${session}`), 'utf8')).split('\n')).toHaveLength(texts.length + 1);
      }),
      { numRuns: 50 },
    );
  });

  test('a folder that somebody removed is made again', async () => {
    await transcripts.append('s', { type: 'note', at: 1, turn: 't', text: 'before' });
    await rm(folder, { recursive: true });
    await transcripts.append('s', { type: 'note', at: 2, turn: 't', text: 'after' });
    expect(await transcripts.read('s')).toEqual([{ type: 'note', at: 2, turn: 't', text: 'after' }]);
  });

  test('a name that is no session id cannot leave the folder', () => {
    for (const id of ['../x', 'a/b', '', '.', '.hidden'])
      expect(() => transcripts.path(id)).toThrow('not a session id');
  });

  test('a failed write is reported, and the next one works', async () => {
    await writeFile(folder, 'in the way');
    await expect(transcripts.append('s1', user('lost'))).rejects.toThrow();
    await rm(folder);
    await transcripts.append('s1', user('kept'));
    expect(await transcripts.read('s1')).toEqual([user('kept')]);
  });
});

describe('on the disk', () => {
  /** Flushes that end when the test says so. */
  function slowDisk() {
    const asked: string[] = [];
    const waiting: (() => void)[] = [];
    const flush = (what: string) => {
      asked.push(what);
      return new Promise<void>((resolve) => void waiting.push(resolve));
    };
    const done = () => {
      for (const resolve of waiting.splice(0)) resolve();
    };
    return { asked, done, flush: { file: () => flush('file'), folder: (path: string) => flush(path) } };
  }

  test('a write resolves when it has been flushed, and is readable before', async () => {
    const { asked, done, flush } = slowDisk();
    const slow = new Transcripts(folder, flush);
    let over = false;
    const first = slow.append('s1', user('hello')).then(() => {
      over = true;
    });
    expect(await slow.read('s1')).toEqual([user('hello')]);
    expect(over).toBe(false);
    done();
    await first;
    // A new name is in the folder.
    expect(asked).toEqual(['file', folder]);
    const second = slow.append('s1', says('hi'));
    done();
    await second;
    expect(asked).toEqual(['file', folder, 'file']);
  });

  test('a write is rejected when the disk refuses the flush', async () => {
    const refused = { file: () => Promise.reject(new Error('EIO')), folder: () => Promise.resolve() };
    await expect(new Transcripts(folder, refused).append('s1', user('hello'))).rejects.toThrow('EIO');
  });

  test('the name of a copy is flushed', async () => {
    const { asked, done, flush } = slowDisk();
    await transcripts.append('s1', user('hello'));
    const fork = new Transcripts(folder, flush).fork('s1', 's2');
    done();
    await fork;
    expect(asked).toEqual([folder]);
  });
});

describe('after a crash', () => {
  test('a torn last line is left out, and the next entry is not glued to it', async () => {
    await transcripts.append('s1', user('whole'));
    await writeFile(transcripts.path('s1'), '{"type":"user","at":1,"te', { flag: 'a' });
    expect(await transcripts.readCounted('s1')).toEqual({ entries: [user('whole')], skipped: 0 });
    const restarted = new Transcripts(folder);
    await restarted.append('s1', says('after'));
    expect(await restarted.readCounted('s1')).toEqual({ entries: [user('whole'), says('after')], skipped: 1 });
  });

  test('a last line that lacks only its line feed counts', async () => {
    await transcripts.append('s1', user('one'));
    await writeFile(transcripts.path('s1'), JSON.stringify(says('two')));
    expect(await transcripts.read('s1')).toEqual([says('two')]);
    const restarted = new Transcripts(folder);
    await restarted.append('s1', user('three'));
    expect(await restarted.readCounted('s1')).toEqual({ entries: [says('two'), user('three')], skipped: 0 });
  });

  test('damaged lines in the middle are skipped and counted', async () => {
    const lines = [
      JSON.stringify(user('a')),
      '\u0000\u0000',
      '{"type":"other","at":1,"turn":"t"}',
      'null',
      JSON.stringify(says('b')),
      '',
    ];
    await transcripts.append('s1', user('x'));
    await writeFile(transcripts.path('s1'), lines.join('\n'));
    expect(await transcripts.readCounted('s1')).toEqual({ entries: [user('a'), says('b')], skipped: 3 });
  });
});

describe('forking', () => {
  test('copies complete turns and leaves out the one that is calling', async () => {
    const done = [user('hi', 't1'), calls('1', 't1'), result('1', 't1'), says('done', 't1'), note('posted', 'n1')];
    await transcripts.append('s1', [...done, user('spawn', 't2'), calls('2', 't2')]);
    await transcripts.fork('s1', 's2');
    expect(await transcripts.read('s2')).toEqual(done);
    expect((await stat(transcripts.path('s2'))).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['s1.jsonl', 's2.jsonl']);
  });

  test('takes over what was asked in the turn that is calling, up to the call', async () => {
    const begun = [user('read it', 't2'), calls('1', 't2'), result('1', 't2')];
    await transcripts.append('s1', [
      ...begun,
      calls('2', 't2'),
      user('cut off', 't1'),
      calls('3', 't1'),
      note('x', 'n'),
    ]);
    await transcripts.fork('s1', 's2', 't2');
    expect(await transcripts.read('s2')).toEqual([...begun, note('x', 'n')]);
  });

  test('of nothing is an empty transcript, and a fork goes its own way', async () => {
    await transcripts.fork('s1', 's2');
    expect(await transcripts.read('s2')).toEqual([]);
    await transcripts.append('s2', user('own'));
    expect(await transcripts.read('s1')).toEqual([]);
  });

  test('leaves a transcript alone that exists already', async () => {
    await transcripts.append('s1', [user('a'), says('b')]);
    await transcripts.append('s2', user('mine'));
    await transcripts.fork('s1', 's2');
    expect(await transcripts.read('s2')).toEqual([user('mine')]);
  });

  test('never copies a call without its result or a result without its call', () => {
    const entry = fc
      .tuple(fc.constantFrom('t1', 't2', 't3'), fc.constantFrom('1', '2'), fc.nat(4))
      .map(
        ([turn, id, kind]) =>
          [
            user('q', turn),
            says('a', turn),
            calls(`${turn}${id}`, turn),
            result(`${turn}${id}`, turn),
            note('n', turn),
          ][kind] ?? user('q', turn),
      );
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        const copied = forked(entries, 't1');
        const kept = entries.filter((each) => copied.has(each));
        const open = new Set<string>();
        for (const each of kept) {
          if (each.type === 'assistant') for (const part of each.parts) if (part.type === 'call') open.add(part.id);
          if (each.type === 'tool') expect(open.delete(each.callId)).toBe(true);
        }
        expect(open.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('archiving', () => {
  test('renames the file in its folder and tells where it is', async () => {
    void transcripts.append('s1', user('last words'));
    const archived = await transcripts.archive('s1', 'deleted', at);
    expect(archived).toBe(join(folder, 's1.jsonl.deleted.2026-11-21T15-58-00.000Z'));
    expect(await readdir(folder)).toEqual(['s1.jsonl.deleted.2026-11-21T15-58-00.000Z']);
    expect(await transcripts.read('s1')).toEqual([]);
    await transcripts.append('s1', user('new'));
    expect(await transcripts.archive('s1', 'reset', at + 1)).toContain('s1.jsonl.reset.2026-11-21T15-58-00.001Z');
  });

  test('of nothing does nothing', async () => {
    expect(await transcripts.archive('s1', 'reset', at)).toBeUndefined();
  });
});
