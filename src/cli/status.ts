// `switchyard status`: is the process up, and is everything it needs connected. Exit 0 healthy, 1 degraded, 2 not running.
import { channelWords, closedWords, configWords } from '../../commands/status.ts';
import { elapsed, timestamp, titled } from '../core/format.ts';
import type { StatusView } from '../core/services.ts';
import { type AddVerb, ask, type Cli, exits, printJson } from './cli.ts';

/** Above this many waiting messages delivery is in trouble, not just busy. */
const largeBacklog = 25;

export const addStatus: AddVerb = (program, cli) => {
  program
    .command('status')
    .description('is it running, what is connected, how full are the lanes (exit 0 healthy, 1 degraded, 2 not running)')
    .option('--json', 'print JSON')
    .action((options: { json?: boolean }) => status(cli, options.json === true));
};

async function status(cli: Cli, json: boolean): Promise<void> {
  await ask(cli, 'status', {}, (view) => {
    const troubles = degradedBy(view);
    if (json) printJson(cli, { ...view, troubles });
    else cli.out(statusText(view, troubles, cli.clock.now()));
    cli.finish(troubles.length === 0 ? exits.ok : exits.failed);
  });
}

/** What keeps the process from being healthy, one sentence each. Used by src/app.ts for the status page too. */
export function degradedBy(view: StatusView): readonly string[] {
  const { config, outbox, page } = view;
  return [
    ...(view.draining ? ['It is stopping.'] : []),
    ...(config.error === undefined ? [] : [`The config was not loaded: ${config.error}`]),
    ...view.channels.filter((one) => one.state !== 'connected').map(channelWords),
    ...(page !== undefined && 'trouble' in page ? [`The status page is not served. ${page.trouble}`] : []),
    ...(outbox.pending > largeBacklog ? [`${outbox.pending} messages wait to be sent.`] : []),
  ];
}

export function statusText(view: StatusView, troubles: readonly string[], now: number): string {
  const { config } = view;
  const changed = config.fileChangedAt;
  const lines = [
    `version: ${view.version}, up ${elapsed(view.uptimeMs)}, generation ${view.generation}`,
    `model: ${view.model}`,
    `config: ${configWords(config, now)}`,
    ...(changed !== undefined && changed > config.loadedAt
      ? [`⚠️ the config file is newer: changed ${timestamp(changed, now)}`]
      : []),
    `lanes: ${view.lanes.map((lane) => `${lane.name} ${lane.active}/${lane.width}${lane.waiting === 0 ? '' : ` (+${lane.waiting})`}`).join(', ')}`,
    ...view.channels.map((one) => `channel ${channelWords(one)}`),
    `ACP: ${view.acp.enabled ? view.acp.mode : 'off'}`,
    `outbox: ${view.outbox.pending} pending, ${view.outbox.undelivered} undelivered`,
    ...pageLine(view),
    ...view.closed.map(closedWords),
    ...(troubles.length === 0 ? ['healthy'] : troubles.map((trouble) => `⚠️ ${trouble}`)),
  ];
  return titled('Status:', lines);
}

function pageLine({ page }: StatusView): readonly string[] {
  return page !== undefined && 'url' in page ? [`status page: ${page.url} (\`switchyard web\` prints a link)`] : [];
}
