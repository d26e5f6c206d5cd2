// Markdown as people see it on Telegram: what is formatted, what stays as typed, and that no text gets lost or longer.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderHtml } from '../../../channels/telegram/render.ts';
import { readHtml } from './html-check.ts';

const html = (...lines: readonly string[]): string => renderHtml(lines.join('\n')).html;
const seen = (text: string): string => readHtml(renderHtml(text).html).text;

describe('what is formatted', () => {
  test.each([
    ['**bold** and __bold too__', '<b>bold</b> and <b>bold too</b>'],
    ['*slanted* and _slanted too_', '<i>slanted</i> and <i>slanted too</i>'],
    ['~~gone~~', '<s>gone</s>'],
    ['*a **b** c*', '<i>a <b>b</b> c</i>'],
    ['***both***', '<i><b>both</b></i>'],
    ['请看**粗体**字', '请看<b>粗体</b>字'],
    ['run `a < b` now', 'run <code>a &lt; b</code> now'],
    ['`` ` ``', '<code>`</code>'],
    ['# Title', '<b>Title</b>'],
    ['### A *fine* title ##', '<b>A <i>fine</i> title</b>'],
    ['a\\*b \\_c\\_', 'a*b _c_'],
  ])('%s', (markdown, expected) => {
    expect(html(markdown)).toBe(expected);
  });

  test('code takes no other style, so a bold text opens again behind it', () => {
    expect(html('**see `x` there**')).toBe('<b>see </b><code>x</code><b> there</b>');
    expect(html('# `x`')).toBe('<code>x</code>');
  });

  test('code over a line end, and bold over a line end, keep the line end', () => {
    expect(html('`a', 'b` **c', 'd**')).toBe('<code>a\nb</code> <b>c\nd</b>');
  });

  test('blocks of code with and without a language, also indented in a list or left open', () => {
    expect(html('```ts', 'a < *b*;', '', '', 'c', '```')).toBe(
      '<pre><code class="language-ts">a &lt; *b*;\n\n\nc</code></pre>',
    );
    expect(html('1. so:', '   ~~~', '   x', '     y', '   ~~~', 'then')).toBe('1. so:\n<pre>x\n  y</pre>\nthen');
    expect(html('```', 'half')).toBe('<pre>half</pre>');
    expect(html('text', '', '    indented *code*', '', '\tmore', 'text')).toBe(
      'text\n\n<pre>indented *code*\n\nmore</pre>\ntext',
    );
  });

  test('words behind the language of a block of code stay, for they may be text', () => {
    expect(html('```ts title="a.ts"', 'x', '```')).toBe('<pre><code class="language-ts">title="a.ts"\nx</code></pre>');
    expect(html('```<script>', 'x')).toBe('<pre>&lt;script&gt;\nx</pre>');
  });

  test('lists: dots for marks, boxes for tasks, numbers and indents as they are', () => {
    expect(html('- a', '  * b', '    + c', '- [ ] open', '- [x] done', '1. one', ' 9) nine', '10. [X] ten')).toBe(
      '• a\n  • b\n    • c\n☐ open\n☑ done\n1. one\n 9) nine\n10. ☑ ten',
    );
  });

  test('an indented paragraph of a list is no code', () => {
    expect(html('1. one', '', '    more of *one*', '', '    and more')).toBe(
      '1. one\n\n    more of <i>one</i>\n\n    and more',
    );
  });

  test('a table is its source, line by line', () => {
    const table = ['| a \\| b | c |', '|:--|--:|', '| 1 < 2 | *x* |'];
    expect(html('before', ...table, 'after')).toBe(
      'before\n<pre>| a \\| b | c |\n|:--|--:|\n| 1 &lt; 2 | *x* |</pre>\nafter',
    );
    expect(html('a | b', '-----', 'c')).toBe('a | b\n-----\nc');
  });

  test('quotes hold what else there is but no quotes', () => {
    expect(html('> a **b**', '> > c', '> ```', '> > d', '> ```', '> - e', 'f')).toBe(
      '<blockquote>a <b>b</b>\nc\n<pre>&gt; d</pre>\n• e</blockquote>\nf',
    );
  });

  test('one blank line stays one, more become one, and none stands at an end', () => {
    expect(html('', 'a', 'b', '', 'c', ' ', '', 'd', '', '')).toBe('a\nb\n\nc\n\nd');
    expect(html('a  ', 'b\\', 'c\r', 'd')).toBe('a\nb\nc\nd');
  });
});

