import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Route } from '../../src/core/route.ts';
import { hang, say, wait } from '../fakes/script.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await openPeople();
});

afterEach(async () => {
  await world.close();
});

const place = (chat: string, thread?: string): Route => ({
  ...{ channel: 'telegram', account: 'default', chat },
  ...(thread === undefined ? {} : { thread }),
});
const at = (chat: string, thread?: string) => ({ ...inGroup(world, bo), route: place(chat, thread) });
const moved = (from: string, to: string): Promise<void> => world.channel.events.moved(place(from), place(to));

test('a group with another id is still listed and goes on with its memory, through several moves and a restart', async () => {
  await world.say('remember me', at('g'));
  await world.settled();
  await moved('g', 'h');
  await moved('h', 'i');
  await world.restart();
  await world.say('hello', at('i'));
  await world.settled();
  expect(world.agent.turns.at(-1)).toMatchObject({ session: 'agent:main:telegram:group:g', text: 'hello' });
  expect(JSON.stringify(world.agent.turns.at(-1)?.prompt.history)).toContain('remember me');
  expect(world.channel.sent.at(-1)).toMatchObject({ text: 'ok', route: place('i') });
});

test('a result that was asked for under the old id arrives under the new one, typing and all', async () => {
  world.agent.once(/^dig$/, [wait(10_000), say('found it')]);
  await typed(world, '/subagents spawn main dig', at('g', '7'));
  await world.until(() => world.run('dig').state.status === 'running', 'the run');
  world.channel.judge(({ route }) => (route.chat === 'g' ? 'refused' : undefined));
  await moved('g', 'h');
  const signs = world.channel.signs.length;
  await world.clock.advance(10_000);
  await world.settled();
  expect(world.channel.sent.at(-1)).toMatchObject({
    route: place('h', '7'),
    text: expect.stringContaining('found it'),
  });
  world.engine.delivery.signs.queued([
    { id: 'x', kind: 'message', text: '', at: 0, tree: '', steerable: true, route: place('g') },
  ]);
  expect(world.channel.signs.slice(signs)).toEqual([{ route: place('h'), sign: 'typing' }]);
});

test('the numbers of the last list still mean the same runs', async () => {
  world.agent.always(/^dig/, [hang()]);
  await typed(world, '/subagents spawn main dig here', at('g'));
  await typed(world, '/subagents spawn main dig there', at('g'));
  await moved('g', 'h');
  expect(await typed(world, '/subagents info 2', at('h'))).toContain('dig there');
});

test('what waited to be sent when the chat moved goes to the new id', async () => {
  world.channel.judge(({ route }) => (route.chat === 'g' ? { retry: 60_000 } : undefined));
  await world.say('hello', at('g'));
  await world.until(() => world.channel.attempts.length > 0, 'the first attempt');
  await moved('g', 'h');
  await world.clock.advance(60_000);
  await world.settled();
  expect(world.channel.sent).toMatchObject([{ route: place('h'), text: 'ok' }]);
});

test('conversations bound in the chat and its topics move along', async () => {
  await typed(world, '/subagents spawn main count', at('g', '7'));
  await world.settled();
  expect(await typed(world, '/focus count', at('g', '7'))).toContain('count');
  await moved('g', 'h');
  await world.restart();
  await world.say('hello', at('h', '7'));
  await world.settled();
  expect(world.agent.turns.at(-1)?.session).toBe(world.run('count').child);
  expect(await world.engine.delivery.bindings.at(place('g', '7'))).toBeUndefined();
  expect((await world.engine.delivery.bindings.of(world.run('count').child))?.route).toEqual(place('h', '7'));
});

test('buttons shown before the move still work', async () => {
  world.agent.once(/^dig$/, [hang()]);
  await typed(world, '/subagents spawn main dig', at('g'));
  await typed(world, '/subagents list', at('g'));
  await moved('g', 'h');
  const reply = world.channel.next('stopped 1');
  await world.channel.press('Kill #1', at('h'));
  expect((await reply).route).toEqual(place('h'));
});
