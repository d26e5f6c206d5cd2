import { expect, test } from 'vitest';
import { memo } from '../../src/infra/memo.ts';

function counted(size: number): { readonly read: (text: string) => string; readonly parsed: string[] } {
  const parsed: string[] = [];
  const read = memo((text) => {
    parsed.push(text);
    return text.slice(0, 3).toUpperCase();
  }, size);
  return { read, parsed };
}

test('a text that was read lately is not parsed again', () => {
  const { read, parsed } = counted(2);
  expect(['one', 'two', 'one', 'one', 'two'].map(read)).toEqual(['ONE', 'TWO', 'ONE', 'ONE', 'TWO']);
  expect(parsed).toEqual(['one', 'two']);
});

test('the text asked for longest ago is forgotten first', () => {
  const { read, parsed } = counted(2);
  for (const text of ['one', 'two', 'one', 'three', 'one', 'two']) read(text);
  expect(parsed).toEqual(['one', 'two', 'three', 'two']);
});

test('a very long text is not kept', () => {
  const { read, parsed } = counted(2);
  const long = 'x'.repeat(10_000);
  expect([read(long), read(long)]).toEqual(['XXX', 'XXX']);
  expect(parsed).toHaveLength(2);
});

test('a text that cannot be parsed throws each time', () => {
  const read = memo((text): unknown => JSON.parse(text), 2);
  for (let n = 0; n < 2; n += 1) expect(() => read('{')).toThrow();
});
