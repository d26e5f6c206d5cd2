// Kills the real program at every named point of its work and at random moments, again while it recovers from that, and while a
// phone is linked; compares what a person saw with what must be seen: one answer to each message, lost or doubled nowhere. Run:
// npm run test:kill -- [--named=<n>] [--random=<n>] [--again=<n>] [--links=<n>] [--seed=<n>] [--only=<regexp>] [--then=<regexp>]
//   [--work=<regexp>] [--write] [platform ...]
// `--named`, `--again`: at most so many points of each work, and of the start after a kill in it; `--only`, `--then`: those that
// fit; `--write` keeps the tables in results.md.
import { killAgain } from './again.ts';
import { killLinking, linkTable } from './linking.ts';
import { killAtPoints } from './named.ts';
import { isSet, number, text, words } from './options.ts';
import { type PlaceName, placeNames } from './places.ts';
import { killAtMoments } from './random.ts';
import { writeSection } from './report.ts';
import { killedAgain, killedOnce, type Result, type Section, tableOf, writeRows, wrongsOf } from './rows.ts';
import { type Work, works } from './works.ts';

const named = number('named', 1_000);
const random = number('random', 15);
const again = number('again', 8);
const links = number('links', 20);
const seed = number('seed', 1);
const only = pattern('only');
const then = pattern('then');
const wanted = pattern('work') ?? /./;
const places = placeNames.filter((name) => words().length === 0 || words().includes(name));
const note = (line: string): void => console.log(line);

const once: Result[] = [];
const twice: Result[] = [];
for (const place of places)
  for (const work of works.filter(({ name, on = placeNames }) => on.includes(place) && wanted.test(name))) {
    if (named + random > 0) keep(killedOnce, once, await killOnce(place, work));
    if (again > 0 && work.again)
      keep(killedAgain, twice, {
        ...{ place, work },
        ...(await killAgain(place, work, { atMost: again, seed, only, then, note })),
      });
  }
const linking = places.includes('whatsapp') && links > 0 ? await killLinking(links, seed) : [];
if (once.length > 0) note(tableOf(killedOnce, once));
if (twice.length > 0) note(tableOf(killedAgain, twice));
if (linking.length > 0) note(linkTable(linking));
if (isSet('write') && linking.length > 0) writeLinks();
const wrong =
  [...once, ...twice].some((result) => wrongsOf(result).length > 0) || linking.some(({ stuck }) => stuck > 0);
process.exit(wrong ? 1 : 0);

function pattern(name: string): RegExp | undefined {
  const source = text(name);
  return source === undefined ? undefined : new RegExp(source);
}

async function killOnce(place: PlaceName, work: Work): Promise<Result> {
  const atPoints = await killAtPoints(place, work, { only, atMost: named, note });
  return { place, work, named: atPoints, random: await killAtMoments(place, work, { points: random, seed, note }) };
}

function keep(section: Section, results: Result[], result: Result): void {
  results.push(result);
  for (const each of wrongsOf(result)) note(`  ${result.place}, ${section.during(result.work)}, ${each}`);
  if (isSet('write')) writeRows(section, results);
}

function writeLinks(): void {
  const how = 'Each time with a new account and an empty folder, and started again.';
  writeSection('While a phone is linked', `${how}\n\n${linkTable(linking)}`);
}
