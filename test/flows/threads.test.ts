// Many sub-agents at once, each in a thread of its own: what is said there reaches that very one, what it says stays there,
// and all of that survives a restart.
import { afterEach, describe, expect, test } from 'vitest';
import { type Route, sameRoute } from '../../src/core/route.ts';
import { call, say } from '../fakes/script.ts';
import { gate, noted, turnsOf } from './endings.ts';
import { bo, inGroup, lines, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;
afterEach(() => world.close());

const labels = ['docs', 'tests', 'release'] as const;
const discord = { channel: { id: 'discord', can: { threads: true } } } as const;
const channel: Route = { channel: 'discord', account: 'default', chat: 'g' };

const threadOf = (label: string): Route => {
  const found = world.channel.threads.find((thread) => thread.name === `🤖 ${label}`);
  if (found === undefined) throw new Error(`no thread for ${label}`);
  return found.route;
};
const inThread = (label: string) => inGroup(world, bo, threadOf(label).thread);
const saidIn = (place: Route): string[] =>
  world.channel.sent.filter(({ route }) => sameRoute(route, place)).map(({ text }) => text);

/** The agent of the channel starts one run per label, each in a thread; all of them end together. */
async function threeThreads(): Promise<{ open(): void }> {
  const done = gate();
  const spawns = labels.map((label) =>
    call('sessions_spawn', { task: label, label, thread: true, context: 'isolated' }),
  );
  world.agent.once(/^all three$/, [...spawns, say('all started')]);
  for (const label of labels)
    world.agent.once(new RegExp(`^${label}$`), async function* (context) {
      await done.passed(context);
      yield say(`result of ${label}`);
    });
  await world.say('all three', inGroup(world));
  await world.channel.next('all started');
  return done;
}

describe('three sub-agents with threads', () => {
  test('are introduced, answer and are answered in their own, none crossed; whoever asked gets a note', async () => {
    world = await openPeople(discord, 'discord');
    const done = await threeThreads();
    expect(world.channel.threads.map(({ name }) => name)).toEqual(labels.map((label) => `🤖 ${label}`));
    expect(await typed(world, '/agents', inGroup(world))).toBe(
      lines('Agents:', '-----', ...labels.map((label, n) => `${n + 1}. ${label} (main, running) thread:t${n + 1}`)),
    );
    done.open();
    await world.settled();
    for (const label of labels) {
      expect(saidIn(threadOf(label))).toEqual([
        `${label} is active here (ends after 24 h without messages). Messages here go to this session. /unfocus to leave.`,
        `result of ${label}`,
      ]);
      expect(world.run(label).delivery.state).toBe('delivered');
      await noted(world, world.run(label).requester, `result of ${label}`);
    }
    expect(turnsOf(world, world.run('docs').requester)).toEqual(['all three']);
    // In another order than they were started, and all at once.
    for (const label of labels.toReversed()) {
      world.agent.once(new RegExp(`^more of ${label}$`), ({ session }) => `${session.key} has more`);
      await world.say(`more of ${label}`, inThread(label));
    }
    await world.settled();
    for (const label of labels) expect(saidIn(threadOf(label)).at(-1)).toBe(`${world.run(label).child} has more`);
    expect(saidIn(channel).filter((text) => text.includes('result of') || text.includes('has more'))).toEqual([]);
  });

  test('are introduced before anything else is said there, also when the platform makes that wait', async () => {
    world = await openPeople(discord, 'discord');
    const met = new Set<string>();
    world.channel.judge(({ route: { thread } }) => {
      if (thread === undefined || met.has(thread)) return undefined;
      met.add(thread);
      return { retry: 5_000 };
    });
    const done = await threeThreads();
    done.open();
    await world.until(() => world.runs().every((run) => run.state.status === 'succeeded'), 'the results');
    await world.clock.advance(10_000);
    await world.settled();
    for (const label of labels)
      expect(saidIn(threadOf(label))).toEqual([expect.stringContaining('is active here'), `result of ${label}`]);
  });

  test('go on in them after a restart in the middle of their work', async () => {
    world = await openPeople(discord, 'discord');
    const done = await threeThreads();
    done.open();
    await world.restart('kill');
    await world.settled();
    for (const label of labels) {
      world.agent.once(new RegExp(`^more of ${label}$`), ({ session }) => `${session.key} has more`);
      await world.say(`more of ${label}`, inThread(label));
    }
    await world.settled();
    for (const label of labels) {
      const said = saidIn(threadOf(label));
      expect(said.filter((text) => text.includes('is active here'))).toHaveLength(1);
      expect(said.at(-1)).toBe(`${world.run(label).child} has more`);
    }
  });

  test('leave one by one: by hand, with a kill, at the end of their time', async () => {
    world = await openPeople({ ...discord }, 'discord');
    const done = await threeThreads();
    done.open();
    await world.settled();
    expect(await typed(world, '/unfocus', inGroup(world, {}, threadOf('docs').thread))).toBe(
      lines('✅ ended; main answers again.', 'ℹ️ docs no longer answers here: unbound by hand.'),
    );
    await typed(world, '/subagents kill tests', inGroup(world));
    expect(await world.channel.next('its session ended')).toMatchObject({ route: threadOf('tests') });
    expect(await typed(world, '/session idle 2h', inGroup(world, {}, threadOf('release').thread))).toContain(
      '✅ idle: 2h',
    );
    await world.until(() => world.engine.delivery.outbox.stats().pending === 0, 'the receipt');
    await world.clock.advance(2 * 3_600_000);
    expect(await world.channel.next('no messages for 2 h')).toMatchObject({ route: threadOf('release') });
    expect(await world.engine.delivery.bindings.all()).toEqual([]);
  });
});
