// Delegating from WhatsApp, over the wire: runs, their tags, steering, stopping, quotes and focus.
import { afterEach, expect, it } from 'vitest';
import { text } from '../../twins/openai.ts';
import { scripted } from '../scripted-model.ts';
import { type Options, openWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  const { violations, unreadable } = world.twin;
  await world.close();
  expect({ violations, unreadable }).toEqual({ violations: [], unreadable: [] });
});

/** Runs work until the gate opens; what is said to them later is answered at once. */
async function open(options?: Options): Promise<PromiseWithResolvers<void>> {
  const gate = Promise.withResolvers<void>();
  world = await openWorld(options);
  scripted(world.model, async ({ child, last }) => {
    if (!child) return undefined;
    if (last.includes('also')) return text(`added ${/also (\w+)/.exec(last)?.[1]}`);
    await gate.promise;
    return text(`done: ${/(dig|deeper|walk|swim)/.exec(last)?.[1]}`);
  });
  return gate;
}

it('the owner talks to the bot in the chat with oneself, and nothing is said to anybody else', async () => {
  await open();
  const { phone, twin } = world;
  const bob = twin.person('Bob');
  await bob.says('who is this?');
  await phone.says('hello');
  await twin.next(phone, /^ok$/);
  expect(twin.shown(bob)).toEqual([]);
});

it('a run is started, listed with a menu, steered, and its result carries its tag', async () => {
  const gate = await open();
  const { phone, twin } = world;
  await phone.says('/subagents spawn main dig');
  await twin.next(phone, /^✅ main started \(#1/);
  await phone.says('/subagents list');
  const list = await twin.next(phone, /^Active:/);
  expect(list.text).toMatch(/1\W+Kill #1/);
  await phone.says('/subagents steer #1 deeper');
  await twin.next(phone, /steered|goes in at its next step/);
  gate.resolve();
  const result = await twin.next(phone, /done: (dig|deeper)/);
  expect(result.text).toMatch(/^\[#1 dig\]/);
});

it('a number answers a menu: the run is stopped', async () => {
  await open();
  const { phone, twin } = world;
  await phone.says('/subagents spawn main dig');
  await twin.next(phone, /started \(#1/);
  await phone.says('/subagents list');
  await twin.next(phone, /Kill #1/);
  await phone.says('1');
  await twin.next(phone, /stopped 1/);
});

it('/stop stops what is under way', async () => {
  await open();
  const { phone, twin } = world;
  await phone.says('/subagents spawn main dig');
  await twin.next(phone, /started \(#1/);
  await phone.says('/stop');
  await twin.next(phone, /stopped/i);
});

it('quoting a message of a run, or its number in front, speaks to that run, also after a restart', async () => {
  const gate = await open();
  const { phone, twin } = world;
  for (const task of ['dig', 'walk', 'swim']) {
    await phone.says(`/subagents spawn main ${task}`);
    await twin.next(phone, /^✅ main started/);
  }
  gate.resolve();
  const results = [];
  for (const task of ['dig', 'walk', 'swim']) results.push(await twin.next(phone, `done: ${task}`));
  const [, walk] = results;
  if (walk === undefined) throw new Error('no result');
  await phone.says('also maps', { quote: walk });
  expect((await twin.next(phone, 'added maps')).text).toMatch(/^\[#2 walk\]/);
  await world.restart();
  await phone.says('also boots', { quote: walk });
  expect((await twin.next(phone, 'added boots')).text).toMatch(/^\[#2 walk\]/);
  await phone.says('#3 also towels');
  expect((await twin.next(phone, 'added towels')).text).toMatch(/^\[#3 swim\]/);
  await phone.says('/focus #1');
  await twin.next(phone, /dig/);
  await phone.says('also lamps');
  await twin.next(phone, 'added lamps');
  await phone.says('/unfocus');
  await twin.next(phone, /unfocus|left|no longer/i);
  await phone.says('hello again');
  await twin.next(phone, /^ok$/);
});
