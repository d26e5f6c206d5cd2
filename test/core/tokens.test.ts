import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quoteWord, tokenize } from '../../src/core/tokens.ts';

const words = (text: string): readonly string[] => tokenize(text).map((token) => token.text);

describe('words as phones type them', () => {
  test('no-break spaces and zero-width characters separate and vanish', () => {
    expect(words('kill\u00A0#1 \u200B 2')).toEqual(['kill', '#1', '2']);
  });

  test('a long dash before a name is two hyphens, inside a word it is one', () => {
    expect(words('—model x –thinking―y max–age — −5')).toEqual(['--model', 'x', '--thinking-y', 'max-age', '--', '-5']);
  });

  test('plain and curly quotes join words, and their content is verbatim', () => {
    expect(words('“smoke – test” "a  b" ‘c d’ --label=”x y”')).toEqual(['smoke – test', 'a  b', 'c d', '--label=x y']);
  });

  test('a doubled quote inside a quoted word is one', () => {
    expect(words(`"Ann's ""big"" job" 'don''t stop' "" '' "x"" y`)).toEqual([
      `Ann's "big" job`,
      "don't stop",
      '',
      '',
      '"x""',
      'y',
    ]);
  });

  test('apostrophes and inch marks do not open a quote', () => {
    expect(words(`don't 5" 'em and 'twas "a"b "open`)).toEqual(["don't", '5"', "'em", 'and', "'twas", '"a"b', '"open']);
  });

  test('a quoted word reads back as it was, whatever it holds', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('"', '“', '”', "'", '’', ' ', '\n', '-', '—', '\u200B'),
    );
    const value = fc.array(piece).map((pieces) => pieces.join(''));
    fc.assert(fc.property(value, (text) => void expect(words(`${quoteWord(text)} end`)).toEqual([text, 'end'])));
  });

  test('positions point at the original text', () => {
    const piece = fc.oneof(fc.string(), fc.constantFrom('“', '”', "'", '—', '--a=', '\u00A0', '\u200B', '😀'));
    fc.assert(
      fc.property(
        fc.array(piece).map((pieces) => pieces.join('')),
        (text) => {
          let last = 0;
          for (const token of tokenize(text)) {
            if (token.start < last || token.end <= token.start) return false;
            last = token.end;
          }
          expect(
            text
              .slice(last)
              .replaceAll(/[\u200B\u200E\u200F\u2060]/g, '')
              .trim(),
          ).toBe('');
        },
      ),
    );
  });
});
