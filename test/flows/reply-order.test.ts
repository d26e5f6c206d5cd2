// In a chat that takes only so many messages the reply of a command still comes before what the command leads to.
import { afterEach, expect, test } from 'vitest';
import { openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;
afterEach(() => world.close());

test('the reply of a command that starts work comes before the result of that work', async () => {
  world = await openPeople({ channel: { limits: ({ chat }) => [{ key: chat, count: 1, perMs: 10_000 }] } });
  await typed(world, '/whoami');
  await world.say('/subagents spawn main look');
  await world.until(() => world.runs().some((run) => run.delivery.state === 'sending'), 'the result to wait');
  await world.clock.advance(30_000);
  await world.settled();
  expect(world.channel.texts().slice(1)).toEqual([
    expect.stringMatching(/^✅ main started/),
    expect.stringMatching(/look: completed successfully/),
  ]);
});

test('a view gives way to results, as it leads to nothing', async () => {
  world = await openPeople({ channel: { limits: ({ chat }) => [{ key: chat, count: 1, perMs: 10_000 }] } });
  await typed(world, '/whoami');
  await world.say('/queue');
  await world.until(() => !world.engine.receiver.busy(), 'the view to wait');
  await world.say('hello');
  await world.until(() => world.agent.turns.length === 1 && world.engine.delivery.outbox.stats().pending === 2, 'both');
  await world.clock.advance(30_000);
  await world.settled();
  expect(world.channel.texts().slice(1)).toEqual(['ok', expect.stringMatching(/^Queue/i)]);
});
