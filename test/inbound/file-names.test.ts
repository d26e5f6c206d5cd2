import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberedName, safeFileName } from '../../src/inbound/file-names.ts';

test.each([
  ['report.pdf', 'report.pdf'],
  ['../../etc/passwd', '_.._etc_passwd'],
  ['..\\..\\evil.exe', '_.._evil.exe'],
  ['.env', 'env'],
  ['...', 'file'],
  ['', 'file'],
  ['a\0b\n\u202Egnp.exe', 'abgnp.exe'],
  ['  two   words .txt ', 'two words .txt'],
  ['日本語.txt', '日本語.txt'],
  ['[end] $(rm) `x`', '_end_ _(rm) _x_'],
  [`${'報告書'.repeat(40)}.pdf`, `${'報告書'.repeat(20)}.pdf`],
  [`${'😀'.repeat(80)}.jpg`, `${'😀'.repeat(45)}.jpg`],
])('%j is stored as %j', (name, stored) => {
  expect(safeFileName(name)).toBe(stored);
});

test('whatever the name, it is one short path segment, and numbers change it without losing its ending', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 300 }),
  );
  fc.assert(
    fc.property(
      names,
      fc.constantFrom('', '.txt', '.tar.gz'),
      fc.integer({ min: 2, max: 1_000 }),
      (stem, ending, n) => {
        const name = safeFileName(stem + ending);
        for (const each of [name, numberedName(name, n)]) {
          expect(each).toMatch(/^[^./\\\p{C}][^/\\\p{C}]*$/u);
          expect(each.length).toBeLessThanOrEqual(100);
          // File systems take 255 bytes.
          expect(Buffer.byteLength(each)).toBeLessThanOrEqual(255);
          expect(each.isWellFormed()).toBe(true);
        }
        expect(numberedName(name, n)).not.toBe(name);
        if (stem.length > 0 && /\w/.test(stem) && ending !== '') expect(name.endsWith(ending.slice(-4))).toBe(true);
      },
    ),
    { numRuns: 1_000 },
  );
});
