// Kills the program at every named point that a piece of work passes: once undisturbed to learn them, then once for each, and
// starts it again as people do. Called by all.ts.
// 1 learns the points  2 dies at one  3 starts again  4 what is seen of it
import { type Point, pointText } from './failpoints.ts';
import type { PlaceName } from './places.ts';
import {
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
    const points = chosen(await learn(world, work), options);
    for (const [index, point] of points.entries()) {
      const token = `point${index}x`;
      const trial = { room: place.room(`named-${index}`), token };
      const begun = performance.now();
      // 2
      if (!program.watched) await program.startWatched();
      await prepare(trial, program, work);
      await program.arm(point);
      const answered = new Set<string>();
      await work.asks(trial.room, token);
      await wait(trial, work, { answered, over: () => program.dead || isOver(trial, program, work) });
      const reached = program.dead;
      // 3
      await program.kill();
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

async function learn({ place, program }: World, work: Work): Promise<readonly Point[]> {
  const trial = { room: place.room('undisturbed'), token: 'undisturbed' };
  await program.startWatched();
  await warmUp(place.room('warm-up'), program);
  await prepare(trial, program, work);
  await program.arm(undefined);
  await work.asks(trial.room, trial.token);
  if (!(await wait(trial, work, { answered: new Set(), over: () => isOver(trial, program, work) })))
    throw new Error(`kill: "${work.name}" does not even work undisturbed: ${JSON.stringify(trial.room.shown())}`);
  return program.passed();
}

function chosen(points: readonly Point[], { only, atMost }: NamedOptions): readonly Point[] {
  const fitting = points.filter((point) => only?.test(pointText(point)) ?? true);
  const step = Math.max(1, fitting.length / atMost);
  return fitting.filter((_point, index) => Math.floor(index / step) !== Math.floor((index - 1) / step));
}
