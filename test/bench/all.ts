// Every figure. Run: npm run bench -- [--json] [--times=<n>: median of n] [suite ...]; suites are the files of this folder.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Figure, median, met, type Suite, table } from './report.ts';

const run = promisify(execFile);
const suites = [
  'machine',
  'start',
  'messages',
  'spawning',
  'crowd',
  'wedged',
  'fairness',
  'history',
  'known-sessions',
  'lanes',
  'leak',
  'outbound',
  'texts',
  'native',
  'acp',
];

const args = process.argv.slice(2);
const json = args.includes('--json');
const times = Number(args.find((arg) => arg.startsWith('--times='))?.split('=')[1] ?? 1);
const asked = args.filter((arg) => !arg.startsWith('--'));
const unknown = asked.filter((name) => !suites.includes(name));
if (unknown.length > 0) {
  console.error(`No such suite: ${unknown.join(', ')}. There are: ${suites.join(', ')}.`);
  process.exit(2);
}

const results: Suite[] = [];
for (const name of asked.length > 0 ? asked : suites) {
  const rounds: Suite[] = [];
  for (let round = 0; round < times; round += 1) rounds.push(await measure(name));
  const suite = middle(rounds);
  results.push(suite);
  if (!json) console.log(`${table(suite)}\n`);
}
const missed = results.flatMap((suite) => suite.figures).filter((figure) => met(figure) === false);
if (json) console.log(JSON.stringify({ times, suites: results }, null, 2));
else
  console.log(missed.length === 0 ? 'Every aim is met.' : `Missed: ${missed.map((figure) => figure.name).join('; ')}.`);

/** Each suite in a process of its own, so that none pays for what another left in memory. */
async function measure(name: string): Promise<Suite> {
  const flags = ['--disable-warning=ExperimentalWarning', '--expose-gc'];
  const { stdout } = await run(process.execPath, [...flags, join(import.meta.dirname, `${name}.ts`), '--json']);
  return JSON.parse(stdout) as Suite;
}

function middle(rounds: readonly Suite[]): Suite {
  const [first] = rounds;
  if (first === undefined) throw new Error('nothing was measured');
  const figures = first.figures.map((figure, index): Figure => {
    return { ...figure, value: median(rounds.map((round) => round.figures[index]?.value ?? Number.NaN)) };
  });
  return { title: first.title, figures };
}
