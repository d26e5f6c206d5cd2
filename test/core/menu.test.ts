import { expect, test } from 'vitest';
import { buttonsOf, menuText, pickedNumber, thumbOf } from '../../src/core/menu.ts';

test.each<[string, number | undefined]>([
  ['1', 1],
  ['12', 12],
  ['2.', 2],
  ['2)', 2],
  [' 2\n', 2],
  ['\u00a02\u00a0', 2],
  ['2️⃣', 2],
  ['1️⃣2️⃣', 12],
  ['🔟', 10],
  ['\u20662\u2069', 2],
  ['', undefined],
  ['0', undefined],
  ['01', undefined],
  ['100', undefined],
  ['1 2', undefined],
  ['1️⃣ 2️⃣', undefined],
  ['1.5', undefined],
  ['-1', undefined],
  ['#1', undefined],
  ['1st', undefined],
  ['1 please', undefined],
])('%j picks %s', (text, number) => {
  expect(pickedNumber(text)).toBe(number);
});

test.each([
  ['👍', 'yes'],
  ['👍🏿', 'yes'],
  ['👎\uFE0F', 'no'],
  ['❤️', undefined],
  ['👍👎', undefined],
  ['', undefined],
])('%s means %s', (emoji, thumb) => {
  expect(thumbOf(emoji)).toBe(thumb);
});

test('a menu shows what has a number, and names thumbs only where they mean something', () => {
  const button = { label: 'Old', id: 'a' };
  expect(menuText([button])).toBe('');
  expect(menuText(undefined)).toBe('');
  const choices = [button, { label: 'Yes', id: 'b', number: 1, thumb: 'yes' as const }];
  expect(menuText(choices)).toBe(
    '\n\n1 Yes\nReply with a number, or quote this message with one, or put 👍 or 👎 on it.',
  );
  expect(buttonsOf(choices)).toEqual([button]);
  expect(buttonsOf(choices.slice(1))).toBeUndefined();
});
