// Kills the program at random moments after somebody has asked for something, and starts it again as people do. Called by all.ts.
import { numbers, pass } from './moments.ts';
import type { PlaceName } from './places.ts';
import { count, enterPlace, isOver, prepare, type Tally, type Trial, wait, warmUp, wrongs } from './trials.ts';
import type { Work } from './works.ts';

export interface RandomOptions {
  readonly points: number;
  readonly seed: number;
  readonly note: (line: string) => void;
}

export async function killAtMoments(name: PlaceName, work: Work, options: RandomOptions): Promise<Tally> {
  const world = await enterPlace(name);
  const { place, program } = world;
  const random = numbers(options.seed);
  const trials: Trial[] = [];
  try {
    // Nobody is heard who speaks before the first start is over.
    await program.startWatched();
    await warmUp(place.room('warm-up'), program);
    for (let index = 0; index < options.points; index += 1) {
      const trial = { room: place.room(`random-${index}`), token: `moment${index}x` };
      const answered = new Set<string>();
      await prepare(trial, program, work);
      const moment = random() * work.withinMs;
      const asking = work.asks(trial.room, trial.token);
      const end = performance.now() + moment;
      await wait(trial, work, { answered, over: () => performance.now() >= end });
      await program.kill();
      program.start();
      await asking;
      const begun = performance.now();
      await wait(trial, work, { answered, over: () => isOver(trial, program, work) });
      trials.push({ ...trial, point: `after ${moment.toFixed(1)} ms` });
      const ms = Math.round(performance.now() - begun);
      options.note(`${name}, ${work.name}, after ${Math.round(moment)} ms: ${ms} ms ${wrongs(trial, program, work)}`);
    }
    await pass(1_000);
    await program.kill();
    return count(world, work, trials);
  } finally {
    await world.close();
  }
}
