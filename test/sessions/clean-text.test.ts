// Cleaning by example: what must go and what must stay.
import { describe, expect, test } from 'vitest';
import { blockBegin, blockEnd } from '../../src/core/block.ts';
import { cleanText, maxBlock } from '../../src/sessions/history.ts';

describe('thinking', () => {
  test.each([
    ['<think>secret</think>answer', 'answer'],
    ['<thinking>\nsecret\n</thinking>\n\nanswer', 'answer'],
    ['before\n\n<thought>secret</thought>\n\nafter', 'before\n\nafter'],
    ['<antthinking signature="x">secret</antthinking>answer', 'answer'],
    ['< think >secret</ think >answer', 'answer'],
    ['<THINK>secret</Think>answer', 'answer'],
    ['answer <think>secret that never ends\n\nmore secret', 'answer'],
    ['answer <think', 'answer'],
    ['<think>a<think>b</think>c</think>answer', 'answer'],
    ['<think>shall I write <think> here?</think>answer', 'answer'],
    ['<think>\n```js\nsecret()\n```\n</think>answer', 'answer'],
    ['secret reasoning\n</think>\n\nanswer', 'answer'],
    ['answer</think> more', 'answer more'],
    ['[THINK]secret[/THINK]answer', 'answer'],
    ['◁think▷secret◁/think▷answer', 'answer'],
    ['<|channel|>analysis<|message|>secret<|end|><|start|>assistant<|channel|>final<|message|>answer', 'answer'],
    ['<think/>answer', 'answer'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean));
});

describe('memories, tool payloads and scaffolding', () => {
  test.each([
    ['<relevant-memories>\nAnn likes tea\n</relevant-memories>\nhello', 'hello'],
    ['<relevant_memories>x</relevant_memories>hello', 'hello'],
    ['hello\n<relevant-memories>cut off', 'hello'],
    ['<tool_call>{"name":"read"}</tool_call>hello', 'hello'],
    ['<tool_calls><tool_call>{}</tool_call></tool_calls>hello', 'hello'],
    ['hello <function_call>{"name":"read", "arguments"', 'hello'],
    ['hello\n<function_calls>\n<invoke name="x">', 'hello'],
    ['<tool_call>{}</tool_calls>hello', 'hello'],
    ['<invoke><tool_call><invoke></tool_call></invoke>hello<tool_call>{}</tool_call> bye', 'hello bye'],
    ['<tool_call><function=read><parameter=path>x</parameter></function></tool_call>hello', 'hello'],
    ['<tool_result>data</tool_result>hello', 'hello'],
    ['[Tool Call: read (ID: 1)]\nArguments: {"path":"x"}\n\nhello', 'hello'],
    ['[Tool Result for ID 1]\nline one\nline two\n\nhello', 'hello'],
    ['[Historical context: a different model said this]\nhello', 'hello'],
    ['[Chat messages since your last reply - for context]\nhello', 'hello'],
    ['[TOOL_CALLS][{"name":"read"}]\n\nhello', 'hello'],
    [`${blockBegin}\nSource: subagent\n~~~~~~~~\ntext\n~~~~~~~~\n${blockEnd}\nhello`, 'hello'],
    [`hello\n${blockBegin}\nStatus: success`, 'hello'],
    [
      '<minimax:tool_call>\n<invoke name="x">\n<parameter name="a">1</parameter>\n<parameter name="b">2</parameter>\n</invoke>\n</minimax:tool_call>hello',
      'hello',
    ],
    ['hello</invoke></minimax:tool_call></parameter>', 'hello'],
    ['hello <invoke name="x">broken off', 'hello'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean));
});

describe('control tokens', () => {
  test.each([
    ['hello<|im_end|>', 'hello'],
    ['<|im_start|>assistant\nhello<|endoftext|>', 'hello'],
    ['hello<｜end▁of▁sentence｜>', 'hello'],
    ['<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>read{"a":1}<｜tool▁call▁end｜><｜tool▁calls▁end｜>hello', 'hello'],
    [
      '<|tool_calls_section_begin|><|tool_call_begin|>f<|tool_call_argument_begin|>{}<|tool_call_end|><|tool_calls_section_end|>hello',
      'hello',
    ],
    ['a <|x|> b', 'a b'],
    ['<|<|im_end|>im_end|>hello', 'hello'],
  ])('%j', (text, clean) => expect(cleanText(text)).toBe(clean));
});

describe('what stays', () => {
  test.each([
    'A <details> block, <br> and <b>bold</b>.',
    'Map<string, number> and Promise<Result<T>> but a < b and c > d',
    'if (a <| b) then x |> f',
    'Use `<think>` in the prompt, and `<|im_end|>` ends it.\n\nMore text.',
    'I think> that thinking <3 helps. <think-tank> is an element.',
    '```xml\n<tool_call>{"a":1}</tool_call>\n<think>shown</think>\n<|im_end|>\n```',
    '~~~\n[Tool Call: x]\n```\n<invoke name="x">\n~~~\ntext after',
    '  - list\n    ```\n    <think>\n    ```\n',
    '| a | b |\n|---|---|\n| 1 | 2 |\n\n\n\ntext with gaps   \n',
    'See [tool result](https://x.test) and [Historical notes].',
    'The tool call failed, so the function results are missing.',
    '<div class="a">\n  <function>x</div>',
    'Grüße 👩‍🚀 – “quotes” … \u0000 \ud800',
    '```js\nlet a = "never closed";\n<think>',
    '',
    '   ',
  ])('%j', (text) => expect(cleanText(text)).toBe(text));

  test('text after unclosed backticks is cleaned all the same', () => {
    expect(cleanText('a ` b <|im_end|> c')).toBe('a ` b c');
  });
});

describe('credentials', () => {
  test('are redacted in text and in code', () => {
    const key = `sk-${'ant-api03-'}${'Ab1_'.repeat(10)}`;
    expect(cleanText(`key ${key}`)).toBe('key [redacted]');
    expect(cleanText(`\`\`\`sh\nexport K=${key}\n\`\`\``)).toBe('```sh\nexport K=[redacted]\n```');
  });

  test('are redacted when removed marks had split them', () => {
    const key = `ghp_${'a1B2'.repeat(9)}`;
    expect(cleanText(`${key.slice(0, 10)}<|x|>${key.slice(10)}`)).toBe('[redacted]');
  });
});

describe('long blocks', () => {
  test('are cut at the limit, marked, and stay the same when cleaned again', () => {
    const clean = cleanText('word '.repeat(2000));
    expect(clean.length).toBeLessThanOrEqual(maxBlock);
    expect(clean).toMatch(/word\n\[cut: the text is longer\]$/);
    expect(cleanText(clean)).toBe(clean);
  });

  test('of code stay closed', () => {
    expect(cleanText(`\`\`\`js\n${'let a;\n'.repeat(900)}\`\`\``)).toMatch(/let a;\n```\n\[cut: the text is longer\]$/);
  });

  test('may be longer where the caller has a limit of its own', () => {
    expect(cleanText('x'.repeat(9000), Number.POSITIVE_INFINITY)).toHaveLength(9000);
  });
});
