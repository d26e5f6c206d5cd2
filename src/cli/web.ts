// `switchyard web`: a link that opens the status page of the running process.
import { isLoopback } from '../core/loopback.ts';
import { type AddVerb, ask, type Cli, printJson } from './cli.ts';
import type { PageLink } from './engine-port.ts';
import { drawQr } from './qr.ts';

export const addWeb: AddVerb = (program, cli) => {
  program
    .command('web')
    .description('a link that opens the status page, once')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => web(cli, options.json === true));
};

async function web(cli: Cli, json: boolean): Promise<void> {
  const found = await ask(cli, 'page.link', {}, (link) => link);
  if (found === undefined) return;
  if (json) printJson(cli, found);
  else cli.out(await linkText(cli, found));
}

/** A phone can open what is not this machine alone: it gets a code to scan. */
async function linkText(cli: Cli, page: PageLink): Promise<string> {
  const forPhones = cli.stdout.isTTY === true && !isLoopback(new URL(page.link).hostname);
  const qr = forPhones ? [await drawQr(page.link, true)] : [];
  return [...qr, pageLinkText(page, cli.clock.now())].join('\n');
}

/** Used by start.ts too. */
export function pageLinkText({ link, expiresAt }: PageLink, now: number): string {
  const minutes = Math.round((expiresAt - now) / 60_000);
  return `Status page: ${link}\nThe link opens it once, within ${minutes} minutes; \`npx switchyard web\` prints another one.`;
}
