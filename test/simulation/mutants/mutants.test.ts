import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutants } from './list.ts';

const root = join(import.meta.dirname, '../../..');
const results = readFileSync(join(import.meta.dirname, 'results.md'), 'utf8');

describe('the planted bugs', () => {
  it.each(mutants)('find their place exactly once: $name', ({ edits }) => {
    for (const { file, search, replace } of edits) {
      expect(readFileSync(join(root, file), 'utf8').split(search).length - 1, `${file}: ${search}`).toBe(1);
      expect(replace).not.toBe(search);
    }
  });

  it('were all found by the simulator when the table was made', () => {
    const rows = results.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| Planted'));
    expect(rows.map((row) => row.split(' | ')[0]?.slice(2))).toEqual(mutants.map(({ name }) => name));
    expect(rows.filter((row) => row.includes('survived'))).toEqual([]);
    expect(mutants.length).toBeGreaterThanOrEqual(20);
  });
});
