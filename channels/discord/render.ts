// Our Markdown as Discord shows it: it reads most of it itself, so only what it does not know is changed: tables, images, task
// boxes, deep headings. Pure; called by sending.ts for every chunk.
import { closesFence, openingFence } from '../../src/core/fences.ts';

const fence = '```';

/**
 * @param most what the result may not exceed, in UTF-16 units; the source fits into it
 * @returns never longer than the source, but for the marks around a table, and those only where they fit
 */
export function renderDiscord(markdown: string, most: number): string {
  const blocks = blocksOf(markdown.replace(/\r\n?/g, '\n').split('\n'));
  const drafts = blocks.map(({ kind, lines }) => (kind === 'text' ? lines.map(renderLine) : lines).join('\n'));
  let length = drafts.reduce((sum, text) => sum + text.length, Math.max(0, drafts.length - 1));
  const shown = drafts.map((text, index) => {
    const cost = 2 * (fence.length + 1);
    if (blocks[index]?.kind !== 'table' || length + cost > most || text.includes(fence)) return text;
    length += cost;
    return `${fence}\n${text}\n${fence}`;
  });
  return shown.join('\n');
}

interface Block {
  readonly kind: 'text' | 'code' | 'table';
  readonly lines: readonly string[];
}

/** Code in fences, tables, and everything else line by line. */
function blocksOf(lines: readonly string[]): readonly Block[] {
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const open = openingFence(line);
    const next =
      open === undefined
        ? tableEnd(lines, at)
        : Math.min(lines.length, firstAfter(lines, at + 1, (each) => !closesFence(each, open)) + 1);
    const kind = open !== undefined ? 'code' : next > at + 1 ? 'table' : 'text';
    blocks.push({ kind, lines: lines.slice(at, next) });
    at = next;
  }
  return blocks;
}

/** The first line after a table that starts here; the next line where none does. */
function tableEnd(lines: readonly string[], at: number): number {
  const [head = '', dashes = ''] = lines.slice(at, at + 2);
  const isTable =
    head.includes('|') && dashes.includes('|') && cells(dashes).every((cell) => /^ *:?-+:? *$/.test(cell));
  if (!isTable || cells(head).length !== cells(dashes).length) return at + 1;
  return firstAfter(lines, at + 2, (line) => line.trim() !== '' && line.includes('|'));
}

function firstAfter(lines: readonly string[], from: number, within: (line: string) => boolean): number {
  let at = from;
  while (at < lines.length && within(lines[at] ?? '')) at += 1;
  return at;
}

function cells(line: string): readonly string[] {
  return line.trim().replace(/^\|/, '').replace(/\|$/, '').split('|');
}

function renderLine(line: string): string {
  // Discord knows three depths of headings.
  const deep = /^ {0,3}#{4,6}[ \t]+(\S.*)$/.exec(line)?.[1]?.trimEnd();
  if (deep !== undefined) return deep.includes('*') ? renderInline(deep) : `**${renderInline(deep)}**`;
  return renderInline(
    line.replace(
      /^([ \t]*[-*+][ \t]+)\[([ xX])\](?=[ \t])/,
      (_all, mark: string, done: string) => `${mark}${done === ' ' ? '☐' : '☑'}`,
    ),
  );
}

/** Code spans stay as they are. */
function renderInline(text: string): string {
  return text.replace(
    /(`+)(?!`).*?(?<!`)\1(?!`)|!\[([^\]]*)\]\(([^\s()]+)(?:[ \t]+"[^"]*")?\)/g,
    (all, code, alt, href) => {
      if (code !== undefined) return all;
      const words = String(alt).trim();
      return words === '' ? String(href) : `[${words}](${String(href)})`;
    },
  );
}

/** Several links would bury the text below their previews. */
export function hidesPreviews(text: string): boolean {
  return (text.match(/https?:\/\//g) ?? []).length > 1;
}
