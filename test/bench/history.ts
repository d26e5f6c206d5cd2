// What 10,000 runs of the past cost: views, targets, a spawn, a start. All below one chat, none archived: the worst case.
// Run: node test/bench/history.ts
import type { Run } from '../../src/core/run.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { systemIds } from '../../src/infra/ids.ts';
import type { Engine } from '../../src/wiring/engine.ts';
import { type Bench, openBench } from './engine.ts';
import { type Figure, main, median, samples, timed } from './report.ts';

const past = 10_000;
const rounds = 15;

export async function benchHistory(): Promise<readonly Figure[]> {
  const small = await openBench();
  await seedRun(small);
  const few = await views(small);
  const template = small.engine.stores.registry.newest(1)[0];
  if (template === undefined) throw new Error('no run was recorded');
  await copyRuns(small.engine, template);
  const many = await views(small);
  await small.drain();
  const began = performance.now();
  const again = await openBench({ home: small.home });
  const start = performance.now() - began;
  await again.close();
  const figures = [...many].map(([name, value]): Figure => {
    return { name, value, unit: 'ms', ideal: few.get(name), aim: { atMost: 50 } };
  });
  return [...figures, { name: 'engine start', value: start, unit: 'ms', aim: { atMost: 1000 } }];
}

async function seedRun(bench: Bench): Promise<void> {
  await bench.ask('chat', '/subagents spawn main count to three');
  await bench.next('chat');
  await bench.quiet();
}

/** The run, again and again, ended an hour ago; every tenth one started by the one before it. */
async function copyRuns({ stores }: Engine, template: Run): Promise<void> {
  const { database, registry } = stores;
  const endedAt = systemClock.now() - 60 * 60_000;
  let before = template.child;
  await database.write((sql) => {
    for (let index = 0; index < past; index += 1) {
      const child = `agent:main:subagent:${systemIds.uuid()}`;
      const run: Run = {
        ...template,
        id: systemIds.uuid(),
        tree: `tree${Math.floor(index / 5)}`,
        child,
        childSessionId: systemIds.uuid(),
        requester: index % 10 === 9 ? before : template.requester,
        label: `run-${index}`,
        state: {
          status: 'succeeded',
          startedAt: endedAt - 5000,
          endedAt,
          outcome: { kind: 'success', text: 'x'.repeat(500) },
        },
      };
      registry.insert(sql, run.id, run);
      sql.run('UPDATE runs SET ended_at = ? WHERE id = ?', endedAt, run.id);
      before = child;
    }
  });
}

async function views(bench: Bench): Promise<ReadonlyMap<string, number>> {
  const ask = async (text: string): Promise<number> =>
    median(
      await samples(rounds, async () => {
        await bench.ask('chat', text);
      }),
    );
  const spawn = async (): Promise<number> => {
    const took: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      took.push(await timed(() => bench.ask('chat', '/subagents spawn main count to three')));
      await bench.next('chat');
      await bench.quiet();
    }
    return median(took);
  };
  const label = bench.engine.stores.registry.newest(1)[0]?.label ?? '';
  return new Map([
    ['/subagents list', await ask('/subagents list')],
    ['/subagents info <label>', await ask(`/subagents info ${label}`)],
    ['/subagents info 1', await ask('/subagents info 1')],
    ['/tasks', await ask('/tasks')],
    ['/agents', await ask('/agents')],
    ['/usage', await ask('/usage')],
    ['/status', await ask('/status')],
    ['a spawn, until it is acknowledged', await spawn()],
  ]);
}

if (import.meta.main) await main('10,000 runs in history', benchHistory);
