// What the lanes cost: overhead of one turn, and how close a full house comes to the ideal. Run: node test/bench/lanes.ts
import { systemClock } from '../../src/infra/clock.ts';
import { Scheduler } from '../../src/lanes/scheduler.ts';
import { type Figure, main, percentile, timed } from './report.ts';

function newScheduler(): Scheduler {
  const widths = { main: 4, subagent: 8 };
  return new Scheduler({ clock: systemClock, generation: 1, widths, onWait: () => undefined, onLate: () => undefined });
}

/** Figures of the lanes on the real clock. */
export async function benchLanes(): Promise<readonly Figure[]> {
  return [...(await overhead()), ...(await fullHouse()), ...(await fairness()), await idleMemory()];
}

async function overhead(): Promise<readonly Figure[]> {
  const turns = 20_000;
  const scheduler = newScheduler();
  const one = (session: string): Promise<unknown> =>
    scheduler.run({ session, lane: 'main', signal: new AbortController().signal }, async () => undefined).done;
  const inTurn = async (): Promise<void> => {
    for (let index = 0; index < turns; index += 1) await one('chat');
  };
  await inTurn();
  const sequential = await timed(inTurn);
  const burst = await timed(() => Promise.all(Array.from({ length: turns }, (_, index) => one(`chat${index % 200}`))));
  return [
    { name: 'overhead of a turn, one after another', value: (sequential / turns) * 1000, unit: 'µs' },
    { name: 'overhead of a turn, 20,000 at once in 200 chats', value: (burst / turns) * 1000, unit: 'µs' },
  ];
}

async function fullHouse(): Promise<readonly Figure[]> {
  const scheduler = newScheduler();
  const turn = (_: unknown, chat: number): Promise<unknown> =>
    scheduler.run({ session: `chat${chat}`, lane: 'main', signal: new AbortController().signal }, () =>
      systemClock.sleep(200),
    ).done;
  const took = await timed(() => Promise.all(Array.from({ length: 50 }, turn)));
  return [
    { name: '50 chats x 200 ms, width 4', value: took / 1000, unit: 's', ideal: 2.6, note: '13 rounds of 200 ms' },
  ];
}

/** One chat floods; the others send one message each while it does. */
async function fairness(): Promise<readonly Figure[]> {
  const scheduler = newScheduler();
  const waits: number[] = [];
  const flood = Array.from(
    { length: 200 },
    () =>
      scheduler.run({ session: 'flood', lane: 'main', signal: new AbortController().signal }, () =>
        systemClock.sleep(2),
      ).done,
  );
  const others = Array.from({ length: 54 }, async (_, chat) => {
    await systemClock.sleep(chat * 5);
    const asked = performance.now();
    await scheduler.run({ session: `chat${chat}`, lane: 'main', signal: new AbortController().signal }, async () =>
      waits.push(performance.now() - asked),
    ).done;
  });
  await Promise.all([...flood, ...others]);
  return [
    {
      name: 'p99 wait of 54 chats beside one that floods',
      value: percentile(waits, 0.99),
      unit: 'ms',
      note: 'a session holds one slot at most',
    },
  ];
}

async function idleMemory(): Promise<Figure> {
  const scheduler = newScheduler();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 100_000; index += 1) {
    await scheduler.run(
      { session: `chat${index}`, lane: 'main', signal: new AbortController().signal },
      async () => undefined,
    ).done;
  }
  globalThis.gc?.();
  const sessions = scheduler.stats().sessions;
  const grown = Math.max(0, process.memoryUsage().heapUsed - before) / 2 ** 20;
  return {
    name: `heap kept for 100,000 idle sessions (${sessions} lanes)`,
    value: grown,
    unit: 'MB',
    note: globalThis.gc ? '' : 'garbage included; --expose-gc for the net figure',
  };
}

if (import.meta.main) await main('Lanes alone', benchLanes);
