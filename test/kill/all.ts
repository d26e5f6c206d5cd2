// Kills the real program at many moments of its work and compares what a person saw with what must be seen: one answer to
// each message, lost or doubled nowhere; and while a phone is linked. Run:
// npm run test:kill -- [--points=<n>] [--links=<n>] [--seed=<n>] [--write] [platform ...]
// `--write` keeps the tables in results.md beside this file.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { killLinking, linkTable } from './linking.ts';
import { numbers, pass, until } from './moments.ts';
import { openPlace, type PlaceName, placeNames } from './places.ts';
import { Program } from './process.ts';

/** What somebody asks for, and how its one answer is known. `token` is in both. */
interface Work {
  readonly name: string;
  readonly asks: (token: string) => string;
  readonly isAnswer: (text: string, token: string) => boolean;
  /** The kill comes at any moment up to this one, in milliseconds after the message. */
  readonly withinMs: number;
}

const works: readonly Work[] = [
  {
    name: 'a message to the agent',
    asks: (token) => `say ${token}`,
    isAnswer: (text, token) => text.includes(token),
    withinMs: 900,
  },
  {
    name: 'a command',
    asks: (token) => `/subagents kill ${token}`,
    isAnswer: (text, token) => text.includes(token),
    withinMs: 900,
  },
  {
    name: 'a run in the background',
    asks: (token) => `/subagents spawn main say ${token}`,
    isAnswer: (text, token) => text.includes(token) && /: (completed|failed)/.test(text),
    withinMs: 1_700,
  },
];

interface Result {
  readonly place: PlaceName;
  readonly work: string;
  readonly points: number;
  readonly lost: number;
  readonly doubled: number;
  /** Seen once or not at all, and marked as unknown. */
  readonly ambiguous: number;
  readonly violations: number;
}

const lastWithinMs = 60_000;
/** What is not there by then is looked for at the end. */
const firstWithinMs = 10_000;
const number = (name: string, otherwise: number): number =>
  Number(process.argv.find((arg) => arg.startsWith(`--${name}=`))?.split('=')[1] ?? otherwise);
const points = number('points', 200);
const linkPoints = number('links', 20);
const seed = number('seed', 1);
const asked = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const places = placeNames.filter((name) => asked.length === 0 || asked.includes(name));

const results: Result[] = [];
for (const place of places) for (const work of works) results.push(await killDuring(place, work));
const links = places.includes('whatsapp') ? await killLinking(linkPoints, seed) : [];
const text = [table(results), ...(links.length === 0 ? [] : ['', linkTable(links)])].join('\n');
console.log(text);
if (process.argv.includes('--write')) writeFileSync(join(import.meta.dirname, 'results.md'), report(text));
const wrong = [...results.map((one) => one.lost + one.doubled + one.violations), ...links.map(({ stuck }) => stuck)];
process.exit(wrong.some((count) => count > 0) ? 1 : 0);

async function killDuring(name: PlaceName, work: Work): Promise<Result> {
  const place = await openPlace(name);
  const program = new Program(place.config);
  const random = numbers(seed);
  const tokens: string[] = [];
  const copies = (token: string): number => place.shown().filter((line) => work.isAnswer(line, token)).length;
  try {
    program.start();
    await place.enter?.(program.home);
    await place.says('say ready');
    await until(() => place.shown().some((line) => line.includes('ready')), lastWithinMs);
    for (let point = 0; point < points; point += 1) {
      const token = `point${point}of${seed}x`;
      tokens.push(token);
      await place.says(work.asks(token));
      await pass(random() * work.withinMs);
      await program.kill();
      program.start();
      await until(() => copies(token) > 0, firstWithinMs);
    }
    // What was not there in time, or is there once more, may come late.
    await place.says('say done');
    await until(() => place.shown().some((line) => line.includes('done')), lastWithinMs);
    await program.kill();
    const unknown = program.ambiguous();
    const marked = tokens.filter((token) => unknown.some((message) => message.includes(token)));
    return {
      ...{ place: name, work: work.name, points },
      lost: tokens.filter((token) => copies(token) === 0 && !marked.includes(token)).length,
      doubled: tokens.filter((token) => copies(token) > 1).length,
      ambiguous: marked.length,
      violations: place.violations().length,
    };
  } finally {
    await program.kill();
    await place.close();
    program.remove();
  }
}

function table(rows: readonly Result[]): string {
  const head = '| platform | killed during | points | lost | doubled | marked unknown |\n|---|---|---|---|---|---|';
  const line = ({ place, work, lost, doubled, ambiguous, points: of }: Result): string =>
    `| ${place} | ${work} | ${of} | ${lost} | ${doubled} | ${ambiguous} |`;
  return [head, ...rows.map(line)].join('\n');
}

function report(rows: string): string {
  return `# Killed in the middle of its work

Made by \`npm run test:kill -- --points=${points} --links=${linkPoints} --seed=${seed} --write\`: the real program against the loopback platforms, killed at a
random moment after each message and started again. «Marked unknown»: Telegram cannot recognise a repeated message, so
one that may have arrived is not sent again but listed in \`npx switchyard tasks\`.

The second table: killed while a phone was linked, each time with a new account and an empty folder, and started again.

${rows}
`;
}
