// Starts the program again and again, half of the times without a warning, while people write without a pause: nothing may be lost,
// answered twice or out of order, and what was to happen meanwhile must happen in time. Run:
// npm run test:restarts -- [--minutes=<n>] [--rate=<n>] [--restarts=<n>] [--write] [platform ...]
// 1 people begin to write  2 a timer is set to come due around the restart  3 ended by force or on request, and started again
// 4 all is answered  5 what people saw, and how late the timers were
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Load, type Loaded } from './load.ts';
import { pass, until } from './moments.ts';
import { isSet, number, words } from './options.ts';
import { type PlaceName, placeNames, type Room } from './places.ts';
import { table, writeSection } from './report.ts';
import { bindUntil, boundAt, endOf } from './timers.ts';
import { enterPlaces, warmUp } from './trials.ts';

const minutes = number('minutes', 10);
const rate = number('rate', 20);
const restarts = number('restarts', 10);
const names = placeNames.filter((name) => words().length === 0 || words().includes(name));
/** From asking for a timer to the restart, and from there to its end. */
const beforeMs = 8_000;
const afterMs = 4_000;
const lastMs = 600_000;
/** A timer may be so late; one that is never told counts as later. */
const latestMs = 1_000;

interface Restart {
  readonly signal: 'SIGTERM' | 'SIGKILL';
  /** From the signal until it was gone, and until it took messages in again, in milliseconds. */
  readonly endedMs: number;
  readonly startedMs: number;
  /** Behind the later of due time and start; undefined: there was no timer, or it was never told. */
  readonly lateMs: number | undefined;
}

const { places, program, close } = await enterPlaces(names);
const done: Restart[] = [];
try {
  program.start();
  for (const { place } of places) await warmUp(place.room('warm-up'), program);
  // 1
  const load = new Load(places);
  const begun = performance.now();
  const running = load.run(rate);
  for (let index = 0; index < restarts; index += 1) {
    const at = begun + ((index + 1) * minutes * 60_000) / (restarts + 1);
    done.push(await restart(index, at));
    console.log(JSON.stringify({ ...done.at(-1), said: load.said }));
  }
  await pass(begun + minutes * 60_000 - performance.now());
  load.stop();
  await running;
  // 4
  const end = performance.now();
  await until(() => load.answered && program.quiet, lastMs, 1_000);
  const answeredMs = performance.now() - end;
  await program.kill('SIGTERM');
  // 5
  const unknown = program.unknown.map(({ message }) => message).join('\n');
  const loaded = load.judge((word) => unknown.includes(word));
  const twice = turnsTwice();
  const text = report(loaded, { twice, unknown: program.unknown.length, answeredMs });
  console.log(text);
  for (const { place, lost, doubled, misplaced } of loaded)
    console.log(JSON.stringify({ place, lost, doubled, misplaced, twice }).slice(0, 2_000));
  if (isSet('write')) writeSection('Restarts under load', text);
  const wrong =
    loaded.some((one) => one.lost.length + one.doubled.length + one.misplaced.length > 0) || twice.length > 0;
  process.exitCode = wrong || done.some(({ lateMs = Number.POSITIVE_INFINITY }) => lateMs > latestMs) ? 1 : 0;
} finally {
  await close();
}
process.exit();

/** @param at moment of the restart, on the clock of `performance` */
async function restart(index: number, at: number): Promise<Restart> {
  const signal = index % 2 === 0 ? 'SIGTERM' : 'SIGKILL';
  // 2
  await pass(Math.max(0, at - beforeMs - performance.now()));
  const room = places[index % Math.min(2, places.length)]?.place.room(`timed-${index}`);
  if (room === undefined) throw new Error('kill: there is no platform');
  const isBound = await bindUntil(room, program, Date.now() + (at - performance.now()) + afterMs);
  const due = isBound ? boundAt(room, program) : undefined;
  await pass(Math.max(0, at - performance.now()));
  // 3
  const begun = performance.now();
  await program.kill(signal);
  const endedMs = performance.now() - begun;
  const starts = startsLogged().length;
  program.start();
  await until(() => startsLogged().length > starts, 120_000, 50);
  const startedMs = performance.now() - begun;
  const startedAt = startsLogged().at(-1) ?? 0;
  await until(() => endOf(room, due)?.toldAt !== undefined, due === undefined ? 0 : 30_000, 50);
  return {
    signal,
    endedMs: Math.round(endedMs),
    startedMs: Math.round(startedMs),
    lateMs: lateness(room, due, startedAt),
  };
}

function lateness(room: Room, due: ReturnType<typeof boundAt>, startedAt: number): number | undefined {
  const end = endOf(room, due);
  if (end?.toldAt === undefined) return undefined;
  // While the program was down, nothing could be told.
  return Math.max(0, end.toldAt - Math.max(end.dueAt, startedAt));
}

/** Moments in which it took messages in, by its log, Unix ms. */
function startsLogged(): readonly number[] {
  const text = readFileSync(join(program.home, 'switchyard.log'), 'utf8');
  return [...text.matchAll(/"time":(\d+),"generation":\d+[^\n]*"msg":"started"/g)].map(([, time]) => Number(time));
}

/** Words that two turns have answered. */
function turnsTwice(): readonly string[] {
  const rows = program.query("SELECT message FROM outbox WHERE key NOT LIKE 'intro:%'") ?? [];
  const seen = rows.flatMap(({ message }) => [...new Set(String(message).match(/w\d+z/g) ?? [])]);
  return seen.filter((word, index) => seen.indexOf(word) !== index);
}

interface Sums {
  readonly twice: readonly string[];
  readonly unknown: number;
  readonly answeredMs: number;
}

function report(loaded: readonly Loaded[], { twice, unknown, answeredMs }: Sums): string {
  const most = (pick: (one: Restart) => number): number => Math.max(...done.map(pick));
  const late = done.flatMap(({ lateMs }) => lateMs ?? []);
  const killed = done.filter(({ signal }) => signal === 'SIGKILL').length;
  const head = ['platform', 'messages', 'lost', 'answered twice', 'out of order'];
  const rows = loaded.map((one): readonly (PlaceName | number)[] => [
    ...[one.place, one.said, one.lost.length, one.doubled.length, one.misplaced.length],
  ]);
  return `Made by \`npm run test:restarts -- --minutes=${minutes} --rate=${rate} --write\`: ${restarts} restarts, ${killed} of them by SIGKILL, the others by SIGTERM,
while people write ${rate} messages a second. They write in 60 chats each of Discord and Telegram and 5 of WhatsApp, which takes 20
messages a minute: no platform is asked for more than it takes.

${table(head, rows).join('\n')}

Turns that answered the same message twice: ${twice.length}. Marked unknown on Telegram: ${unknown}. Longest end: ${most(({ endedMs }) => endedMs)} ms;
longest time until messages were taken in again: ${most(({ startedMs }) => startedMs)} ms. Timers that came due around a restart: ${done.length}, told: ${late.length}, at most
${Math.max(0, ...late)} ms late. After the last message all was answered within ${Math.round(answeredMs / 1_000)} s.`;
}
