import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hidesPreviews, renderDiscord } from '../../../channels/discord/render.ts';

const shown = (markdown: string, most = 2_000): string => renderDiscord(markdown, most);

describe('Markdown on Discord', () => {
  it.each([
    ['stays as it is where Discord reads it', '# A\n**b** *c* ~~d~~ `e`\n> f\n- g\n1. h\n[i](https://j.example)'],
    ['keeps what stands in code', '```md\n![a](b)\n- [ ] c\n| a | b |\n|---|---|\n```\n`![a](b)` and ``- [x]``'],
    ['keeps a line that only looks like a table', 'a | b\nc | d'],
    ['keeps names with underscores', '__init__ and snake_case'],
  ])('%s', (_what, markdown) => {
    expect(shown(markdown)).toBe(markdown);
  });

  it.each([
    [
      'a table becomes a block',
      'so:\n| a | b |\n|---|---|\n| 1 | 2 |\nend',
      'so:\n```\n| a | b |\n|---|---|\n| 1 | 2 |\n```\nend',
    ],
    ['an image becomes a link', 'see ![a cat](https://x.example/c.png "t")', 'see [a cat](https://x.example/c.png)'],
    ['an image without words becomes its address', '![](https://x.example/c.png)', 'https://x.example/c.png'],
    ['tasks become boxes', '- [ ] one\n  * [x] two', '- ☐ one\n  * ☑ two'],
    ['deep headings become bold', '#### Small\n###### *very*', '**Small**\n*very*'],
  ])('%s', (_what, markdown, expected) => {
    expect(shown(markdown)).toBe(expected);
  });

  it('leaves a table as it is where the marks around it would not fit', () => {
    const table = '| a | b |\n|---|---|\n| 1 | 2 |';
    expect(shown(table, table.length + 7)).toBe(table);
    expect(shown(table, table.length + 8)).toBe(`\`\`\`\n${table}\n\`\`\``);
  });

  it('always fits where its source fits, and is never blank unless that is', () => {
    const pieces = [
      '| a | b |',
      '|---|---|',
      '```',
      '![x](y)',
      '![](z)',
      '- [ ] t',
      '#### h',
      '**b**',
      '`',
      '',
      'text',
    ];
    const markdown = fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(markdown, fc.nat(40), (text, spare) => {
        const result = renderDiscord(text, text.length + spare);
        expect(result.length).toBeLessThanOrEqual(text.length + spare);
        expect(result.trim() === '').toBe(text.trim() === '');
      }),
    );
  });

  it('shows the preview of one link, and of several none', () => {
    expect(hidesPreviews('see https://a.example')).toBe(false);
    expect(hidesPreviews('https://a.example\nhttp://b.example')).toBe(true);
  });
});
