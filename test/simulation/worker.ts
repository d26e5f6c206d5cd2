// A process of its own that runs simulations: seeds in, verdicts out. Started by simulate.ts.
import { makePlan } from './plan.ts';
import { run } from './run.ts';

export interface Order {
  readonly from: number;
  readonly count: number;
  readonly onDisk: boolean;
}

export interface Failure {
  readonly seed: number;
  readonly rule: string;
  readonly detail: string;
}

export interface Done {
  readonly count: number;
  readonly lives: number;
  readonly events: number;
  readonly failures: readonly Failure[];
}

async function carryOut({ from, count, onDisk }: Order): Promise<Done> {
  const failures: Failure[] = [];
  let [lives, events] = [0, 0];
  for (let seed = from; seed < from + count; seed += 1) {
    const verdict = await run(makePlan(seed), { onDisk });
    lives += verdict.lives;
    events += verdict.journal.length;
    const [first] = verdict.violations;
    if (first !== undefined) failures.push({ seed, ...first });
  }
  return { count, lives, events, failures };
}

// Ctrl-C reaches every process of a terminal; simulate.ts says when this one has done enough.
process.on('SIGINT', () => undefined);

process.on('message', (order: Order) => {
  void carryOut(order).then((done) => process.send?.(done));
});
