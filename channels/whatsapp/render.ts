// Markdown as WhatsApp shows it: `*bold*`, `_italic_`, `~strike~`, code, quotes; headings are bold lines, links stand open, tables
// become lines. Pure; used by sending.ts for every chunk.
import { assertNever } from '../../src/core/result.ts';
import { type Block, readMarkdown } from '../shared/markdown.ts';
import { marked, unmarked } from './marks.ts';
import { tableLines } from './table.ts';

/** How much is done for the looks of a text; what does not fit is left out, and the source always fits. */
interface Look {
  /** Tables are laid out. */
  readonly tables: boolean;
  /** Marks that nobody meant are kept from becoming formatting. */
  readonly guarded: boolean;
  readonly quoted: boolean;
}

const looks: readonly Look[] = [
  { tables: true, guarded: true, quoted: false },
  { tables: false, guarded: true, quoted: false },
  { tables: false, guarded: false, quoted: false },
];

const fence = '```';

/**
 * @param markdown a whole chunk; marks that are open at its end stay text
 * @param most what the result may not exceed, in UTF-16 units; the source fits into it
 * @returns never blank unless the source is
 */
export function renderWhatsApp(markdown: string, most: number): string {
  const blocks = readMarkdown(markdown, () => false);
  for (const look of looks) {
    const text = renderBlocks(blocks, look).join('\n');
    // Nothing but marks: a message must say something.
    if (text.trim() === '') return markdown;
    if (text.length <= most) return text;
  }
  return markdown;
}

/** Lines; a block of code is one. */
function renderBlocks(blocks: readonly Block[], look: Look): readonly string[] {
  return blocks.flatMap((block) => renderBlock(block, look));
}

function renderBlock(block: Block, look: Look): readonly string[] {
  switch (block.kind) {
    case 'blank':
      return [''];
    case 'text':
    case 'heading':
      return [marked(block.spans, look.guarded)];
    case 'code':
      return renderCode(block.text, look);
    case 'table':
      return renderTable(block.text, look);
    case 'quote':
      return renderBlocks(block.blocks, { ...look, quoted: true })
        .join('\n')
        .split('\n')
        .map((line) => `> ${line}`);
    default:
      return assertNever(block);
  }
}

/** WhatsApp knows no block of code within a quote, and none that holds the mark of its own end. */
function renderCode(text: string, { quoted, guarded }: Look): readonly string[] {
  if (quoted || text.includes(fence)) return text.split('\n').map((line) => unmarked(line, guarded));
  return [`${fence}\n${text}\n${fence}`];
}

function renderTable(text: string, look: Look): readonly string[] {
  const table = look.tables ? tableLines(text.split('\n')) : undefined;
  if (table === undefined) return renderCode(text, look);
  return table.kind === 'aligned'
    ? renderCode(table.lines.join('\n'), look)
    : table.lines.map((line) => (line === '' ? '' : marked(line, look.guarded)));
}
