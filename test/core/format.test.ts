// Formatters for people: golden texts, and what must hold for any input.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { age, clip, deriveLabel, elapsed, oneLine, timestamp, titled, tokens, usd } from '../../src/core/format.ts';

const now = Date.UTC(2026, 10, 21, 16, 1, 0);

describe('spans', () => {
  test.each([
    [0, '0.0s'],
    [449, '0.4s'],
    [9999, '9.9s'],
    [10_000, '10s'],
    [59_999, '59s'],
    [312_000, '5m12s'],
    [302_000, '5m02s'],
    [7_380_000, '2h03m'],
    [273_600_000, '3d4h'],
    [-5, '0.0s'],
    [Number.NaN, 'n/a'],
  ])('%d ms reads %s', (ms, text) => expect(elapsed(ms)).toBe(text));

  test('an age is one unit', () => {
    expect([900, 180_000, 7_300_000, 200_000_000].map(age)).toEqual(['0s', '3m', '2h', '2d']);
  });

  test('a time is ISO and its age, or when it is due', () => {
    expect(timestamp(now - 180_000, now)).toBe('2026-11-21T15:58:00Z (3m ago)');
    expect(timestamp(now + 3_600_000, now)).toBe('2026-11-21T17:01:00Z (in 1h)');
    expect(timestamp(undefined, now)).toBe('n/a');
    expect(timestamp(Number.POSITIVE_INFINITY, now)).toBe('n/a');
  });
});

test.each([
  [0, '0'],
  [210, '210'],
  [999, '999'],
  [1000, '1.0k'],
  [12_345, '12.3k'],
  [999_949, '999.9k'],
  [999_950, '1.0M'],
  [1_234_567, '1.2M'],
])('%d tokens read %s', (count, text) => expect(tokens(count)).toBe(text));

test('prices: tiny ones are not zero, unknown ones are not guessed', () => {
  expect([0.12, 0.004, 0, 12, null].map(usd)).toEqual(['$0.12', '<$0.01', '$0.00', '$12.00', 'n/a']);
});

describe('clipping', () => {
  test('marks the cut within the limit and never halves an emoji', () => {
    expect(clip('hello', 5)).toBe('hello');
    expect(clip('hello world', 7)).toBe('hello…');
    expect(clip('ab😀cd', 4)).toBe('ab…');
    expect(clip('abc', 0)).toBe('');
  });

  test('is never longer than asked and never leaves half a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, max) => {
        const clipped = clip(text, max);
        expect(clipped.length).toBeLessThanOrEqual(max);
        expect(clipped.isWellFormed()).toBe(true);
      }),
    );
  });
});

test('one line has single spaces only', () => {
  expect(oneLine('  a\n\tb \r\n c ')).toBe('a b c');
});

describe('labels made from a task', () => {
  test.each([
    ['compare the three hosting offers in offers.pdf', 'compare the three hosting offers'],
    ['\n\n## Review the release notes.\nThen do more.', 'Review the release notes'],
    ['- [x] write docs', 'write docs'],
    ['2. check /etc/hosts', 'check /etc/hosts'],
    ['last', 'task last'],
    ['ALL', 'task ALL'],
    ['#3', 'task #3'],
    ['   ', 'task'],
    ['x'.repeat(60), `${'x'.repeat(47)}…`],
  ])('%j becomes %j', (task, label) => expect(deriveLabel(task)).toBe(label));

  test('are one line of 1 to 48 characters and never a number or a reserved word', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('last', 'all', '12', '#1.', 'Last!')), (task) => {
        const label = deriveLabel(task);
        expect(label.length).toBeGreaterThan(0);
        expect(label.length).toBeLessThanOrEqual(48);
        expect(label).not.toMatch(/\n|^(?:last|all|#?\d+)$/i);
      }),
    );
  });
});

test('a list has a title, a rule and its items, or says that there are none', () => {
  expect(titled('Active', ['1. words', '2. scripts'])).toBe('Active:\n-----\n1. words\n2. scripts');
  expect(titled('Recent (30 min):', [])).toBe('Recent (30 min):\n-----\n(none)');
});
