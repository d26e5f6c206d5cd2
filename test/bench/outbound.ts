// What leaves under load, in virtual time: forty agents with ten updates a second each for ten minutes, on a platform that
// counts for itself. Run: node test/bench/outbound.ts
import { playTraffic, quantile, type Traffic } from '../delivery/traffic.ts';
import { type Figure, main, timed } from './report.ts';

/** Longest one way to the platform: on the same continent, and across the world. */
const near = 50;
const far = 150;

export async function benchOutbound(): Promise<readonly Figure[]> {
  return [...(await figures('near', near)), ...(await figures('far', far))];
}

async function figures(where: string, latencyMs: number): Promise<readonly Figure[]> {
  const played: Traffic[] = [];
  const took = await timed(async () => {
    for (const seed of [1, 2, 3])
      played.push(await playTraffic({ runs: 40, minutes: 10, updatesPerSecond: 10, latencyMs, seed }));
  });
  const sum = (of: (traffic: Traffic) => number): number => played.reduce((total, one) => total + of(one), 0);
  const waits = (of: 'final' | 'approval'): number[] => played.flatMap((one) => [...one.waits[of]]);
  const name = (text: string): string => `${text}, ${where} (up to ${latencyMs} ms one way)`;
  return [
    { name: name('refused for being too much'), value: sum((one) => one.rejected), unit: '', aim: { atMost: 0 } },
    {
      name: name('lost, doubled or out of order'),
      value: sum((one) => one.lost + one.doubled + one.swapped),
      unit: '',
      aim: { atMost: 0 },
    },
    { name: name('a final arrives, p95'), value: quantile(waits('final'), 0.95), unit: 'ms', aim: { atMost: 1500 } },
    { name: '  the slowest', value: quantile(waits('final'), 1), unit: 'ms' },
    {
      name: name('an approval arrives, p95'),
      value: quantile(waits('approval'), 0.95),
      unit: 'ms',
      ...(latencyMs === near ? { aim: { atMost: 1000 } } : {}),
      note: 'a chat takes one message a second: behind a change of progress nothing can be faster',
    },
    { name: '  half of them', value: quantile(waits('approval'), 0.5), unit: 'ms' },
    { name: '  the slowest', value: quantile(waits('approval'), 1), unit: 'ms' },
    { name: name('changes of progress per minute'), value: sum((one) => one.edits) / 30, unit: '/min' },
    { name: '  real time for a minute of it', value: took / 30, unit: 'ms' },
  ];
}

if (import.meta.main) await main('The outbound side under load', benchOutbound);
