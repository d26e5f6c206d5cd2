// Markdown as the HTML that Telegram takes (Bot API, "Formatting options": HTML style). Pure; called for every chunk sent.
import { assertNever } from '../../src/core/result.ts';
import { type Block, readMarkdown } from '../shared/markdown.ts';
import type { Span, Style } from '../shared/spans.ts';

export interface Rendered {
  readonly html: string;
  /** UTF-16 length of the text people see. Never above that of the source: what fits as Markdown fits as a message. */
  readonly visible: number;
}

/**
 * @param markdown a whole chunk; marks that are open at its end stay text
 * @returns never blank unless the source is
 */
export function renderHtml(markdown: string): Rendered {
  const rendered = renderBlocks(readMarkdown(markdown, canLink));
  // Nothing but marks: a message must say something.
  return rendered.blank ? { html: escapeText(markdown), visible: markdown.length } : rendered;
}

interface Part extends Rendered {
  readonly blank: boolean;
}

function renderBlocks(blocks: readonly Block[]): Part {
  const parts = blocks.map(renderBlock);
  return {
    html: parts.map(({ html }) => html).join('\n'),
    visible: parts.reduce((sum, part) => sum + part.visible, Math.max(0, parts.length - 1)),
    blank: parts.every(({ blank }) => blank),
  };
}

function renderBlock(block: Block): Part {
  switch (block.kind) {
    case 'blank':
      return { html: '', visible: 0, blank: true };
    case 'text':
    case 'heading':
      return renderSpans(block.spans);
    case 'code':
      return wrapped(block.language === '' ? [] : [`code class="language-${block.language}"`], block.text);
    case 'table':
      return wrapped([], block.text);
    case 'quote': {
      const inner = renderBlocks(block.blocks);
      return { ...inner, html: `<blockquote>${inner.html}</blockquote>` };
    }
    default:
      return assertNever(block);
  }
}

function wrapped(tags: readonly string[], text: string): Part {
  const all = ['pre', ...tags];
  return {
    html: `${opened(all)}${escapeText(text)}${closed(all)}`,
    visible: text.length,
    blank: text.trim() === '',
  };
}

/** Adjacent spans share the tags they have in common. */
function renderSpans(spans: readonly Span[]): Part {
  let html = '';
  let text = '';
  let open: readonly string[] = [];
  for (const span of spans) {
    const wanted = tagsOf(span);
    const differs = wanted.findIndex((tag, index) => tag !== open[index]);
    const shared = Math.min(open.length, differs === -1 ? wanted.length : differs);
    html += closed(open.slice(shared)) + opened(wanted.slice(shared)) + escapeText(span.text);
    text += span.text;
    open = wanted;
  }
  return { html: html + closed(open), visible: text.length, blank: text.trim() === '' };
}

/**
 * Telegram's server takes web addresses whose host has a dot, and its own `tg:` links; it silently drops the rest, and
 * makes web links of `mailto:` (tdlib, `LinkManager::check_link`). Mail addresses and phone numbers in plain sight it
 * finds by itself.
 */
function canLink(href: string): boolean {
  return /^tg:\/\/[\w-]+(?:[/?#]\S*)?$/i.test(href) || (/^https?:\/\/\S+$/i.test(href) && hostHasDot(href));
}

function hostHasDot(href: string): boolean {
  return URL.parse(href)?.hostname.includes('.') ?? false;
}

const tagNames: Readonly<Record<Style, string>> = { bold: 'b', italic: 'i', strike: 's', code: 'code' };

/** Tags from the outside in. Code takes no other style, and is no code within a link: Telegram allows one or the other. */
function tagsOf({ styles, href }: Span): readonly string[] {
  if (href === undefined && styles.includes('code')) return ['code'];
  const tags = styles.filter((style) => style !== 'code').map((style) => tagNames[style]);
  return href === undefined ? tags : [`a href="${escapeText(href).replaceAll('"', '&quot;')}"`, ...tags];
}

function opened(tags: readonly string[]): string {
  return tags.map((tag) => `<${tag}>`).join('');
}

function closed(tags: readonly string[]): string {
  return tags
    .map((tag) => `</${tag.split(' ', 1)[0]}>`)
    .reverse()
    .join('');
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
