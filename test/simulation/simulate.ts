// Runs simulations from the command line:
// npm run simulate -- --seeds <n> [--from <seed>] [--disk]      many, in as many processes as there are cores
// npm run simulate -- --seed <n> [--verbose] [--disk] [--whole]  one, with its journal; a failing one is made small first
// Interrupted (Ctrl-C, SIGTERM) it finishes what is under way and says what it has done so far.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { makePlan } from './plan.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';
import type { Done, Failure, Order } from './worker.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: String(availableParallelism()) },
    disk: { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
    whole: { type: 'boolean', default: false },
  },
});

/** Seeds a process gets at a time. */
const portion = 50;
/**
 * Almost all that a simulation makes is garbage at its end: it is collected less often. Nobody reads where the errors of a process
 * that only counts were thrown: a failing seed is run once more here.
 */
const execArgv = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=64', '--stack-trace-limit=0'];
/** Seeds between two lines that say how far it is. */
const leg = 10_000;
/** Failing seeds that are named. */
const mostNamed = 20;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function one(seed: number): Promise<boolean> {
  const options = { onDisk: values.disk, verbose: values.verbose };
  const whole = makePlan(seed);
  const first = await run(whole, options);
  const [broken] = first.violations;
  const plan = broken === undefined || values.whole ? whole : await shrink(whole, broken.rule, { onDisk: values.disk });
  const verdict = plan === whole ? first : await run(plan, options);
  print(JSON.stringify(plan, undefined, 1));
  for (const line of verdict.journal) print(line);
  if (values.verbose || broken !== undefined) for (const line of verdict.errors) print(line);
  for (const { rule, detail } of verdict.violations) print(`BROKEN ${rule}: ${detail}`);
  print(`seed ${seed}: ${broken === undefined ? 'all invariants hold' : 'broken'}, journal ${first.hash}`);
  return broken === undefined;
}

interface Total extends Done {
  readonly seconds: number;
}

/** Each process asks for more when it is done. */
async function many(from: number, count: number): Promise<Total> {
  const began = performance.now();
  const failures: Failure[] = [];
  let [next, end, done, lives, events] = [from, from + count, 0, 0, 0];
  const order = (): Order | undefined => {
    const size = Math.min(portion, end - next);
    if (size <= 0) return undefined;
    next += size;
    return { from: next - size, count: size, onDisk: values.disk };
  };
  const worker = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const child = fork(join(import.meta.dirname, 'worker.ts'), { execArgv });
      const ask = (): void => {
        const more = order();
        if (more === undefined) child.disconnect();
        else child.send(more);
      };
      child.on('message', (portionDone: Done) => {
        done += portionDone.count;
        if (done % leg < portionDone.count && done < count) print(`${done} done, ${failures.length} broken`);
        lives += portionDone.lives;
        events += portionDone.events;
        for (const failure of portionDone.failures) {
          failures.push(failure);
          if (failures.length <= mostNamed) print(`seed ${failure.seed} BROKEN ${failure.rule}: ${failure.detail}`);
        }
        ask();
      });
      child.on('error', reject);
      child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with code ${code}`))));
      ask();
    });
  const stop = (): void => {
    end = next;
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  await Promise.all(Array.from({ length: Math.max(1, Number(values.workers)) }, worker));
  return { count: done, lives, events, failures, seconds: (performance.now() - began) / 1000 };
}

async function main(): Promise<boolean> {
  if (values.seed !== undefined) return one(Number(values.seed));
  const { count, lives, events, failures, seconds } = await many(Number(values.from), Number(values.seeds));
  const [first] = failures.toSorted((a, b) => a.seed - b.seed);
  if (first !== undefined) await one(first.seed);
  const rate = (count / seconds).toFixed(0);
  print(
    `${count} simulations${values.disk ? ' on disk' : ''}, ${lives} lives, ${events} events in ${seconds.toFixed(0)} s (${rate} per second): ${failures.length} broken`,
  );
  return failures.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
