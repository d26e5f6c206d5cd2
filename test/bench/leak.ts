// What 100,000 messages leave behind in one process. Run: node --expose-gc test/bench/leak.ts [--messages=<n>]
import { type Bench, openBench } from './engine.ts';
import { type Figure, liveHeap, main, timed, withoutGc } from './report.ts';

const messages = Number(/^--messages=(\d+)$/.exec(process.argv.at(-1) ?? '')?.[1] ?? 100_000);
const chats = 500;
const together = 50;

export async function benchLeak(): Promise<readonly Figure[]> {
  const bench = await openBench();
  // Caches with a limit are full after this.
  await talk(bench, 30_000);
  const before = liveHeap();
  const took = await timed(() => talk(bench, messages));
  const kept = liveHeap() - before;
  const rss = process.memoryUsage.rss();
  await bench.close();
  return [
    {
      name: `heap kept after ${messages.toLocaleString('en-US')} messages`,
      value: Math.max(0, kept) / 2 ** 20,
      unit: 'MB',
      ideal: 0,
      aim: { atMost: 5 },
      note: withoutGc,
    },
    { name: '  per message', value: Math.max(0, kept) / messages, unit: 'bytes', ideal: 0 },
    {
      name: 'resident memory then',
      value: rss / 2 ** 20,
      unit: 'MB',
      note: 'with the room the collector keeps for young objects',
    },
    { name: 'messages per second all the while', value: messages / (took / 1000), unit: '/s', aim: { atLeast: 300 } },
  ];
}

/** Every chat starts anew at times, as people do: what is measured is the process, not one endless conversation. */
async function talk(bench: Bench, count: number): Promise<void> {
  let sent = 0;
  const one = async (worker: number): Promise<void> => {
    while (sent < count) {
      sent += 1;
      const chat = `chat${worker + together * (sent % (chats / together))}`;
      await bench.ask(chat, sent % 200 === 0 ? '/new' : 'hello');
    }
  };
  await Promise.all(Array.from({ length: together }, (_, worker) => one(worker)));
  await bench.quiet();
}

if (import.meta.main) await main('Memory over time', benchLeak);
