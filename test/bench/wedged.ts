// Commands while nothing moves: every slot is held by a turn that never ends and ignores its abort.
// Run: node test/bench/wedged.ts
import { rmSync } from 'node:fs';
import type { AgentRuntime, TurnEvent } from '../../src/core/agent.ts';
import { until } from '../fakes/wait.ts';
import { type Bench, openBench } from './engine.ts';
import { type Figure, main, percentile, samples } from './report.ts';

const rounds = 200;

export async function benchWedged(): Promise<readonly Figure[]> {
  const held = { slots: 0 };
  const bench = await openBench({
    runtime: deaf(held),
    config: { agents: { defaults: { subagents: { maxChildrenPerAgent: 20 } } } },
  });
  await wedge(bench, held);
  const figures: Figure[] = [];
  for (const command of ['/status', '/subagents list', '/tasks', '/agents', '/queue', '/help'])
    figures.push(await latency(bench, command));
  figures.push(await stopping(bench));
  // The wedged turns go down with the process.
  rmSync(bench.home, { recursive: true, force: true });
  return figures;
}

/** 4 chat turns and 8 runs at work, 20 more chats waiting. */
async function wedge(bench: Bench, held: { readonly slots: number }): Promise<void> {
  for (let run = 0; run < 8; run += 1) await bench.ask('chat0', `/subagents spawn main job ${run}`);
  for (let chat = 0; chat < 24; chat += 1) await bench.say(`chat${chat}`, 'work');
  await until(() => held.slots === 12, 'every slot to be held');
}

async function latency(bench: Bench, command: string): Promise<Figure> {
  const took = await samples(rounds, (round) => bench.ask(`chat${round % 4}`, command));
  return { name: `${command}, p99`, value: percentile(took, 0.99), unit: 'ms', aim: { atMost: 50 } };
}

/** A chat that waits for a slot is told to stop: what waits in it goes away. */
async function stopping(bench: Bench): Promise<Figure> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const chat = `stop${round}`;
    await bench.say(chat, 'work');
    await bench.engine.receiver.idle();
    took.push(...(await samples(1, () => bench.ask(chat, '/stop'))));
  }
  return { name: '/stop of a chat that waits, p99', value: percentile(took, 0.99), unit: 'ms', aim: { atMost: 50 } };
}

function deaf(held: { slots: number }): AgentRuntime {
  return {
    kind: 'native',
    steer: async () => 'unsupported',
    async *turn(): AsyncGenerator<TurnEvent> {
      held.slots += 1;
      await new Promise<never>(() => undefined);
    },
  };
}

if (import.meta.main) await main('Commands with every slot wedged', benchWedged);
