// Markdown as people see it on WhatsApp: what is formatted, what stays as typed, and that no text gets lost or too long.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderWhatsApp } from '../../../channels/whatsapp/render.ts';

const shown = (...lines: readonly string[]): string => renderWhatsApp(lines.join('\n'), 4000);
/** A space of no width, where a pair of marks was broken. */
const z = '\u200b';

describe('what is formatted', () => {
  test.each([
    ['**bold** and __bold too__', '*bold* and *bold too*'],
    ['*slanted* and _slanted too_', '_slanted_ and _slanted too_'],
    ['~~gone~~', '~gone~'],
    ['***both***', '_*both*_'],
    ['*a **b** c*', '_a *b* c_'],
    ['run `a < b` now', 'run `a < b` now'],
    ['请看**粗体**字', `请看${z}*粗体*${z}字`],
    ['# Title', '*Title*'],
    ['### A *fine* title ##', '*A _fine_ title*'],
    ['- a', '• a'],
    ['- [x] done', '☑ done'],
    ['1. one', '1. one'],
    ['[text](https://a.example/b)', 'text (https://a.example/b)'],
    ['<https://a.example>', 'https://a.example'],
    ['![a cat](https://a.example/cat.png)', 'a cat (https://a.example/cat.png)'],
    ['a\\*b \\_c', 'a*b _c'],
  ])('%s', (markdown, expected) => {
    expect(shown(markdown)).toBe(expected);
  });

  test('code takes no other style, so bold ends before it and begins again behind it', () => {
    expect(shown('**see `x` there**')).toBe('*see* `x` *there*');
  });

  test('bold over a line end is bold on both lines, for formatting ends with the line', () => {
    expect(shown('**one', 'two** three')).toBe('*one*\n*two* three');
  });

  test('blocks of code lose their language', () => {
    expect(shown('```ts', 'a < *b*;', '```')).toBe('```\na < *b*;\n```');
  });

  test('a block of code that holds the mark of its own end is text', () => {
    expect(shown('~~~', 'a ```x``` b', '~~~')).not.toContain('\n```\n');
  });

  test('quotes, also of several blocks', () => {
    expect(shown('> one', '> **two**', '', 'after')).toBe('> one\n> *two*\n\nafter');
    expect(shown('> ```', '> code', '> ```')).toBe('> code');
  });

  test('a narrow table is laid out in columns', () => {
    expect(shown('| Name | n |', '|---|--:|', '| **a** | 1 |', '| bcd | 22 |')).toBe(
      ['```', 'Name  n', '----  --', 'a     1', 'bcd   22', '```'].join('\n'),
    );
  });

  test('a wide table is read row by row', () => {
    const wide = 'a long description that fits no phone';
    expect(shown('| Run | Task | State |', '|---|---|---|', `| #1 | ${wide} | done |`, '| #2 | x |  |')).toBe(
      ['*#1*', `Task: ${wide}`, 'State: done', '', '*#2*', 'Task: x'].join('\n'),
    );
  });
});

describe('what nobody meant as formatting', () => {
  test.each([
    ['2 * 3 * 4 and snake_case_name', '2 * 3 * 4 and snake_case_name'],
    ['src/*.ts, test/*.ts', `src/*${z}.ts, test/*.ts`],
    ['\\*stars\\*', `*${z}stars*`],
    ['\\_init\\_ here', `_${z}init_ here`],
    ['~5 or 6~', `~${z}5 or 6~`],
    ['a ` b', 'a ` b'],
    ['**a\\* b**', `*a${z}* b*`],
    ['**a** b\\*', `*a* b${z}*`],
    ['\\`x\\`', `\`${z}x\``],
  ])('%s', (markdown, expected) => {
    expect(shown(markdown)).toBe(expected);
  });

  test('gives way where a message would become too long', () => {
    const text = '\\*a\\* '.repeat(20).trim();
    expect(renderWhatsApp(text, 10_000)).toContain(z);
    expect(renderWhatsApp(text, '*a* '.length * 20)).not.toContain(z);
  });
});

describe('any text', () => {
  const markdown = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '*',
          '**',
          '_',
          '~',
          '~~',
          '`',
          '```',
          '\n',
          '\n\n',
          '> ',
          '# ',
          '- ',
          '1. ',
          '|',
          '|---|',
          ' ',
        ),
        fc.constantFrom(
          '[a](https://b.example)',
          '| a | b |\n|---|---|\n| c | d |\n',
          '![](x)',
          '<b>',
          '\\',
          'é',
          '👍🏽',
        ),
        fc.string({ maxLength: 12 }),
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join(''));

  test('is never longer than a message may be, and never throws', () => {
    fc.assert(
      fc.property(markdown, fc.integer({ min: 0, max: 40 }), (text, room) => {
        expect(renderWhatsApp(text, text.length + room).length).toBeLessThanOrEqual(text.length + room);
      }),
      { numRuns: 500 },
    );
  });

  test('that says something is never shown as nothing', () => {
    fc.assert(
      fc.property(markdown, (text) => {
        expect(renderWhatsApp(text, text.length).trim() === '').toBe(text.trim() === '');
      }),
    );
  });

  test('keeps its words', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 30 });
    const joint = fc.constantFrom(
      ' ',
      '\n',
      ' **',
      '** ',
      ' _',
      '_ ',
      ' `',
      '` ',
      '\n> ',
      '\n- ',
      '\n\n',
      ' ~~',
      '~~ ',
    );
    fc.assert(
      fc.property(words, fc.array(joint, { minLength: 30, maxLength: 30 }), (each, joints) => {
        const text = each.map((word, index) => word + (joints[index] ?? '')).join('');
        const found = renderWhatsApp(text, 4000)
          .replaceAll(z, '')
          .match(/[a-z]+/g);
        expect(found).toEqual(each);
      }),
    );
  });

  test('without marks stays as it is', () => {
    const plain = fc
      .stringMatching(/^[A-Za-z0-9 ,.!?äöü€]{1,80}$/)
      .filter((text) => text.trim() === text && !/^\d+[.)]/.test(text));
    fc.assert(
      fc.property(plain, (text) => {
        expect(renderWhatsApp(text, 4000)).toBe(text);
      }),
    );
  });
});
