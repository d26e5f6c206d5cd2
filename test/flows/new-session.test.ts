import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { itemMaker } from '../agents/mail-items.ts';
import { hang, say } from '../fakes/script.ts';
import { inboxRows } from './inbox-view.ts';
import { openPeople, startsWork, typed } from './people.ts';
import type { World } from './world.ts';

const me = 'agent:main:telegram:direct:ann';
let world: World;

const session = () => world.engine.stores.sessions.get(me);
const transcripts = (): string[] => readdirSync(join(world.engine.parts.home, 'transcripts')).sort();
const history = (): number | undefined => world.agent.turns.at(-1)?.prompt.history.length;

async function says(text: string): Promise<void> {
  await world.say(text);
  await world.until(() => !world.engine.receiver.busy(), 'its place');
  await world.settled();
}

beforeEach(async () => {
  world = await openPeople();
});

afterEach(async () => {
  await world.settled();
  expect(inboxRows(world).filter((row) => row.state === 'accepted')).toEqual([]);
  await world.close();
});

test('/new empties the context, keeps the old transcript, and keeps the settings of the session', async () => {
  await says('one');
  await says('two');
  expect(history()).toBe(3);
  await typed(world, '/queue followup');
  const before = (await session())?.id ?? '';
  expect(await typed(world, '/new')).toMatch(/^✅ new session/);
  await says('three');
  expect(history()).toBe(1);
  const after = await session();
  expect(after?.id).not.toBe(before);
  expect(after).toMatchObject({ turns: 1, queue: { mode: 'followup' }, lastTo: 'ann' });
  expect(transcripts().filter((name) => name.startsWith(before))).toEqual([expect.stringMatching(/\.reset\./)]);
});

test('/new stops the turn, what waits and every run below before it empties anything', async () => {
  world.agent.always(/hang/, [hang()]);
  await startsWork(world, 'hang in a run');
  await world.say('hang here');
  await world.until(() => world.agent.active.size === 2, 'both at work');
  await world.say('/queue followup');
  await world.say('hang too');
  await world.until(() => world.engine.layer.turns.waiting(me).length === 1, 'a waiting message');
  expect(await typed(world, '/reset')).toMatch(/new session|Queue/);
  await world.settled();
  expect(world.run('hang in a run').state.status).toBe('stopped');
  expect(world.agent.active.size).toBe(0);
  expect(inboxRows(world).map((row) => row.text)).toContain('hang too');
});

test('/new does not wait for the turns of others, where its own had not begun', async () => {
  await says('one');
  const gate = Promise.withResolvers<void>();
  const never = new AbortController().signal;
  for (const chat of ['a', 'b', 'c', 'd'])
    void world.engine.layer.scheduler.run({ session: chat, lane: 'main', signal: never }, () => gate.promise);
  await world.say('two');
  await world.until(() => world.engine.layer.turns.waiting(me).length === 1, 'a waiting message');
  expect(await typed(world, '/new')).toMatch(/^✅ new session/);
  await world.say('three');
  gate.resolve();
  await world.settled();
  expect(world.agent.turns.map((turn) => turn.text)).toEqual(['one', 'three']);
  expect(history()).toBe(1);
});

test('what comes while /new stops a turn begins anew, also where another message had waited', async () => {
  world.agent.once(/^slow$/, async function* ({ signal, clock }) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    await clock.sleep(500);
    yield say('too late');
  });
  await typed(world, '/queue followup');
  await world.say('slow');
  await world.until(() => world.agent.active.size === 1, 'the turn');
  await world.say('waits');
  await world.until(() => world.engine.layer.turns.waiting(me).length === 1, 'a waiting message');
  const reply = world.channel.next((sent) => sent.text.startsWith('✅ new session'));
  await world.say('/new');
  await world.until(() => world.engine.layer.turns.active(me)?.cause !== undefined, 'the stop');
  const before = await session();
  if (before === undefined) throw new Error('no session');
  world.engine.layer.turns.offer(before, itemMaker()('note', 'newer'));
  await world.clock.advance(500);
  await reply;
  await world.settled();
  expect(world.agent.turns.map((turn) => turn.text)).toEqual(['slow', 'newer']);
  expect(history()).toBe(1);
});

test('nothing is reset while something has not stopped; it is named, and works once it is gone', async () => {
  await says('one');
  world.agent.always(/deaf/, [hang({ deaf: true })]);
  await typed(world, '/subagents spawn main deaf run');
  await world.until(() => world.agent.active.size === 1, 'it to be at work');
  await world.clock.flush();
  const before = (await session())?.id;
  const refused = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/new');
  await world.until(() => world.run('deaf run').state.status === 'stopped', 'the stop');
  await world.clock.advance(1_000);
  expect((await refused).text).toMatch(/^⚠️ .*deaf run/);
  expect((await session())?.id).toBe(before);
  await world.clock.advance(10_000);
  await world.settled();
  expect(await typed(world, '/new')).toMatch(/^✅ new session/);
  expect((await session())?.id).not.toBe(before);
});

test('in a bound conversation /new resets the bound session in place', async () => {
  await says('one');
  await typed(world, '/subagents spawn main count');
  await world.settled();
  await typed(world, '/focus 1');
  const child = world.run('count').child;
  const [mine, theirs] = [(await session())?.id, (await world.engine.stores.sessions.get(child))?.id];
  expect(await typed(world, '/new')).toMatch(/count/);
  expect((await session())?.id).toBe(mine);
  expect((await world.engine.stores.sessions.get(child))?.id).not.toBe(theirs);
  await says('hello');
  expect(world.agent.turns.at(-1)?.session).toBe(child);
  expect(history()).toBe(1);
});