describe('links', () => {
  test.each([
    ['[text](https://a.example/x?a=1&b=2)', '<a href="https://a.example/x?a=1&amp;b=2">text</a>'],
    ['**[a *b*](http://a.example)**', '<a href="http://a.example"><b>a <i>b</i></b></a>'],
    ['[`x`](https://a.example)', '<a href="https://a.example">x</a>'],
    ['[me](tg://user?id=7)', '<a href="tg://user?id=7">me</a>'],
    ['[](https://a.example)', '<a href="https://a.example">https://a.example</a>'],
    ['![cat](https://a.example/c.png)', '<a href="https://a.example/c.png">cat</a>'],
    ['[![cat](https://i.example)](https://a.example)', '<a href="https://a.example">cat</a>'],
    ['[a](https://a.example/%22"quoted")', '<a href="https://a.example/%22&quot;quoted&quot;">a</a>'],
    ['[a](https://a.example "the title")', '<a href="https://a.example">a</a> (the title)'],
    ['https://a.example/a_b_c*d*', 'https://a.example/a_b_c*d*'],
    ['<https://a.example>', 'https://a.example'],
  ])('%s', (markdown, expected) => {
    expect(html(markdown)).toBe(expected);
  });

  test.each([
    ['[x](javascript:alert(1))', 'x (javascript:alert(1))'],
    ['[the file](./src/a.ts)', 'the file (./src/a.ts)'],
    ['[`here`](#part)', '<code>here</code> (#part)'],
    // Telegram drops links to hosts without a dot.
    ['[local](http://localhost:3000/x)', 'local (http://localhost:3000/x)'],
    // It finds these by itself, but not behind a text.
    ['[mail **me**](mailto:a@b.example)', 'mail <b>me</b> (a@b.example)'],
    ['[a@b.example](mailto:a@b.example) [x](tel:+123)', 'a@b.example x (+123)'],
  ])('an address that Telegram would drop is shown: %s', (markdown, expected) => {
    expect(html(markdown)).toBe(expected);
  });
});

describe('what stays as typed', () => {
  test.each([
    'a < b & <b> &amp; &lt; <script>alert(1)</script> <!-- x -->',
    'agent:main:telegram:direct:42 snake_case_name __init__ __dirname NO_REPLY',
    '2 * 3 * 4, 2**3**4, a*b*c, f(*args, **more)',
    'src/*.ts, test/*.ts and src/**/*.ts or test/**/*.js',
    'allow: *.ts\ndeny: a*',
    '~5 or 6~, ~/a and ~/b',
    '#1 is done, #tag',
    '+1',
    '>5 and\n>= 6',
    'Title\n=====\ntext\n---\n***\n* * *',
    '**a\n---\nb**',
    '[a][b] and [x]\n\n[b]: https://a.example',
    '[x]() [ ] [x]',
    '`` ` and ** and ~~ and [a](b',
    '(none)',
  ])('%s', (text) => {
    expect(seen(text)).toBe(text);
    expect(renderHtml(text).html).not.toMatch(/<(?!\/)(?!pre)/);
  });

  test.each([
    'Active:\n-----\n1. words (main, anthropic/claude, 42s, 1.2k in / 0.2k out / 1.4k total) running - count the words\n2. x_y (main) waiting (depth 2)\nRecent (30 min):\n-----\n(none)\n2 runs · 1.4k tokens · no cost',
    'words (run 4f1c2a90):\n-----\nUser: wait 60 seconds and say late\nTool: read {"path":"README.md"}\nTool: read: four words a line\nAssistant: 1,204 words.',
    'Tasks:\n-----\n1. ❌ work (agent:main:telegram:direct:42)\n   error (model_error): 429 from the provider\n2. ✅ b · delivery queued\nundelivered: 0',
    'Commands:\n-----\n/help - This list.\n/subagents [list] - Active and recent sub-agents, numbered.\n/steer <id|#> <message> - Tell a running one.',
    '✅ Queue:\n-----\nmode: steer\ncap: 20\nwaiting: 1 message\nas configured',
    'Status:\n-----\nmodel: openai/gpt-4o_mini\nchannel telegram: connected, as @yard_bot since 10:00\ntools.alsoAllow: ["sessions_spawn"].\nspent: <$0.01',
    'failed (budget_exceeded): lead, other, greedy\nchannels: (none)\nACP: deny-all',
  ])('the reply of a command: %s', (text) => {
    expect(seen(text)).toBe(text);
    expect(readHtml(renderHtml(text).html).entities).toEqual([]);
  });
});

