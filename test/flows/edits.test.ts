import { afterEach, beforeEach, expect, test } from 'vitest';
import { hang } from '../fakes/script.ts';
import { inboxRows, inboxStory } from './inbox-view.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;

beforeEach(async () => {
  world = await openPeople();
});

afterEach(async () => {
  await world.close();
});

const asked = (): string[] => world.agent.turns.map((turn) => turn.text);
const waiting = (): string[] =>
  world.engine.layer.turns.waiting('agent:main:telegram:direct:ann').map((item) => item.text);

/** A turn that does not end, so that what follows waits. */
async function busy(): Promise<void> {
  world.agent.once(/^work$/, [hang()]);
  await typed(world, '/queue followup');
  await world.say('work');
  await world.until(() => world.agent.active.size === 1, 'the turn');
}

async function placed(text: string, how?: Parameters<World['say']>[1]): Promise<string> {
  const id = await world.say(text, how);
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  return id;
}

test('a change counts while the message waits, also after a restart, and keeps what was quoted', async () => {
  await busy();
  const quote = { text: 'it', from: 'Bo' };
  const id = await placed('buy tea', { more: { quote } });
  await world.channel.change(id, 'buy coffee');
  expect(waiting()).toEqual(['> Bo wrote:\n> it\n\nbuy coffee']);
  await world.restart('kill');
  await world.until(() => asked().length >= 2, 'the turns to go on');
  await world.engine.layer.turns.abort('agent:main:telegram:direct:ann', 'user')?.ended;
  await world.settled();
  expect(asked().at(-1)).toBe('> Bo wrote:\n> it\n\nbuy coffee');
});

test('a change that comes when the agent has the message is ignored', async () => {
  const id = await placed('hello');
  await world.settled();
  await world.channel.change(id, 'goodbye');
  await world.channel.change('never-seen', 'goodbye');
  await world.settled();
  expect(asked()).toEqual(['hello']);
  expect(inboxStory(world)).toEqual(['hello: done (success)']);
});

test('a command is never run again, and a message never becomes one', async () => {
  await busy();
  const id = await placed('/whoami');
  await world.channel.change(id, '/stop');
  const later = await placed('later');
  await world.channel.change(later, '/stop');
  expect(world.agent.active.size).toBe(1);
  expect(waiting()).toEqual(['later']);
});

test('a message that was not heard stays unheard, and nobody changes the message of another', async () => {
  const id = await placed('just talking', { ...inGroup(world, bo), mentionsBot: false });
  await world.channel.change(id, '@bot hello', inGroup(world, bo));
  await busy();
  const mine = await placed('mine');
  await world.channel.change(mine, 'yours', { ...bo, route: world.channel.direct() });
  expect(waiting()).toEqual(['mine']);
  expect(inboxRows(world)[0]).toMatchObject({ text: 'just talking', reason: 'not_mentioned' });
});

test('a long text that may still go on is changed where it is held', async () => {
  const id = await placed('x'.repeat(4_000));
  await world.channel.change(id, 'y'.repeat(4_001));
  await placed(' the end');
  await world.settled();
  expect(asked()).toEqual([`${'y'.repeat(4_001)} the end`]);
});

test('one part of a long text that was put together is left as it is', async () => {
  await busy();
  const id = await placed('x'.repeat(4_000));
  await placed(' the end');
  await world.channel.change(id, 'cut');
  expect(waiting()).toEqual([`${'x'.repeat(4_000)} the end`]);
});
