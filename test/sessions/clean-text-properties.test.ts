// Cleaning any text: nothing listed is left, code and ordinary text stay, and no input makes it slow.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockBegin, blockEnd } from '../../src/core/block.ts';
import { cleanText } from '../../src/sessions/history.ts';

/** What no cleaned text may hold outside code. */
const listed =
  /<[ \t]*\/?[ \t]*(?:think(?:ing)?|thought|antthinking|relevant[-_]memories|(?:minimax:)?(?:tool|function)_calls?|invoke)(?=[\s>/])[^<>]*>|<[|｜](?![ \t]+[^\s<>]+[ \t]+[^\s<>|｜])[^<>\n]*[|｜]>|\[Tool (?:Call|Result):|\[Historical context:|\[(?:end of )?switchyard completion/i;

const tag = fc.constantFrom(
  '<think>',
  '</think>',
  '<thinking>',
  '</thinking>',
  '<relevant-memories>',
  '</relevant-memories>',
  '<relevant_memories>',
  '<tool_call>',
  '</tool_call>',
  '<tool_calls>',
  '<function_call>',
  '</function_calls>',
  '<invoke name="a">',
  '</invoke>',
  '<minimax:tool_call>',
  '</minimax:tool_call>',
  '<|im_start|>',
  '<|im_end|>',
  '<｜end▁of▁sentence｜>',
  '<|channel|>analysis<|message|>',
  '[Tool Call: a]',
  '[Tool Result: b]',
  '[Historical context: c]',
  blockBegin,
  blockEnd,
  '◁think▷',
  '[THINK]',
); // prettier-ignore
const broken = fc.constantFrom(
  '<',
  '|>',
  '<|',
  '</',
  'think>',
  'thi',
  'nk>',
  'tool_call',
  '>',
  '[',
  ']',
  '[Tool ',
  'Call: ',
  '[redacted]',
);
const words = fc.oneof(
  fc.string({ unit: fc.constantFrom(...'ab <>|/[]:\n.,') }),
  fc.constantFrom('\n', '\n\n', ' ', 'Some words.', 'Map<string>', '😀'),
);

describe('for any text', () => {
  test('nothing listed is left, and cleaning again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(tag, broken, words), { maxLength: 25 }), (parts) => {
        const clean = cleanText(parts.join(''));
        expect(clean).not.toMatch(listed);
        expect(cleanText(clean)).toBe(clean);
      }),
      { numRuns: 2000 },
    );
  });

  test('marks nested in marks to any depth are gone too', () => {
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1, maxLength: 30 }), fc.nat(8), (tags, at) => {
        const nested = tags.reduce((inside, each) => each.slice(0, at) + inside + each.slice(at), 'x');
        const clean = cleanText(nested);
        expect(clean).not.toMatch(listed);
        expect(cleanText(clean)).toBe(clean);
      }),
      { numRuns: 1000 },
    );
  });

  test('with fences and backticks it stays stable and never throws', () => {
    const fences = fc.constantFrom(
      '```\n',
      '\n```\n',
      '\n~~~js\n',
      '`',
      '``',
      '```',
      ' ',
      'password=',
      '-----BEGIN PRIVATE KEY-----\n',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(tag, broken, words, fences, fc.string()), { maxLength: 25 }), (parts) => {
        const clean = cleanText(parts.join(''));
        expect(cleanText(clean)).toBe(clean);
      }),
      { numRuns: 2000 },
    );
  });

  test('what stands in a code fence stays as it is', () => {
    const inside = fc
      .array(fc.oneof(tag, broken, words), { maxLength: 12 })
      .map((parts) => parts.join('').replace(/[`~]/g, ''));
    fc.assert(
      fc.property(inside, fc.constantFrom('```', '~~~~', '   ```'), (code, marker) => {
        const fenced = `before\n${marker}xml\n${code}\n${marker}\nafter`;
        expect(cleanText(`${fenced}<|im_end|>`)).toBe(fenced);
      }),
      { numRuns: 1000 },
    );
  });

  test('ordinary prose, markdown and code stay as they are', () => {
    const plain = fc.constantFrom(
      'Some words, ',
      'a < b ',
      '<T extends U>',
      'List<int>',
      '**bold**',
      '`code`',
      '\n- item',
      '\n## Title\n',
      '\n```ts\nlet a: T[];\n```\n',
      '[link](https://x.test)',
      '<br>',
      '1 | 2',
      '€ 5',
      ' x => x',
      '\n> quote\n',
      'thinking about tool calls ',
      '<img src="a.png">',
    ); // prettier-ignore
    fc.assert(
      fc.property(fc.array(plain, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        fc.pre(!/```ts[^\n]/.test(text));
        expect(cleanText(text)).toBe(text);
      }),
      { numRuns: 500 },
    );
  });
});

test('marks nested deeper than anybody writes lose their meaning', () => {
  for (const [open, close] of [
    ['<|', '|>'],
    ['<th', 'ink>'],
  ] as const) {
    const clean = cleanText(`a ${open.repeat(60)}${close.repeat(60)} b`);
    expect(clean).not.toMatch(listed);
    expect(cleanText(clean)).toBe(clean);
  }
});

test('a megabyte made to be slow takes a moment', () => {
  const units = [
    '<',
    '<|',
    '<think>',
    '</think>',
    '<think>\n</think>\n',
    '<tool_call></invoke>',
    '`',
    '` `` ',
    '```\n',
    '[',
    '[Tool Call: ',
    '[Historical context: ',
    ' ',
    '\n',
    '<th',
    '<|<|',
    '<|channel|>analysis',
    '<invoke ',
    '◁',
    blockBegin,
    '<think ',
    'a',
  ];
  for (const unit of units) cleanText(unit.repeat(Math.ceil(1e6 / unit.length)));
  const deep = 50_000;
  cleanText('<|'.repeat(deep) + '|>'.repeat(deep));
  cleanText('<th'.repeat(deep) + 'ink>'.repeat(deep));
});
