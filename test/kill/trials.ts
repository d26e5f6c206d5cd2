// One kill each, and what came of it: what was lost, seen twice, or marked as unknown. Used by named.ts, random.ts and again.ts.
import { pass, until } from './moments.ts';
import { type KillPlace, openPlace, type PlaceName, type Room } from './places.ts';
import { Program } from './process.ts';
import { codingAgent, type Work } from './works.ts';

/** What is not there by then is counted as lost, unless it comes until the end. */
const patienceMs = 60_000;
/** What nobody may be told: two kills are no reason to give anything up, and what was started before one was started. */
const untrue = /restarts cut (?:this|it) off|no sub-agent was started|failed inside Switchyard/;
/** A look into the database costs the program under test time. */
const lookEveryMs = 100;

export interface World {
  readonly name: PlaceName;
  readonly place: KillPlace;
  readonly program: Program;
  close(): Promise<void>;
}

/** A place, and a program that may talk there but is not running. */
export async function enterPlace(name: PlaceName): Promise<World> {
  const { places, program, close } = await enterPlaces([name]);
  const [one] = places;
  if (one === undefined) throw new Error(`kill: there is no ${name}`);
  return { ...one, program, close };
}

export interface Worlds extends Pick<World, 'program' | 'close'> {
  readonly places: readonly Pick<World, 'name' | 'place'>[];
}

export async function enterPlaces(names: readonly PlaceName[]): Promise<Worlds> {
  const places = await Promise.all(names.map(async (name) => ({ name, place: await openPlace(name) })));
  const program = new Program((folder) => ({ ...mergedConfig(places), ...codingAgent(folder) }));
  for (const { place } of places) {
    if (place.enter === undefined) continue;
    program.start();
    await place.enter(program.home);
    await program.kill('SIGTERM');
  }
  return {
    ...{ places, program },
    close: async () => {
      await program.kill();
      for (const { place } of places) await place.close();
      program.remove();
    },
  };
}

function mergedConfig(places: Worlds['places']): object {
  const configs = places.map(({ place }) => place.config);
  return {
    channels: Object.assign({}, ...configs.map(({ channels }) => channels)),
    commands: { ownerAllowFrom: configs.flatMap(({ owners }) => owners) },
  };
}

/** A room of its own for each kill, and a word that nothing else there contains. */
export interface Asked {
  readonly room: Room;
  readonly token: string;
}

export interface Trial extends Asked {
  /** Where it died; undefined: the point was not passed, and the kill came when all was over. */
  readonly point: string | undefined;
}

export interface Tally {
  /** Different ones. */
  readonly points: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Seen once or not at all, and marked as unknown. */
  readonly unknown: number;
  /** What an honest platform minds, and what nobody may be told. */
  readonly violations: readonly string[];
}

/** What only a first start does is no part of the work, and nobody is heard who spoke before it. */
export async function warmUp(room: Room, program: Program): Promise<void> {
  await room.says('say warm');
  await until(() => room.shown().some((text) => text.includes('warm')) && program.quiet, patienceMs);
  // Marks of what was read are kept within a second.
  await pass(1_500);
}

/** What has to be there before. */
export async function prepare({ room, token }: Asked, program: Program, { before }: Work): Promise<void> {
  if (before === undefined) return;
  await room.says(before.says(token));
  await until(() => room.shown().some((text) => before.shows.test(text)) && program.quiet, patienceMs);
}

export interface Waiting {
  /** Answers that were given; more are added. */
  readonly answered: Set<string>;
  readonly over: () => boolean;
}

/** Waits, and answers what is asked meanwhile. @returns whether it is over */
export function wait({ room }: Asked, work: Work, { answered, over }: Waiting): Promise<boolean> {
  return until(
    () => {
      for (const answer of work.answers?.(room.shown()) ?? []) {
        if (answered.has(answer)) continue;
        answered.add(answer);
        void room.says(answer);
      }
      return over();
    },
    patienceMs,
    lookEveryMs,
  );
}

/** Everything was seen, or is marked as unknown and not said again; and nothing goes on. */
export function isOver({ room, token }: Asked, program: Program, work: Work): boolean {
  const isThere = work.wanted(token).every(({ fits }) => room.shown().some(fits));
  return (isThere || program.unknown.some(({ place }) => place.includes(room.chat))) && program.quiet;
}

/** For whoever watches: nothing, or what is wrong, what is seen, and what its database says to it. */
export function wrongs({ room, token }: Asked, program: Program, work: Work): string {
  const counts = work.wanted(token).map(({ what, fits }) => ({ what, copies: room.shown().filter(fits).length }));
  const wrong = [
    ...counts.filter(({ copies }) => copies !== 1).map(({ what, copies }) => `${copies} × ${what}`),
    ...untrueOf(room),
  ];
  if (wrong.length === 0) return '';
  const sent = program.query('SELECT key, place, state, attempts, reason FROM outbox ORDER BY id') ?? [];
  const runs = program.query('SELECT id, status, delivery, data FROM runs ORDER BY accepted_at') ?? [];
  const here = (row: object): boolean => JSON.stringify(row).includes(room.chat);
  const kept = [...sent.filter(here), ...runs.filter(here).map(({ data: _data, ...row }) => row)];
  const said = [`shown ${JSON.stringify(room.shown())}`, `kept ${JSON.stringify(kept)}`, ...program.troubles.slice(-5)];
  return [wrong.join(', '), ...said].join('\n  ');
}

/** Sentences that should not be there. */
function untrueOf(room: Room): readonly string[] {
  return room.shown().flatMap((text) => (untrue.test(text) ? [`«${text}»`] : []));
}

/** What can be seen now, after all kills; the program must not be running. */
export function count({ place, program }: World, work: Work, trials: readonly Trial[]): Tally {
  const unknown = program.unknown;
  const lost: string[] = [];
  const doubled: string[] = [];
  const told: string[] = [];
  let marked = 0;
  for (const { room, token, point = 'when all was over' } of trials) {
    const shown = room.shown();
    const marks = unknown.filter((message) => message.place.includes(room.chat)).map(({ message }) => message);
    if (marks.length > 0) marked += 1;
    for (const { what, fits } of work.wanted(token)) {
      const copies = shown.filter(fits).length;
      if (copies > 1) doubled.push(`${point}: ${copies} × ${what}`);
      if (copies === 0 && !marks.some(fits)) lost.push(`${point}: ${what}`);
    }
    told.push(...untrueOf(room).map((text) => `${point}: ${text}`));
    const threads = room.threads();
    if (threads > (work.threads ?? 0)) doubled.push(`${point}: ${threads} threads`);
    if (threads < (work.threads ?? 0)) lost.push(`${point}: a thread`);
  }
  const distinct = new Set(trials.map(({ point }) => point).filter((point) => point !== undefined));
  return { points: distinct.size, lost, doubled, unknown: marked, violations: [...told, ...place.violations()] };
}
