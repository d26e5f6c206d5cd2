// From a spawn to the child's first event, and from the child's end to its result in the chat.
// Run: node test/bench/spawning.ts
import type { AgentRuntime, TurnEvent } from '../../src/core/agent.ts';
import { call, say } from '../fakes/script.ts';
import { scriptedRuntime } from '../fakes/scripted-runtime.ts';
import { openBench } from './engine.ts';
import { type Figure, main, median, percentile } from './report.ts';

const rounds = 100;

/** Monotonic times of one spawn. */
interface Times {
  asked: number;
  first: number;
  settled: number;
}

export async function benchSpawning(): Promise<readonly Figure[]> {
  return [...(await measure('agent')), ...(await measure('person'))];
}

async function measure(askedBy: 'agent' | 'person'): Promise<readonly Figure[]> {
  const times: Times = { asked: 0, first: 0, settled: 0 };
  const bench = await openBench({ runtime: timing(times) });
  const { spawner } = bench.engine.layer;
  const spawn = spawner.spawn.bind(spawner);
  Object.assign(spawner, {
    spawn: (ask: Parameters<typeof spawn>[0]) => {
      times.asked = performance.now();
      return spawn(ask);
    },
  });
  const started: number[] = [];
  const delivered: number[] = [];
  const ask = askedBy === 'agent' ? 'please spawn' : '/subagents spawn main child work';
  for (let round = 0; round < rounds + 20; round += 1) {
    const chat = `chat${round % 10}`;
    // The acknowledgement; then the completion.
    const acknowledged = await bench.ask(chat, ask);
    const done = await bench.next(chat);
    if (!/spawned|✅/.test(acknowledged.text) || !/result/.test(done.text))
      throw new Error(`not what was expected: ${acknowledged.text} / ${done.text}`);
    if (round >= 20) {
      started.push(times.first - times.asked);
      delivered.push(done.at - times.settled);
    }
    await bench.quiet();
  }
  await bench.close();
  const aim = { atMost: 20 };
  return [
    { name: `spawn asked -> child's first event (${askedBy})`, value: median(started), unit: 'ms', aim },
    { name: `child settled -> result in the chat (${askedBy})`, value: median(delivered), unit: 'ms', aim },
    { name: '  the slowest 5 %', value: percentile(delivered, 0.95), unit: 'ms' },
  ];
}

/** Notes when the child began and when it settled. */
function timing(times: Times): AgentRuntime {
  const scripted = scriptedRuntime();
  scripted.always(/./, ({ session, text }) => {
    if (session.kind !== 'chat') return 'result';
    return text.includes('please spawn')
      ? [call('sessions_spawn', { task: 'child work' }), say('spawned')]
      : 'result passed on';
  });
  return {
    ...scripted,
    async *turn(session, prompt, tools, signal): AsyncGenerator<TurnEvent> {
      if (session.kind !== 'chat') times.first = performance.now();
      for await (const event of scripted.turn(session, prompt, tools, signal)) {
        if (event.type === 'settled' && session.kind !== 'chat') times.settled = performance.now();
        yield event;
      }
    },
  };
}

if (import.meta.main) await main('A run', benchSpawning);
