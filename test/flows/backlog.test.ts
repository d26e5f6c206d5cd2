// Many messages that cannot be sent: the owner hears of it once, in their own chat, and everything is sent in the end.
import { afterEach, expect, test } from 'vitest';
import { routeKey } from '../../src/core/route.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const told = (here: World): readonly string[] =>
  here.channel.texts(here.channel.direct('ann')).filter((text) => text.includes('wait to be sent'));

/** The group takes nothing in; 30 commands are answered there. */
async function jam(here: World): Promise<void> {
  const group = inGroup(here, bo);
  const stuck = group.route === undefined ? '' : routeKey(group.route);
  here.channel.judge((attempt) => (routeKey(attempt.route) === stuck ? { retry: 0 } : undefined));
  for (let count = 0; count < 30; count += 1) await here.say('/whoami', group);
}

test('the owner is told once that messages wait, also after a restart, and nothing is lost', async () => {
  world = await openPeople();
  const here = world;
  await typed(here, '/whoami');
  await here.restart();
  await jam(here);
  await here.until(() => told(here).length > 0, 'the owner to be told');
  expect(told(here)).toEqual([
    '⚠️ 26 messages wait to be sent: a channel is not connected (/status shows it), or more is said in a chat than its platform allows.',
  ]);
  here.channel.judge(undefined);
  here.engine.delivery.outbox.wake('telegram:default');
  await here.settled();
  expect(told(here)).toHaveLength(1);
  expect(here.channel.texts(inGroup(here).route)).toHaveLength(30);
});

test('nobody else is told, and an owner who never wrote cannot be', async () => {
  world = await openPeople();
  const here = world;
  await typed(here, '/whoami', bo);
  await jam(here);
  await here.until(() => here.engine.delivery.outbox.stats().pending === 30, 'the answers to wait');
  expect(here.channel.texts().filter((text) => text.includes('wait to be sent'))).toEqual([]);
});
