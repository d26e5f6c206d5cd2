// /usage: tokens and cost of the session, of the tree at work, of the day; and what the budgets leave.
import { afterEach, expect, test } from 'vitest';
import { call, hang, say, spend } from '../fakes/script.ts';
import { bo, lines, openPeople, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

test('counts the session, its newest tree with all its runs, and the day; the owner also sees the agents', async () => {
  world = await openPeople();
  world.agent
    .once(/^first$/, [spend(1000, 100, 0.01), say('done')])
    .once(/^go$/, [spend(100, 10, 0.01), call('sessions_spawn', { task: 'dig' }), say('started')])
    .once(/^dig$/, [spend(50, 5, null), hang()]);
  await world.say('first');
  await world.channel.next('done');
  await world.settled();
  await world.clock.advance(1000);
  await world.say('go');
  await world.channel.next('started');
  await world.until(() => world.engine.stores.budgets.byAgent()[0]?.usage.costUsd === null, 'dig to be counted');
  const [theirs, owners] = [await typed(world, '/usage', bo), await typed(world, '/usage')];
  expect(owners).toBe(
    lines(
      'Tokens and cost:',
      '-----',
      'session: 1.1k in / 120 out / 1.2k total · est. $0.02',
      'tree: 160 in / 20 out / 180 total · cost n/a',
      'today: 1.2k in / 125 out / 1.3k total · cost n/a',
      'budget left, budgets.tree.tokens: 2.0M of 2.0M',
      'budget left, budgets.tree.costUsd: $4.99 of $5.00',
      'By agent:',
      '-----',
      'main: 1.2k in / 125 out / 1.3k total · cost n/a',
    ),
  );
  expect(theirs).toContain('session: n/a\ntree: n/a\ntoday: 1.2k in');
  expect(theirs).not.toContain('By agent');
});

test('shows what is left of every budget that is set, and says when none is', async () => {
  const budgets = { tree: { tokens: 1000, costUsd: 0, seconds: 3600 }, day: { tokens: 5000, costUsd: 2 } };
  world = await openWorld({ config: { budgets } });
  world.agent.once(/^first$/, [spend(100, 85, 0.5), say('done')]);
  await world.say('first');
  await world.channel.next('done');
  await world.settled();
  expect(await typed(world, '/usage')).toContain(
    lines(
      'budget left, budgets.tree.tokens: 800 of 1.0k',
      'budget left, budgets.tree.seconds: 1h of 1h',
      'budget left, budgets.day.tokens: 4.8k of 5.0k',
      'budget left, budgets.day.costUsd: $1.50 of $2.00',
    ),
  );
  world.configure({ budgets: { tree: { tokens: 0, costUsd: 0, seconds: 0 } } });
  expect(await typed(world, '/usage')).toContain('budget left: no budget set');
});

test('a new day begins at zero, and a new session too', async () => {
  world = await openWorld();
  await world.say('hello');
  await world.settled();
  expect(await typed(world, '/usage')).toMatch(/session: 10 in [\s\S]*today: 10 in /);
  await world.clock.advance(24 * 3_600_000);
  expect(await typed(world, '/usage')).toMatch(/session: 10 in [\s\S]*today: n\/a/);
  await typed(world, '/new');
  expect(await typed(world, '/usage')).toContain('session: n/a');
});
