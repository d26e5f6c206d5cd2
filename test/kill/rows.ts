// The rows of a table of kills, one for each piece of work on a platform, and their sections in results.md. Used by all.ts.
import { type PlaceName, placeNames } from './places.ts';
import { readRows, table, writeSection } from './report.ts';
import type { Tally } from './trials.ts';
import { type Work, works } from './works.ts';

export interface Result {
  readonly place: PlaceName;
  readonly work: Work;
  readonly named: Tally;
  readonly random: Tally;
}

export interface Section {
  readonly heading: string;
  /** What stands above its table: true of each row, whichever run that comes from. */
  readonly explained: string;
  /** What a row says of its work. */
  readonly during: (work: Work) => string;
}

export const killedOnce: Section = {
  heading: 'At named points and random moments',
  explained: `Made by runs of \`npm run test:kill -- --write\`, a row a time: each row shows the last run of its work, with as many points and
moments as its columns say. Faults that earlier ones found have been mended. The real program runs against the loopback platforms.
Named points: what a piece of work passes when nothing disturbs it is learnt first (before and after every transaction, every call to
the platform, once its bytes have left, every step of a turn, every tool), then the process kills itself at each of them once, or at
as many as \`--named\` asked for, spread evenly. Random moments: it is killed from outside at any moment after the message. Each kill
has a chat of its own; the program is started again and must show every answer once. «Marked unknown»: Telegram cannot recognise a
repeated message, so one that may have arrived is not sent again but listed in \`npx switchyard tasks\`.`,
  during: ({ name }) => name,
};

export const killedAgain: Section = {
  heading: 'Killed again while it recovers',
  explained: `Made by the same runs, a row a time: each row shows the last run of its work. The first kill is at a few named points of the work,
spread evenly. What the start after it passes when nothing disturbs it is learnt, until everything is seen; then the same happens in
other chats, where that start kills itself at one of its points, or is killed from outside at any moment of it. The third start must
show every answer once. The columns count the second kills, of which \`--again\` says how many there are.`,
  during: ({ name }) => `${name}, and again during the start after it`,
};

export function wrongsOf({ named, random }: Result): readonly string[] {
  const each = ({ lost, doubled, violations }: Tally): readonly string[] => [
    ...lost.map((what) => `LOST ${what}`),
    ...doubled.map((what) => `DOUBLED ${what}`),
    ...violations.map((what) => `VIOLATION ${what}`),
  ];
  // Both count what the platform minded.
  return [...new Set([...each(named), ...each(random)])];
}

export function tableOf(section: Section, results: readonly Result[]): string {
  return tableFrom(section, rowsOf(section, results));
}

/** After each piece of work: a run that is broken off has shown something, too. What other runs found stays. */
export function writeRows(section: Section, results: readonly Result[]): void {
  const { heading, explained } = section;
  const own = rowsOf(section, results);
  const isOwn = ([place, work]: Row): boolean => own.some((row) => row[0] === place && row[1] === work);
  const others = readRows(heading).filter((row) => !isOwn(row) && orderOf(section, row) >= 0);
  writeSection(heading, `${explained}\n\n${tableFrom(section, [...others, ...own])}`);
}

type Row = readonly (string | number)[];

function rowsOf({ during }: Section, results: readonly Result[]): readonly Row[] {
  return results.map(({ place, work, named, random }) => {
    const sum = (pick: (tally: Tally) => number): number => pick(named) + pick(random);
    const wrong = [sum(({ lost }) => lost.length), sum(({ doubled }) => doubled.length), sum(({ unknown }) => unknown)];
    return [place, during(work), named.points, random.points, ...wrong];
  });
}

function orderOf({ during }: Section, [, name]: Row): number {
  return works.findIndex((work) => during(work) === name);
}

function tableFrom(section: Section, all: readonly Row[]): string {
  const head = ['platform', 'killed during', 'named points', 'random moments', 'lost', 'doubled', 'marked unknown'];
  return table(head, withTotals(section, all)).join('\n');
}

/** With a line for each platform below its works. */
function withTotals(section: Section, all: readonly Row[]): readonly Row[] {
  return placeNames.flatMap((place) => {
    const own = all.filter(([name]) => name === place);
    const total = [2, 3, 4, 5, 6].map((column) => own.reduce((sum, row) => sum + Number(row[column]), 0));
    return own.length === 0
      ? []
      : [
          ...own.toSorted((one, other) => orderOf(section, one) - orderOf(section, other)),
          [place, '**all**', ...total],
        ];
  });
}
