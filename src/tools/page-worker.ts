// The thread that turns HTML into text. Started by page-text.ts; a huge or hostile page only costs this thread.
import { parentPort, workerData } from 'node:worker_threads';
import { convert } from 'html-to-text';
import type { Page } from './page-text.ts';

const { html, address }: { readonly html: string; readonly address: string } = workerData;

const skipped = ['img', 'nav', 'svg', 'button', 'noscript', 'template', 'iframe', 'video', 'audio'];
const headings = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'];

function absolute(link: string): string {
  return URL.canParse(link, address) ? new URL(link, address).href : link;
}

function text(selectors: readonly string[]): string {
  return convert(html, {
    wordwrap: false,
    baseElements: { selectors, returnDomByDefault: true },
    limits: { maxDepth: 200, maxChildNodes: 20_000, maxInputLength: 2_500_000 },
    selectors: [
      ...skipped.map((selector) => ({ selector, format: 'skip' })),
      ...headings.map((selector) => ({ selector, options: { uppercase: false } })),
      { selector: 'table', format: 'dataTable', options: { uppercaseHeaderCells: false, maxColumnWidth: 80 } },
      {
        selector: 'a',
        options: { pathRewrite: absolute, noAnchorUrl: true, hideLinkHrefIfSameAsText: true },
      },
    ],
  })
    .replaceAll(/[ \t]+\n/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}

// Menus and footers drown a page's text; where the page marks its main part, that part is enough.
const hasMain = /<(main|article)[\s>]/i.test(html);
const main = hasMain ? text(['main', 'article']) : '';
const title = convert(/<title[^>]*>([^<]{0,500})/i.exec(html)?.[1] ?? '', { wordwrap: false }).trim();
const page: Page = { title, text: main.length >= 200 ? main : text(['body']) };
parentPort?.postMessage(page);
