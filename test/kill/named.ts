// Kills the program at every named point that a piece of work passes: once undisturbed to learn them, then once for each, and
// starts it again as people do. Called by all.ts; again.ts kills once more.
// 1 learns the points  2 dies at one  3 starts again  4 what is seen of it
import { type Point, pointText, spread } from './failpoints.ts';
import type { PlaceName } from './places.ts';
import type { Program } from './process.ts';
import {
  type Asked,
  count,
  enterPlace,
  isOver,
  prepare,
  type Tally,
  type Trial,
  type World,
  wait,
  warmUp,
  wrongs,
} from './trials.ts';
import type { Work } from './works.ts';

/** Every so many points the program is started again as people start it, else with failpoints, for the next one to be armed. */
const plainEvery = 4;

export interface NamedOptions {
  /** Of the points only those that fit. */
  readonly only: RegExp | undefined;
  /** At most so many for a piece of work, spread evenly. */
  readonly atMost: number;
  readonly note: (line: string) => void;
}

export async function killAtPoints(name: PlaceName, work: Work, options: NamedOptions): Promise<Tally> {
  const world = await enterPlace(name);
  const { place, program } = world;
  const trials: Trial[] = [];
  try {
    // 1
    const points = spread(await learn(world, work, options.only), options.atMost, 0);
    for (const [index, point] of points.entries()) {
      const token = `point${index}x`;
      const trial = { room: place.room(`named-${index}`), token };
      const begun = performance.now();
      // 2
      const answered = new Set<string>();
      const reached = await dieAt(program, work, { trial, point, answered });
      // 3
      await (index % plainEvery === 0 ? program.start() : program.startWatched());
      await wait(trial, work, { answered, over: () => isOver(trial, program, work) });
      if (!program.watched) await program.kill();
      // 4
      trials.push({ ...trial, point: reached ? pointText(point) : undefined });
      const ms = Math.round(performance.now() - begun);
      options.note(
        `${name}, ${work.name}, ${pointText(point)}${reached ? '' : ' (not passed)'}: ${ms} ms ${wrongs(trial, program, work)}`,
      );
    }
    await program.kill();
    return count(world, work, trials);
  } finally {
    await world.close();
  }
}

/** Points that a piece of work passes when nothing disturbs it. @param only those that fit */
export async function learn({ place, program }: World, work: Work, only?: RegExp): Promise<readonly Point[]> {
  const trial = { room: place.room('undisturbed'), token: 'undisturbed' };
  await program.startWatched();
  await warmUp(place.room('warm-up'), program);
  await prepare(trial, program, work);
  await program.arm(undefined);
  await work.asks(trial.room, trial.token);
  if (!(await wait(trial, work, { answered: new Set(), over: () => isOver(trial, program, work) })))
    throw new Error(`kill: "${work.name}" does not even work undisturbed: ${JSON.stringify(trial.room.shown())}`);
  return fitting(await program.passed(), only);
}

export function fitting(points: readonly Point[], only: RegExp | undefined): readonly Point[] {
  return points.filter((point) => only?.test(pointText(point)) ?? true);
}

interface Dying {
  readonly trial: Asked;
  readonly point: Point;
  /** More are added. */
  readonly answered: Set<string>;
}

/** Asks for the work and loses its power at this point. @returns false: it was not passed, and the kill came when all was over */
export async function dieAt(program: Program, work: Work, { trial, point, answered }: Dying): Promise<boolean> {
  if (!program.watched) await program.startWatched();
  await prepare(trial, program, work);
  await program.arm(point);
  await work.asks(trial.room, trial.token);
  await wait(trial, work, { answered, over: () => program.dead || isOver(trial, program, work) });
  const reached = program.dead;
  await program.kill();
  return reached;
}
