// Kills the real program at every named point of its work and at random moments, and compares what a person saw with what must be
// seen: one answer to each message, lost or doubled nowhere; and while a phone is linked. Run:
// npm run test:kill -- [--named=<n>] [--random=<n>] [--links=<n>] [--seed=<n>] [--only=<regexp>] [--work=<regexp>] [--write] [platform ...]
// `--named`: at most so many named points of each work, `--only`: those that fit; `--write` keeps the tables in results.md.
import { killLinking, linkTable } from './linking.ts';
import { killAtPoints } from './named.ts';
import { isSet, number, text, words } from './options.ts';
import { type PlaceName, placeNames } from './places.ts';
import { killAtMoments } from './random.ts';
import { readRows, table, writeSection } from './report.ts';
import type { Tally } from './trials.ts';
import { type Work, works } from './works.ts';

const named = number('named', 1_000);
const random = number('random', 15);
const links = number('links', 20);
const seed = number('seed', 1);
const only = text('only');
const wanted = new RegExp(text('work') ?? '');
const places = placeNames.filter((name) => words().length === 0 || words().includes(name));
const note = (line: string): void => console.log(line);

const explained = `Made by \`npm run test:kill -- --named=${named} --random=${random} --write\`, a row a time: the real program against the loopback platforms. Named points: what a piece of
work passes when nothing disturbs it is learnt first (before and after every transaction, every call to the platform, once its bytes
have left, every step of a turn, every tool), then the process kills itself at each of them once,
or at as many as were asked for, spread evenly. Random moments: it is killed from
outside at any moment after the message. Each kill has a chat of its own; the program is started again and must show every answer
once. «Marked unknown»: Telegram cannot recognise a repeated message, so one that may have arrived is not sent again but listed in
\`npx switchyard tasks\`.`;

interface Result {
  readonly place: PlaceName;
  readonly work: Work;
  readonly named: Tally;
  readonly random: Tally;
}

const results: Result[] = [];
for (const place of places)
  for (const work of works.filter(({ name, on = placeNames }) => on.includes(place) && wanted.test(name))) {
    const atPoints = await killAtPoints(place, work, {
      only: only === undefined ? undefined : new RegExp(only),
      atMost: named,
      note,
    });
    const atMoments = await killAtMoments(place, work, { points: random, seed, note });
    const result = { place, work, named: atPoints, random: atMoments };
    results.push(result);
    for (const wrong of wrongsOf(result)) note(`  ${place}, ${work.name}, ${wrong}`);
    if (isSet('write')) writeKills();
  }
const linking = places.includes('whatsapp') && links > 0 ? await killLinking(links, seed) : [];
note(rows().join('\n'));
if (linking.length > 0) note(linkTable(linking));
if (isSet('write') && linking.length > 0) writeLinks();
const wrong = results.some((result) => wrongsOf(result).length > 0) || linking.some(({ stuck }) => stuck > 0);
process.exit(wrong ? 1 : 0);

function wrongsOf({ named: one, random: other }: Result): readonly string[] {
  const each = ({ lost, doubled, violations }: Tally): readonly string[] => [
    ...lost.map((what) => `LOST ${what}`),
    ...doubled.map((what) => `DOUBLED ${what}`),
    ...violations.map((what) => `VIOLATION ${what}`),
  ];
  return [...each(one), ...each(other)];
}

type Row = readonly (string | number)[];

function rowOf({ place, work, named: one, random: other }: Result): Row {
  const sum = (pick: (tally: Tally) => number): number => pick(one) + pick(other);
  const wrong = [sum(({ lost }) => lost.length), sum(({ doubled }) => doubled.length), sum(({ unknown }) => unknown)];
  return [place, work.name, one.points, other.points, ...wrong];
}

/** With a line for each platform below its works. */
function withTotals(all: readonly Row[]): readonly Row[] {
  return placeNames.flatMap((place) => {
    const own = all.filter(([name]) => name === place);
    const order = ([, name]: Row): number => works.findIndex((work) => work.name === name);
    const total = [2, 3, 4, 5, 6].map((column) => own.reduce((sum, row) => sum + Number(row[column]), 0));
    return own.length === 0
      ? []
      : [...own.toSorted((one, other) => order(one) - order(other)), [place, '**all**', ...total]];
  });
}

function rows(all: readonly Row[] = results.map(rowOf)): readonly string[] {
  return table(
    ['platform', 'killed during', 'named points', 'random moments', 'lost', 'doubled', 'marked unknown'],
    withTotals(all),
  );
}

/** After each piece of work: a run that is broken off has shown something, too. What other runs found stays. */
function writeKills(): void {
  const heading = 'At named points and random moments';
  const own = results.map(rowOf);
  const isOwn = ([place, work]: Row): boolean => own.some((row) => row[0] === place && row[1] === work);
  const others = readRows(heading).filter((row) => !isOwn(row) && works.some(({ name }) => name === row[1]));
  writeSection(heading, `${explained}\n\n${rows([...others, ...own]).join('\n')}`);
}

function writeLinks(): void {
  const how = 'Each time with a new account and an empty folder, and started again.';
  writeSection('While a phone is linked', `${how}\n\n${linkTable(linking)}`);
}
