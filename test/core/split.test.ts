// Splitting and cutting: nothing lost, nothing too long, code stays code.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closesFence, type Fence, fenceLeftOpen, linesOf, openingFence } from '../../src/core/fences.ts';
import { cutText, splitText } from '../../src/core/split.ts';

describe('splitting a text for messages of limited length', () => {
  test('a text that fits is one message, unchanged', () => {
    expect(splitText('hello\nworld\n', 20)).toEqual(['hello\nworld\n']);
    expect(splitText('hello', Number.POSITIVE_INFINITY)).toEqual(['hello']);
  });

  test('nothing to say is no message', () => {
    expect(splitText('', 10)).toEqual([]);
    expect(splitText(' \n\n ', 2)).toEqual([]);
  });

  test('cuts at line ends where it can', () => {
    expect(splitText('first line\nsecond line\nthird', 24)).toEqual(['first line\nsecond line\n', 'third']);
  });

  test('cuts a long line after words', () => {
    expect(splitText('one two three four', 9)).toEqual(['one two ', 'three ', 'four']);
  });

  test('cuts a word without spaces only where it must, and never inside an emoji', () => {
    const family = '👨‍👩‍👧';
    expect(splitText('abcdefghij', 4)).toEqual(['abcd', 'efgh', 'ij']);
    expect(splitText(`abc${family}def`, 9)).toEqual(['abc', `${family}d`, 'ef']);
    expect(splitText('😀😀😀', 3)).toEqual(['😀', '😀', '😀']);
  });

  test('a code fence that is cut is closed and reopened with its language', () => {
    const text = '```ts\nconst a = 1;\nconst b = 2;\n```\nafter';
    expect(splitText(text, 30)).toEqual(['```ts\nconst a = 1;\n```', '```ts\nconst b = 2;\n```\nafter']);
  });

  test('a fence line never stands empty at the end of a message', () => {
    const text = `${'x'.repeat(20)}\n~~~\ncode code code\n~~~`;
    expect(splitText(text, 30)).toEqual([`${'x'.repeat(20)}\n`, '~~~\ncode code code\n~~~']);
  });

  test('a long line of code is cut inside its fence', () => {
    const chunks = splitText(`\`\`\`\n${'y'.repeat(50)}\n\`\`\``, 30);
    expect(chunks.every((chunk) => /^```\ny+\n```$/.test(chunk))).toBe(true);
  });

  test('a fence too large for the limit is plain text', () => {
    const text = `\`\`\`${'info'.repeat(10)}\ncode\n\`\`\`\n${'z'.repeat(30)}`;
    expect(splitText(text, 24).join('')).toBe(text);
  });

  test('a limit that holds no character is a fault of the caller', () => {
    expect(() => splitText('abc', 1)).toThrow(RangeError);
  });

  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.constantFrom(
      '\n',
      '\n\n',
      '```\n',
      '```js\n',
      '\n```\n',
      '\n~~~~ python x\n',
      '\n~~~~\n',
      ' 👩🏽‍🚀 ',
      '🇩🇪🇫🇷',
      '  ```\n',
      '\r\n',
    ),
    fc.nat(120).map((length) => 'w'.repeat(length)),
  );
  const anyText = fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(''));

  test('every chunk fits, none is blank, no character is halved, and the same text is split the same way', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 120 }), (text, max) => {
        const chunks = splitText(text, max);
        for (const chunk of chunks) {
          expect(chunk.length).toBeLessThanOrEqual(max);
          expect(chunk.trim()).not.toBe('');
          expect(chunk.isWellFormed()).toBe(true);
        }
        expect(splitText(text, max)).toEqual(chunks);
      }),
      { numRuns: 400 },
    );
  });

  test('text without fences: the chunks are the text in order, with at most white space between them', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 2, max: 120 }), (any, max) => {
        const text = any.replace(/[`~]+/g, '');
        let at = 0;
        for (const chunk of splitText(text, max)) {
          const found = text.indexOf(chunk, at);
          expect(found).not.toBe(-1);
          expect(text.slice(at, found).trim()).toBe('');
          at = found + chunk.length;
        }
        expect(text.slice(at).trim()).toBe('');
      }),
      { numRuns: 400 },
    );
  });

  test('text with fences: what is code stays code with its language, what is prose stays prose, in order', () => {
    fc.assert(
      fc.property(anyText, fc.integer({ min: 60, max: 200 }), (any, max) => {
        // Marks in the middle of a line would come to stand at the start of one.
        const text = any.replace(/(?<![\n`~])(?<!\n {1,9})(?=`{3}|~{3})/g, '\n');
        const chunks = splitText(text, max).filter((chunk) => chunk !== '');
        expect(glued(chunks.flatMap(contents))).toBe(glued(contents(text)));
      }),
      { numRuns: 600 },
    );
  });

  test('a megabyte takes a moment', () => {
    for (const text of [
      'a'.repeat(1e6),
      '`'.repeat(1e6),
      '```\n'.repeat(250_000),
      ' \n'.repeat(5e5),
      '👨‍👩‍👧'.repeat(125_000),
    ]) {
      splitText(text, 2000);
    }
  });
});

/** Every character that is not white space, with the kind of place it stands in. */
function contents(text: string): { readonly place: string; readonly char: string }[] {
  let fence: Fence | undefined;
  const out: { place: string; char: string }[] = [];
  for (const line of linesOf(text)) {
    const opened = fence === undefined ? openingFence(line) : undefined;
    if (opened !== undefined) fence = opened;
    else if (fence !== undefined && closesFence(line, fence)) fence = undefined;
    else
      for (const char of line.replace(/\s/g, ''))
        out.push({ place: fence === undefined ? '' : fence.marker + fence.info, char });
  }
  return out;
}

function glued(list: readonly { readonly place: string; readonly char: string }[]): string {
  return list.map(({ place, char }) => `${place}|${char}`).join('');
}

describe('cutting a text short', () => {
  test('ends at a line or a word', () => {
    expect(cutText('short', 10)).toBe('short');
    expect(cutText('first line\nsecond line', 15)).toBe('first line');
    expect(cutText('one two three', 9)).toBe('one two');
  });

  test('closes the code it cuts', () => {
    expect(cutText('```js\nlet a;\nlet b;\nlet c;\n```', 22)).toBe('```js\nlet a;\n```');
  });

  test('is never longer than asked, halves no character and leaves no code open that it opened', () => {
    const part = fc.constantFrom('```\n', 'word ', '\n', '~~~ x\n', '😀', 'longerword', '\n```\n');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.integer({ min: 0, max: 150 }), (parts, max) => {
        const text = parts.join('');
        const head = cutText(text, max);
        expect(head.length).toBeLessThanOrEqual(max);
        expect(head.isWellFormed()).toBe(true);
        if (text.length > max && max > 40) expect(fenceLeftOpen(head)).toBeUndefined();
      }),
      { numRuns: 400 },
    );
  });
});
