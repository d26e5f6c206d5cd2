// Kills the program a second time, while it takes up what a first kill has left: at named points of that start and at random
// moments of it; then starts it for good. Called by all.ts.
// 1 learns the points of the work  2 dies at one of them, recovers undisturbed, learns what that passes
// 3 dies at the same one, dies again while it recovers, starts a third time  4 what is seen of it
import { type Point, pointText, spread } from './failpoints.ts';
import { numbers, pass } from './moments.ts';
import { dieAt, fitting, learn } from './named.ts';
import type { PlaceName } from './places.ts';
import { count, enterPlace, isOver, type Tally, type Trial, type World, wait, wrongs } from './trials.ts';
import type { Work } from './works.ts';

/** Every start deletes first what is old; nothing of the work is in that. */
const tidying = /^(?:before|after) (?:keyv swept|\w+ delete(?: \+ \w+ delete)*)$/;

export interface AgainOptions {
  /** Named points of the start after a first kill, at most so many for a piece of work; and half as many random moments. */
  readonly atMost: number;
  readonly seed: number;
  /** Of the points of the first kill, and of those of the second, only those that fit. */
  readonly only: RegExp | undefined;
  readonly then: RegExp | undefined;
  readonly note: (line: string) => void;
}

/** The start after a kill at this point, when nothing disturbs it. */
interface Recovery {
  readonly first: Point;
  readonly passes: readonly Point[];
  /** From its first step until all is seen. */
  readonly ms: number;
}

/** How the program dies while it recovers. */
type Second = { readonly point: Point } | { readonly afterMs: number };

export async function killAgain(
  name: PlaceName,
  work: Work,
  options: AgainOptions,
): Promise<{ readonly named: Tally; readonly random: Tally }> {
  const { atMost, only, then, seed } = options;
  const world = await enterPlace(name);
  const random = numbers(seed);
  const recovered: Trial[] = [];
  const named: Trial[] = [];
  const moments: Trial[] = [];
  try {
    // 1
    const points = await learn(world, work, only);
    const firsts = spread(points, Math.ceil(Math.sqrt(atMost)), 0.5);
    for (const [index, first] of firsts.entries()) {
      // 2
      const { recovery, trial } = await recover(world, work, { first, index, options });
      recovered.push(trial);
      // 3
      const passes = fitting(recovery.passes, then);
      // Other places of the start for each first point.
      const share = Math.ceil((atMost - index) / firsts.length);
      for (const point of spread(passes, share, (index + 0.5) / firsts.length))
        named.push(await dieTwice(world, work, { first, second: { point }, number: named.length, options }));
      // Each moment is in a stretch of its own of the time that the start takes.
      const stretches = Math.ceil(atMost / 2);
      for (let stretch = index; stretch < stretches; stretch += firsts.length) {
        const second = { afterMs: ((stretch + random()) / stretches) * recovery.ms };
        moments.push(await dieTwice(world, work, { first, second, number: moments.length, options }));
      }
    }
    await world.program.kill();
    // 4
    const { points: distinct, unknown } = count(world, work, named);
    return {
      named: { ...count(world, work, [...recovered, ...named]), points: distinct, unknown },
      random: count(world, work, moments),
    };
  } finally {
    await world.close();
  }
}

async function recover(
  { name, place, program }: World,
  work: Work,
  { first, index, options }: { readonly first: Point; readonly index: number; readonly options: AgainOptions },
): Promise<{ readonly recovery: Recovery; readonly trial: Trial }> {
  const point = `${pointText(first)}, then undisturbed`;
  const trial = { room: place.room(`once-${index}`), token: `once${index}x`, point };
  const answered = new Set<string>();
  await dieAt(program, work, { trial, point: first, answered });
  const up = program.startWatched();
  await program.begun();
  const begun = performance.now();
  await up;
  await wait(trial, work, { answered, over: () => isOver(trial, program, work) });
  const ms = performance.now() - begun;
  const passes = (await program.passed()).filter(({ name }) => !tidying.test(name));
  options.note(
    `${name}, ${work.name}, ${point}: ${Math.round(ms)} ms, ${passes.length} points ${wrongs(trial, program, work)}`,
  );
  return { recovery: { first, passes, ms }, trial };
}

interface Dying {
  readonly first: Point;
  readonly second: Second;
  readonly number: number;
  readonly options: AgainOptions;
}

async function dieTwice({ name, place, program }: World, work: Work, dying: Dying): Promise<Trial> {
  const { first, second, number, options } = dying;
  const isNamed = 'point' in second;
  const kind = isNamed ? 'again' : 'moment';
  const trial = { room: place.room(`${kind}-${number}`), token: `${kind}${number}x` };
  const answered = new Set<string>();
  const begun = performance.now();
  const over = (): boolean => isOver(trial, program, work);
  const diedFirst = await dieAt(program, work, { trial, point: first, answered });
  let diedAgain = true;
  if (isNamed) {
    await program.startWatched(second.point);
    await wait(trial, work, { answered, over: () => program.dead || over() });
    diedAgain = program.dead;
  } else {
    const up = program.startWatched();
    await program.begun();
    const kill = pass(second.afterMs).then(() => program.kill());
    await wait(trial, work, { answered, over: () => program.dead });
    await Promise.all([up, kill]);
  }
  await program.kill();
  // Every other time as people start it, else with failpoints, for the next one to be armed.
  await (number % 2 === 0 ? program.start() : program.startWatched());
  await wait(trial, work, { answered, over });
  if (!program.watched) await program.kill();
  const again = isNamed ? `again at ${pointText(second.point)}` : `again after ${second.afterMs.toFixed(1)} ms`;
  const point = `${pointText(first)}, ${again}`;
  const reached = diedFirst && diedAgain;
  const ms = Math.round(performance.now() - begun);
  options.note(
    `${name}, ${work.name}, ${point}${reached ? '' : ' (not passed)'}: ${ms} ms ${wrongs(trial, program, work)}`,
  );
  return { ...trial, point: reached ? point : undefined };
}
