// Threads that are gone: found out at start, heard from the channel, or seen when a message is refused. What is bound there
// ends with one farewell in the chat that held them, and nobody else answers in its place.
import { afterEach, describe, expect, test } from 'vitest';
import type { Bound } from '../../src/bindings/bindings.ts';
import { type Route, routeKey } from '../../src/core/route.ts';
import { call, hang, say } from '../fakes/script.ts';
import { gate } from './endings.ts';
import { ended, inGroup, lines, openPeople, startsWork, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;
afterEach(() => world.close());

const discord = { channel: { id: 'discord', can: { threads: true } } } as const;
const group = (chat: string, thread?: string): Route => ({
  ...{ channel: 'discord', account: 'default', chat },
  ...(thread === undefined ? {} : { thread }),
});
const farewells = (): string[] => world.channel.texts().filter((text) => /no longer answers?\b/.test(text));
const bound = async (): Promise<number> => (await world.engine.delivery.bindings.all()).length;

/** Binds the session of `label`, as its own, to a place. */
async function binds(label: string, route: Route): Promise<Bound> {
  const { child } = world.run(label);
  const by = { id: 'discord:ann', class: 'owner' } as const;
  const done = await world.engine.delivery.bindings.bind({ route, session: child, agentId: 'main', label, by });
  if (!done.ok) throw new Error(done.refusal.message);
  return done.value;
}

/** Restarts, and waits until every bound place was asked about. */
async function restarts(): Promise<void> {
  await world.settled();
  const asked = world.channel.asked.length;
  await world.restart('kill');
  const places = await bound();
  await world.clock.runUntil(() => world.channel.asked.length >= asked + places, 60_000);
  await world.clock.runUntil(world.engine.delivery.places.idle(), 60_000);
  await world.settled();
}

describe('at start', () => {
  test('of 100 bindings with 30 dead, 70 work and 30 leave with one farewell, by parent or by thread', async () => {
    const config = { agents: { defaults: { subagents: { maxChildrenPerAgent: 20 } } } };
    world = await openPeople({ ...discord, config: { ...config, ...allowing('g', 'h') } }, 'discord');
    const labels = Array.from({ length: 100 }, (_, n) => `run${String(n).padStart(3, '0')}`);
    await ended(world, ...labels);
    // Even ones are in one channel, odd ones in another; 15 threads are gone, 15 sessions are.
    const places = new Map(labels.map((label, n) => [label, group(n % 2 === 0 ? 'g' : 'h', `t${n}`)]));
    for (const [label, route] of places) await binds(label, route);
    const [lost, dead, alive] = [labels.slice(0, 15), labels.slice(15, 30), labels.slice(30)];
    for (const label of lost) world.channel.missing.set(routeKey(places.get(label) ?? group('g')), 'gone');
    for (const label of dead) await world.engine.stores.sessions.archive(world.run(label).child);
    await restarts();
    expect(await bound()).toBe(70);
    const evens = lost.filter((_, n) => n % 2 === 0);
    const odds = lost.filter((_, n) => n % 2 === 1);
    for (const [chat, gone] of [['g', evens] as const, ['h', odds] as const]) {
      const said = world.channel.texts(group(chat));
      expect(said).toEqual([expect.stringContaining('no longer answer in their threads, which are gone.')]);
      for (const label of gone) expect(said[0]).toContain(label);
    }
    for (const label of dead)
      expect(world.channel.texts(places.get(label))).toEqual([`ℹ️ ${label} no longer answers here: its session ended.`]);
    expect(farewells()).toHaveLength(2 + 15);
    for (const label of alive) {
      const from = world.agent.turns.length;
      await world.say(`hello ${label}`, { ...inGroup(world), route: places.get(label) ?? group('g') });
      await world.until(() => world.agent.turns.length > from, `${label} to answer`);
      expect(world.agent.turns.at(-1)).toMatchObject({ session: world.run(label).child, text: `hello ${label}` });
    }
    await restarts();
    expect([await bound(), farewells().length]).toEqual([70, 17]);
  }, 60_000);

  test('a place nothing can be found out about stays bound, and is not asked about again at each reconnection', async () => {
    world = await openPeople(discord, 'discord');
    await ended(world, 'docs');
    await binds('docs', group('g', 't1'));
    world.channel.missing.set(routeKey(group('g', 't1')), 'unknown');
    await restarts();
    expect([await bound(), farewells()]).toEqual([1, []]);
    const asked = world.channel.asked.length;
    world.channel.missing.set(routeKey(group('g', 't1')), 'gone');
    world.channel.events.connected();
    await world.clock.advance(9 * 60_000);
    expect(world.channel.asked).toHaveLength(asked);
    await world.clock.advance(60_000);
    world.channel.events.connected();
    await world.clock.advance(1_000);
    await world.until(() => farewells().length === 1, 'the farewell');
    expect(await bound()).toBe(0);
  });

  test('a platform that does not answer keeps nothing waiting and ends nothing', async () => {
    world = await openPeople(discord, 'discord');
    await ended(world, 'docs', 'tests');
    await binds('docs', group('g', 't1'));
    await binds('tests', group('g', 't2'));
    world.channel.missing.set(routeKey(group('g', 't2')), 'gone');
    const { reaches } = world.channel;
    world.channel.reaches = (route) =>
      route.thread === 't1' ? new Promise(() => {}) : (reaches?.(route) ?? Promise.resolve('unknown'));
    await world.settled();
    await world.restart('kill');
    await world.clock.advance(11_000);
    await world.until(() => farewells().length === 1, 'the farewell');
    expect((await world.engine.delivery.bindings.all()).map(({ label }) => label)).toEqual(['docs']);
  });
});

describe('while it runs', () => {
  test('a deleted thread ends its binding at once; its result goes to the chat that held it', async () => {
    world = await openPeople(discord, 'discord');
    const done = gate();
    world.agent
      .once(/^go$/, [call('sessions_spawn', { task: 'dig', thread: true, context: 'isolated' }), say('on it')])
      .once(/^dig$/, async function* (context) {
        await done.passed(context);
        yield say('found gold');
      })
      .always(/switchyard completion/, 'the dig found gold');
    await world.say('go', inGroup(world));
    await world.channel.next('dig is active here');
    await world.channel.events.gone(group('g', 't1'), 'it was deleted');
    expect((await world.channel.next('no longer')).text).toBe(
      'ℹ️ dig no longer answers in its thread: it was deleted. /focus <label> gives it a place again.',
    );
    done.open();
    expect((await world.channel.next('found gold')).route).toEqual(group('g'));
    await world.settled();
    expect([await bound(), farewells().length]).toEqual([0, 1]);
    await world.channel.events.gone(group('g', 't1'), 'it was deleted');
    await world.settled();
    expect(farewells()).toHaveLength(1);
  });

  test('a deleted channel takes the bindings of its threads along; there is nowhere left to say so', async () => {
    world = await openPeople({ ...discord, config: allowing('g', 'h') }, 'discord');
    await ended(world, 'docs', 'tests', 'more');
    await binds('docs', group('g', 't1'));
    await binds('tests', group('g'));
    await binds('more', group('h', 't3'));
    await world.channel.events.gone(group('g'), 'it was deleted');
    await world.settled();
    expect((await world.engine.delivery.bindings.all()).map(({ label }) => label)).toEqual(['more']);
    expect(farewells()).toEqual([]);
  });

  test('a message that the thread refuses ends the binding, unless the thread is there after all', async () => {
    world = await openPeople(discord, 'discord');
    await ended(world, 'docs', 'tests');
    await binds('docs', group('g', 't1'));
    await binds('tests', group('g', 't2'));
    world.channel.missing.set(routeKey(group('g', 't1')), 'gone');
    world.channel.judge((attempt) => (attempt.route.thread === undefined ? undefined : 'refused'));
    for (const thread of ['t1', 't2']) {
      await world.say('hello', inGroup(world, {}, thread));
      expect(await world.channel.next(/^ℹ️ thread gone/)).toMatchObject({
        route: group('g'),
        text: lines('ℹ️ thread gone', '', 'ok'),
      });
    }
    await world.settled();
    expect((await world.engine.delivery.bindings.all()).map(({ label }) => label)).toEqual(['tests']);
  });

  test('a thread that comes back open has the agent of the chat, not a dead session', async () => {
    world = await openPeople(discord, 'discord');
    const here = inGroup(world);
    world.agent.always(/^docs$/, [hang()]);
    await startsWork(world, 'docs', here);
    await typed(world, '/focus docs', here);
    await world.channel.events.gone(group('g', 't1'), 'it was locked');
    await world.channel.next('it was locked');
    expect(await typed(world, '/agents', here)).toContain('docs (main, running) unbound');
  });
});

function allowing(...chats: readonly string[]) {
  const groups = Object.fromEntries(chats.map((chat) => [chat, {}]));
  return { channels: { discord: { token: 't', groups } }, commands: { ownerAllowFrom: ['discord:ann'] } };
}
