// Splitting and cutting beside links: no message ends in the middle of an address, and no line makes it slow.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fenceLeftOpen } from '../../src/core/fences.ts';
import { cutText, splitText } from '../../src/core/split.ts';

describe('splitting beside links', () => {
  test('a link whose text has spaces moves to the next message whole', () => {
    expect(splitText('read the [long manual](https://a.example/manual) today', 45)).toEqual([
      'read the ',
      '[long manual](https://a.example/manual) today',
    ]);
  });

  test('a bare address moves too, also where nothing but it could be cut', () => {
    const address = 'https://a.example/path';
    expect(splitText(`請看${address}`, 23)).toEqual(['請看', address]);
    expect(splitText(`${'字'.repeat(10)}${address}${'字'.repeat(10)}`, 32)).toEqual([
      '字'.repeat(10),
      `${address}${'字'.repeat(10)}`,
    ]);
  });

  test('a link that ends within the limit stays, although the last space is in its text', () => {
    expect(splitText(`[a b](https://a.example)${'字'.repeat(20)}`, 30)).toEqual([
      '[a b](https://a.example)',
      '字'.repeat(20),
    ]);
  });

  test('images in links, brackets in texts, parentheses in addresses and titles belong to the link', () => {
    for (const link of [
      '[![an image](https://i.example/a.png)](https://a.example)',
      '[a [b] c d](https://a.example)',
      '[a b](https://a.example/x_(y)/z)',
      '[a b](<a b c> "a title")',
      '![a b](https://a.example/i.png)',
    ]) {
      expect(splitText(`word word ${link} word`, link.length + 2)).toEqual(['word word ', `${link} `, 'word']);
    }
  });

  test('an address longer than a message is cut like any word', () => {
    const address = `https://a.example/${'x'.repeat(60)}`;
    const chunks = splitText(address, 30);
    expect(chunks.join('')).toBe(address);
    expect(chunks.map(({ length }) => length)).toEqual([30, 30, 18]);
  });

  test('an address too long for a message with its code fence is cut too', () => {
    const address = 'https://a.example/abcdefg';
    const chunks = splitText(`\`\`\`\n${address} and more\n\`\`\``, 30);
    expect(chunks[0]).toBe('```\nhttps://a.example/abcd\n```');
    expect(chunks.every((chunk) => /^```\n.+\n```$/.test(chunk))).toBe(true);
  });

  test('cutting a text short leaves out the link it would break', () => {
    expect(cutText('see [the manual](https://a.example/manual) for more', 40)).toBe('see');
    expect(cutText('one line\nsee [it now](https://a.example)!', 38)).toBe('one line\nsee');
    expect(cutText('see [it](https://a.example), then stop', 29)).toBe('see [it](https://a.example),');
  });

  const word = fc.stringMatching(/^[a-zé字😀]{1,12}$/u);
  const address = fc.stringMatching(/^https:\/\/[a-z]{1,8}\.example(\/[a-z]{1,9}){0,2}$/);
  const link = fc.oneof(
    fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 4 }), address)
      .map(([words, to]) => `[${words.join(' ')}](${to})`),
    address,
  );
  const glue = fc.constantFrom(' ', '\n', '\n\n', ', ', ' (', ') ', '。');
  const piece = fc.oneof(
    { weight: 3, arbitrary: word },
    { weight: 2, arbitrary: link.map((text) => ({ link: text })) },
  );

  test('no link that fits is broken, nothing is lost, nothing is too long and no character is halved', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(piece, glue), { maxLength: 25 }),
        fc.integer({ min: 100, max: 160 }),
        (all, max) => {
          // Where it stands next to other letters, an address has no end: a space ends it.
          const text = all
            .map(([each, after]) => (typeof each === 'string' ? each : ` ${each.link} `) + after)
            .join('');
          const chunks = splitText(text, max);
          for (const chunk of chunks) {
            expect(chunk.length).toBeLessThanOrEqual(max);
            expect(chunk.isWellFormed()).toBe(true);
          }
          expect(chunks.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''));
          let at = 0;
          for (const [each] of all) {
            if (typeof each === 'string' || each.link.length > max) continue;
            const holder = chunks.findIndex((chunk, index) => index >= at && chunk.includes(each.link));
            expect(holder).not.toBe(-1);
            at = holder;
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('under a fence too, every message ends with its code closed, and links in the code are whole', () => {
    const line = fc.array(fc.oneof(word, address), { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
    const block = fc.tuple(fc.constantFrom('```', '```sh', '  ~~~~ python'), fc.array(line, { maxLength: 6 }));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(line, block), { maxLength: 5 }),
        fc.integer({ min: 100, max: 140 }),
        (parts, max) => {
          const text = parts
            .map(([prose, [fence, lines]]) => [prose, fence, ...lines, fence.replace(/\w| (?=p)/g, '')].join('\n'))
            .join('\n');
          const chunks = splitText(text, max);
          for (const chunk of chunks) {
            expect(chunk.length).toBeLessThanOrEqual(max);
            expect(fenceLeftOpen(chunk)).toBeUndefined();
          }
          const found = (all: readonly string[]) => all.flatMap((each) => each.match(/https:\S+/g) ?? []);
          expect(found(chunks)).toEqual(found([text]));
        },
      ),
      { numRuns: 300 },
    );
  });

  test.each([
    ['text', 'lorem ipsum dolor sit amet. '],
    ['links', '[a text](https://a.example/b_(c)) and https://b.example/c, '],
    ['open brackets', '['],
    ['open texts', '[a'],
    ['open texts with pairs', '[ [a] '],
    ['open addresses', '[a](b'],
    ['open titles', '[a](b "c'],
    ['nested openings', '[[a](('],
    ['half addresses', '[a](<b'],
    ['addresses without an end', 'https://a'],
  ])('a megabyte in one line is split, and nothing of it lost: %s', (_name, part) => {
    const text = part.repeat(Math.ceil(1e6 / part.length));
    const chunks = splitText(text, 4000);
    expect(chunks.join('')).toBe(text);
  });
});
