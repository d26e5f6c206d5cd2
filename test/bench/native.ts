// Native commands: fifty at once over the wire, from the press of a key to the first sign that the bot has taken it.
// Run: node test/bench/native.ts

import { until } from '../fakes/wait.ts';
import { openWorld } from '../flows/discord/world.ts';
import { type Figure, main, median } from './report.ts';

const atOnce = 50;
const rounds = 3;

export async function benchNative(): Promise<readonly Figure[]> {
  const world = await openWorld();
  try {
    const { ann, general, twin } = world;
    await until(() => twin.commands('global').length > 0, 'the commands to be registered');
    const slowest: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const asked = Array.from({ length: atOnce }, () => ann.slash('/whoami', {}, { in: general }));
      const all = await Promise.all(asked);
      slowest.push(Math.max(...all.map(({ ackMs = Infinity }) => ackMs)));
      await until(() => all.every(({ replies }) => replies.length > 0), 'all answers');
    }
    return [
      {
        name: `first sign, the slowest of ${atOnce} commands at once`,
        value: median(slowest),
        unit: 'ms',
        ideal: await bareCalls(twin.url),
        aim: { atMost: 1000 },
        note: `ideal: ${atOnce} bare requests to the same server`,
      },
    ];
  } finally {
    await world.close();
  }
}

/** Milliseconds until the last of as many requests as nothing but a client makes them is answered. */
async function bareCalls(url: string): Promise<number> {
  const began = performance.now();
  const ask = async (): Promise<void> => void (await (await fetch(`${url}/v10/gateway`)).arrayBuffer());
  await Promise.all(Array.from({ length: atOnce }, ask));
  return performance.now() - began;
}

if (import.meta.main) await main('Native commands', benchNative);
