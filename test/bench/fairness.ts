// One person who sends 10,000 messages beside 54 others who send one each: what the others wait, with and without the flood,
// and how long commands take meanwhile. Run: node test/bench/fairness.ts
import { systemClock } from '../../src/infra/clock.ts';
import { answering, type Bench, openBench } from './engine.ts';
import { type Figure, main, percentile, timed } from './report.ts';

const others = 54;
const flood = 10_000;
/** A platform hands in what it has in batches. */
const batch = 100;
const seconds = 30;
const modelMs = 300;

export async function benchFairness(): Promise<readonly Figure[]> {
  const calm = await waits(false);
  const loud = await waits(true);
  const [before, meanwhile] = [percentile(calm.answers, 0.99), percentile(loud.answers, 0.99)];
  return [
    { name: `${others} chats alone, answer p99`, value: before, unit: 'ms', ideal: modelMs },
    {
      name: `the same beside ${flood.toLocaleString('en')} messages of one person, answer p99`,
      ...{ value: meanwhile, unit: 'ms', ideal: before, aim: { atMost: 2 * before } },
    },
    { name: 'commands meanwhile, p99', value: percentile(loud.commands, 0.99), unit: 'ms', aim: { atMost: 50 } },
    {
      name: 'messages of the flood told of as not processed, or answered',
      ...{ value: loud.explained, unit: '', ideal: flood, aim: { atLeast: flood } },
    },
  ];
}

interface Waits {
  readonly answers: readonly number[];
  readonly commands: readonly number[];
  /** Messages of the flood whose fate is on record. */
  readonly explained: number;
}

async function waits(flooded: boolean): Promise<Waits> {
  const bench = await openBench({ runtime: answering(() => modelMs) });
  for (let chat = 0; chat < others; chat += 1) await bench.ask(`chat${chat}`, '/help');
  const commands: number[] = [];
  const flooding = flooded ? pour(bench) : Promise.resolve();
  const answers = Array.from({ length: others }, async (_, chat) => {
    await systemClock.sleep((seconds * 1000 * chat) / others);
    if (chat % 3 === 0) commands.push(await timed(() => bench.ask(`chat${chat}`, '/status')));
    return await timed(() => bench.ask(`chat${chat}`, 'hello'));
  });
  const took = await Promise.all(answers);
  await flooding;
  await bench.quiet();
  const closed = bench.engine.stores.database.read.get("SELECT count(*) AS n FROM inbox WHERE state <> 'accepted'");
  const explained = Number(closed?.n ?? 0) - others * 2 - commands.length;
  await bench.close();
  return { answers: took, commands, explained };
}

/** As fast as it takes to be done when the others are. */
async function pour(bench: Bench): Promise<void> {
  const start = systemClock.now();
  for (let sent = 0; sent < flood; sent += batch) {
    await Promise.all(Array.from({ length: batch }, (_, each) => bench.say('loud', `message ${sent + each}`)));
    await systemClock.sleep(Math.max(0, start + (seconds * 1000 * (sent + batch)) / flood - systemClock.now()));
  }
}

if (import.meta.main) await main('One against many', benchFairness);
