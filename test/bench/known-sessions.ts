// What 100,000 sessions that lie on disk cost a start and an idle process. Run: node --expose-gc test/bench/known-sessions.ts

import { randomUUID } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from '../../src/wiring/engine.ts';
import { type Bench, openBench } from './engine.ts';
import { type Figure, liveHeap, main, median, withoutGc } from './report.ts';

const known = 100_000;

export async function benchKnownSessions(): Promise<readonly Figure[]> {
  const seed = await openBench();
  await seed.ask('person', 'hello');
  await seed.quiet();
  await seed.drain();
  const many = mkdtempSync(join(tmpdir(), 'switchyard-bench-'));
  cpSync(seed.home, many, { recursive: true });
  await fill(many);
  const few = await starts(seed.home);
  const all = await starts(many);
  const heap = await heapOf(seed.home);
  const heapAll = await heapOf(many);
  const fresh = await firstAnswer(seed.home);
  const again = await firstAnswer(many);
  for (const home of [seed.home, many]) rmSync(home, { recursive: true, force: true });
  return [
    {
      name: 'engine start, 100,000 known sessions',
      value: all,
      unit: 'ms',
      ideal: few,
      aim: { atMost: 500 },
      note: 'ideal: with one session',
    },
    {
      name: 'memory of a known session that is idle',
      value: Math.max(0, heapAll - heap) / known,
      unit: 'bytes',
      ideal: 0,
      aim: { atMost: 50 },
      note: withoutGc,
    },
    {
      name: 'the first message to one of them',
      value: again,
      unit: 'ms',
      ideal: fresh,
      note: 'ideal: a new chat beside one session',
    },
  ];
}

/** Copies of the one stored session under other keys, written straight into the table. */
async function fill(home: string): Promise<void> {
  const bench = await openBench({ home, prepare: copySessions });
  await bench.drain();
}

async function copySessions({ stores }: Engine): Promise<void> {
  const row = stores.database.read.get("SELECT key, value FROM keyv WHERE key LIKE 'sessions::%'");
  const key = String(row?.key).slice('sessions::'.length);
  const id = /"id":"([^"]+)"/.exec(String(row?.value))?.[1] ?? '';
  const put = 'INSERT INTO keyv (key, value) VALUES (?, ?)';
  for (let from = 0; from < known; from += 10_000) {
    await stores.database.write((sql) => {
      for (let index = from; index < from + 10_000; index += 1) {
        const [newKey, newId] = [`${key}${index}`, randomUUID()];
        sql.run(
          put,
          `sessions::${newKey}`,
          String(row?.value).replaceAll(`"${key}"`, `"${newKey}"`).replace(id, newId),
        );
        sql.run(put, `session-ids::${newId}`, JSON.stringify({ value: newKey }));
      }
    });
  }
}

async function starts(home: string): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const began = performance.now();
    const bench = await openBench({ home });
    took.push(performance.now() - began);
    await bench.drain();
  }
  return median(took);
}

async function heapOf(home: string): Promise<number> {
  const bench: Bench = await openBench({ home });
  const heap = liveHeap();
  await bench.drain();
  return heap;
}

async function firstAnswer(home: string): Promise<number> {
  const bench = await openBench({ home });
  await bench.ask('person', 'hello');
  const took: number[] = [];
  for (let index = 0; index < 50; index += 1) {
    const began = performance.now();
    took.push((await bench.ask(`person${index * 1999}`, 'hello')).at - began);
    await bench.engine.delivery.outbox.idle();
  }
  await bench.drain();
  return median(took);
}

if (import.meta.main) await main('Known sessions', benchKnownSessions);