describe('every text', () => {
  const fragment = fc.constantFrom(
    ...[
      '*',
      '**',
      '_',
      '__',
      '~~',
      '~',
      '`',
      '```',
      '``',
      '\n',
      '\n\n',
      '  \n',
      '\\',
      '> ',
      '>',
      '- ',
      '1. ',
      '# ',
      '    ',
    ],
    ...[
      '- [ ] ',
      '+ [x] ',
      '\n```ts x\n',
      '\n~~~\n',
      '[',
      ']',
      '](',
      ')',
      '![',
      '(https://a.example)',
      '[a](b "c")',
      '<b>',
    ],
    ...[
      '| a | b |\n|---|---|\n',
      '|',
      '&',
      '&amp;',
      '<',
      '"',
      'word',
      ' ',
      '\t',
      '\r\n',
      '😀',
      '字',
      'https://a.example/_x_',
    ],
    ...[
      '[x](mailto:a@b.c)',
      '[`c`](http://d)',
      '<https://a.example>',
      '\n-----\n',
      '===',
      '\\*',
      '![](u)',
      '[](<>)',
      '[x]: y',
    ],
  );
  const pieces = fc.array(fc.oneof({ weight: 6, arbitrary: fragment }, fc.string({ unit: 'grapheme', maxLength: 5 })), {
    maxLength: 40,
  });
  const markdown = fc.oneof(
    { weight: 5, arbitrary: pieces.map((all) => all.join('')) },
    fc.string({ unit: 'binary', maxLength: 200 }),
  );

  test('becomes HTML that parses, shows as much as it says, never more than the source and never nothing', () => {
    fc.assert(
      fc.property(markdown, (source) => {
        const rendered = renderHtml(source);
        const { text } = readHtml(rendered.html);
        expect(rendered.visible).toBe(text.length);
        expect(text.length).toBeLessThanOrEqual(source.length);
        expect(text.trim() === '').toBe(source.trim() === '');
      }),
      { numRuns: 3000 },
    );
  });

  test('keeps every letter and digit in order, the language of code in its tag', () => {
    const letters = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '');
    const spoken = fc.constantFrom(
      ...[
        '*',
        '**',
        '_',
        '~~',
        '`',
        '```\n',
        '\n',
        '\n\n',
        '> ',
        '- ',
        '1. ',
        '# ',
        '    ',
        '\\',
        '[',
        ']',
        '|',
        '<',
        '&',
        ' ',
      ],
      ...['| a | b |\n|---|---|\n', '\n~~~ \n', '(', ')', '!', '.', '\t', '\n-----\n'],
      ...['ab', 'cd', 'e', 'f1', '字', 'ü'],
    );
    fc.assert(
      fc.property(fc.array(spoken, { maxLength: 40 }), (parts) => {
        const source = parts.join('');
        fc.pre(!/\]\(/.test(source));
        const rendered = renderHtml(source).html.replace(/<code class="language-(.*?)">/g, '$1');
        expect(letters(rendered.replace(/<[^>]*>|&[a-z]+;/g, ''))).toBe(letters(source));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['nested emphasis', '*a ', 'b*'],
    ['stars', '*', ''],
    ['stars around words', '**a* ', ''],
    ['underscores in words', 'a_', ''],
    ['brackets', '[', ''],
    ['nested links', '[', '](u)'],
    ['open links', '[a](b ', ')'],
    ['quotes', '> ', ''],
    ['angle brackets', '<', ''],
    ['backticks', '`a', ''],
    ['mixed', 'a*b_~`[c](', ''],
    ['one long word', 'a', '@'],
    ['bars', '|', '\n'],
    ['lines', '\n', ''],
    ['spaces', ' ', 'x'],
  ])('of 4,096 units is rendered in a moment: %s', (_name, open, close) => {
    const count = Math.floor(4096 / (open.length + close.length));
    const source = open.repeat(count) + close.repeat(count);
    // Time that grew faster than the text would take longer than a test may.
    for (let round = 0; round < 20; round += 1) readHtml(renderHtml(source).html);
  });

  test('too full of marks to be read as one keeps its format line by line, and a single such line stays as typed', () => {
    const line = '**name**: a value';
    expect(html(...Array(60).fill(line))).toBe(Array(60).fill('<b>name</b>: a value').join('\n'));
    expect(seen(`${line} `.repeat(60))).toBe(`${line} `.repeat(60));
  });
});
