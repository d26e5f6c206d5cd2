// How close a full house comes to the ideal: many chats at once on the real clock, and the promised times of a width of 4 on
// the virtual one. Run: node test/bench/crowd.ts
import { wait } from '../fakes/script.ts';
import { openWorld, type World } from '../flows/world.ts';
import { answering, openBench } from './engine.ts';
import { type Figure, main, timed } from './report.ts';

export async function benchCrowd(): Promise<readonly Figure[]> {
  return [await fifty(), ...(await promised())];
}

/** Chats that spoke before: what is measured is the waiting, not first contact or code that was never run. */
async function fifty(): Promise<Figure> {
  const model = { ms: 0 };
  const bench = await openBench({ runtime: answering(() => model.ms) });
  const all = (): Promise<unknown> =>
    Promise.all(Array.from({ length: 50 }, (_, chat) => bench.ask(`chat${chat}`, 'hello')));
  for (let round = 0; round < 5; round += 1) await all();
  await bench.quiet();
  model.ms = 200;
  const took = await timed(all);
  await bench.close();
  return {
    name: '50 chats at once, 200 ms each, width 4',
    value: took / 1000,
    unit: 's',
    ideal: 2.6,
    aim: { atMost: 2.6 * 1.03 },
    note: '13 rounds of 200 ms',
  };
}

/** LN-6..8, exactly: time stands still but for the turns. */
async function promised(): Promise<readonly Figure[]> {
  const twenty = await onVirtualClock(20);
  const seven = await onVirtualClock(7);
  const five = await onVirtualClock(5);
  const figure = (name: string, value: number, ideal: number): Figure => {
    return { name, value: value / 1000, unit: 's', ideal, aim: { atMost: ideal } };
  };
  return [
    figure('20 turns of 5 s, width 4 (LN-8)', twenty.tookMs, 25),
    figure('the last of 7 turns of 5 s waits (LN-7)', seven.longestWaitMs, 5),
    figure('the 5th of 5 starts when the first ends (LN-6)', five.longestWaitMs, 5),
  ];
}

async function onVirtualClock(chats: number): Promise<{ readonly tookMs: number; readonly longestWaitMs: number }> {
  const world = await openWorld();
  const starts: number[] = [];
  world.agent.always(/./, () => {
    starts.push(world.clock.now());
    return [wait(5000), { do: 'say', text: 'done' }];
  });
  const began = world.clock.now();
  for (let chat = 0; chat < chats; chat += 1) await world.say('work', { from: { id: `person${chat}` } });
  while (answers(world) < chats) {
    const before = answers(world);
    const running = Math.min(4, chats - before);
    await world.until(() => starts.length === before + running, `${running} turns at work`);
    await world.clock.advance(5000);
    await world.until(() => answers(world) >= before + running, 'their answers');
  }
  const tookMs = world.clock.now() - began;
  await world.close();
  return { tookMs, longestWaitMs: Math.max(...starts) - began };
}

function answers(world: World): number {
  return world.channel.texts().filter((text) => text === 'done').length;
}

if (import.meta.main) await main('A full house', benchCrowd);
