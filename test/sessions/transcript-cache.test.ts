// What is remembered of transcripts never differs from what is on disk, and stays within its limit.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Entry } from '../../src/core/agent.ts';
import { Transcripts } from '../../src/sessions/transcript.ts';
import { TranscriptCache } from '../../src/sessions/transcript-cache.ts';

let folder = '';
let transcripts: Transcripts;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'transcripts-'));
  transcripts = new Transcripts(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const note = (text: string): Entry => ({ type: 'note', at: 1, turn: 't', text });

describe('a remembered transcript', () => {
  test('that somebody changed on disk is read anew', async () => {
    await transcripts.append('s1', note('one'));
    await transcripts.read('s1');
    writeFileSync(transcripts.path('s1'), `${JSON.stringify(note('two'))}\n`);
    expect(await transcripts.read('s1')).toEqual([note('two')]);
    writeFileSync(transcripts.path('s1'), `${JSON.stringify(note('other'))}\n`, { flag: 'a' });
    await transcripts.append('s1', note('three'));
    expect(await transcripts.read('s1')).toEqual([note('two'), note('other'), note('three')]);
  });

  test('that is gone is empty, also when the same name begins again', async () => {
    await transcripts.append('s1', note('one'));
    await transcripts.read('s1');
    rmSync(transcripts.path('s1'));
    expect(await transcripts.read('s1')).toEqual([]);
    await transcripts.append('s1', note('two'));
    expect(await transcripts.read('s1')).toEqual([note('two')]);
  });

  test('grows, and what was handed out before does not', async () => {
    await transcripts.append('s1', note('one'));
    const before = await transcripts.read('s1');
    await transcripts.append('s1', note('two'));
    expect(before).toEqual([note('one')]);
  });

  test('says what a restarted process would say, whatever happened', async () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const step = fc.oneof(
      fc.record({ do: fc.constant('append' as const), id, texts: fc.array(fc.string(), { maxLength: 3 }) }),
      fc.record({ do: fc.constant('read' as const), id }),
      fc.record({ do: fc.constant('tear' as const), id }),
      fc.record({ do: fc.constant('archive' as const), id }),
      fc.record({ do: fc.constant('fork' as const), id, to: id }),
    );
    let at = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        for (const each of steps) {
          at += 1;
          if (each.do === 'append') await transcripts.append(each.id, each.texts.map(note));
          else if (each.do === 'tear') writeFileSync(transcripts.path(each.id), '{"type":"no', { flag: 'a' });
          else if (each.do === 'archive') await transcripts.archive(each.id, 'reset', at);
          else if (each.do === 'fork') await transcripts.fork(each.id, each.to);
          const fresh = new Transcripts(folder);
          expect(await transcripts.readCounted(each.id)).toEqual(await fresh.readCounted(each.id));
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('the limit', () => {
  test('is kept by forgetting what was not used for the longest time', () => {
    const file = (name: string) => {
      writeFileSync(join(folder, name), 'x'.repeat(40));
      return statSync(join(folder, name), { bigint: true });
    };
    const [a, b, c] = [file('a'), file('b'), file('c')];
    const cache = new TranscriptCache(100);
    const content = { entries: [note('x')], skipped: 0 };
    cache.set('a', a, content);
    cache.set('b', b, content);
    expect(cache.get('a', a)).toMatchObject(content);
    cache.set('c', c, content);
    expect(cache.get('b', b)).toBeUndefined();
    expect(cache.get('a', a)).toMatchObject(content);
    expect(cache.get('c', c)).toMatchObject(content);
  });

  test('holds for a single transcript too', () => {
    writeFileSync(join(folder, 'a'), 'x'.repeat(101));
    const stats = statSync(join(folder, 'a'), { bigint: true });
    const cache = new TranscriptCache(100);
    cache.set('a', stats, { entries: [], skipped: 0 });
    expect(cache.get('a', stats)).toBeUndefined();
  });
});
