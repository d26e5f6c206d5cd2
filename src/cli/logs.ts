// `switchyard logs`: the log copy in the state folder, readable, also while the process is down.
import { open, readFile, stat } from 'node:fs/promises';
import { InvalidArgumentError } from 'commander';
import { type LogRecord, parseLogLine, readableLogLine } from '../infra/log-line.ts';
import { statePaths } from '../infra/state-paths.ts';
import { type AddVerb, type Cli, exits } from './cli.ts';

interface LogsOptions {
  readonly lines: number;
  readonly follow?: boolean;
  readonly run?: string;
}

const followEveryMs = 250;

export const addLogs: AddVerb = (program, cli) => {
  program
    .command('logs')
    .description('the newest lines of the log')
    .option('-n, --lines <count>', 'how many', wholeNumber, 100)
    .option('--follow', 'keep printing what is added')
    .option('--run <id>', 'only lines of this run (id or its beginning)')
    .action((options: LogsOptions) => logs(cli, options));
};

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

async function logs(cli: Cli, { lines, follow, run }: LogsOptions): Promise<void> {
  const { log } = statePaths(cli.env.home);
  const show = (line: string): string | undefined => shownLine(line, run, cli.stdout.isTTY === true);
  const newest = await readLog(log);
  const shown = [...(newest.length < lines || run !== undefined ? await readLog(`${log}.1`) : []), ...newest].flatMap(
    (line) => show(line) ?? [],
  );
  if (lines > 0) for (const line of shown.slice(-lines)) cli.out(line);
  if (follow === true) {
    await followLog(cli, log, (line) => {
      const text = show(line);
      if (text !== undefined) cli.out(text);
    });
  } else if (shown.length === 0) {
    cli.err(run === undefined ? `There is no log yet (${log}).` : `No log line names run ${run}.`);
    cli.finish(exits.failed);
  }
}

/** The readable line, or undefined when it is not about the run asked for. Lines that are no JSON are shown as they are. */
function shownLine(line: string, run: string | undefined, colour: boolean): string | undefined {
  const record = parseLogLine(line);
  if (run !== undefined && !(record !== undefined && namesRun(record, run))) return undefined;
  return record === undefined ? line : readableLogLine(record, colour);
}

function namesRun(record: LogRecord, run: string): boolean {
  return [record.run, record.runId].some((id) => typeof id === 'string' && id.startsWith(run.toLowerCase()));
}

async function readLog(path: string): Promise<readonly string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}

/** Prints what is added until a signal ends it. Looks at the size rather than watching: that also sees a turned-over file. */
async function followLog(cli: Cli, path: string, print: (line: string) => void): Promise<void> {
  const stop = new AbortController();
  const end = (): void => stop.abort();
  cli.signals.on('SIGINT', end);
  cli.signals.on('SIGTERM', end);
  let at = await sizeOf(path);
  let rest = '';
  while (!stop.signal.aborted) {
    const size = await sizeOf(path);
    if (size < at) at = 0;
    if (size > at) {
      const lines = (rest + (await readFrom(path, at, size))).split('\n');
      rest = lines.pop() ?? '';
      at = size;
      for (const line of lines) print(line);
    }
    await cli.clock.sleep(followEveryMs, stop.signal);
  }
  cli.signals.off('SIGINT', end);
  cli.signals.off('SIGTERM', end);
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
}

async function readFrom(path: string, from: number, to: number): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
