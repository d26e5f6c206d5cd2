// /tasks, /queue and /tools in a real engine.
import { afterEach, describe, expect, test } from 'vitest';
import { fail, hang, say, wait } from '../fakes/script.ts';
import { lines, openPeople, startsWork, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

describe('/tasks', () => {
  test('shows the five newest runs with four separate facts and the error', async () => {
    world = await openWorld();
    for (const task of ['one', 'two', 'three', 'four']) await typed(world, `/subagents spawn main ${task}`);
    await world.settled();
    world.agent.once(/^broken$/, [wait(5000), fail('429 from the provider')]);
    await typed(world, '/subagents spawn main broken');
    await world.until(() => world.run('broken').state.status === 'running', 'broken to run');
    await world.clock.advance(5000);
    await world.until(() => world.run('broken').delivery.state === 'delivered', 'the receipt');
    await startsWork(world, 'long');
    const text = await typed(world, '/tasks');
    expect(text.match(/^\d\. \S+/gm)).toEqual(['6. long', '5. broken', '4. four', '3. three', '2. two']);
    expect(text).toContain(
      lines(
        `5. broken (run ${world.run('broken').id.slice(0, 8)}) failed`,
        '   accepted: 2026-01-01T00:00:00Z (5s ago)',
        '   started: 2026-01-01T00:00:00Z (5s ago)',
        '   finished: 2026-01-01T00:00:05Z (0s ago)',
        '   delivered: 2026-01-01T00:00:05Z (0s ago)',
        '   error (model_error): 429 from the provider',
      ),
    );
    expect(text).toContain('   finished: n/a\n   delivered: n/a\n5. broken');
    expect(text.split('\n').at(-1)).toBe('undelivered: 0');
  });

  test('says when there is nothing', async () => {
    world = await openWorld();
    expect(await typed(world, '/tasks')).toBe(lines('Tasks:', '-----', '(none)', 'undelivered: 0'));
  });
});

describe('/queue', () => {
  const asConfigured = [
    'debounce: 500ms',
    'cap: 20 messages',
    'drop: summarize',
    'waiting: 0 messages',
    'as configured',
  ];

  test('shows the mode, stores changes for this session over a restart, and undoes them', async () => {
    world = await openPeople();
    expect(await typed(world, '/queue')).toBe(lines('Queue:', '-----', 'mode: steer', ...asConfigured));
    expect(await typed(world, '/queue collect debounce:2s cap:5 drop:new')).toBe(
      lines(
        '✅ Queue:',
        '-----',
        'mode: collect',
        'debounce: 2s',
        'cap: 5 messages',
        'drop: new',
        'waiting: 0 messages',
        'set for this session; /queue default undoes it',
      ),
    );
    await world.restart('kill');
    expect(await typed(world, '/queue')).toContain('mode: collect\ndebounce: 2s\ncap: 5 messages\ndrop: new');
    expect(await typed(world, '/queue', { from: { id: 'bo' } })).toContain('mode: steer');
    expect(await typed(world, '/queue default')).toBe(lines('✅ Queue:', '-----', 'mode: steer', ...asConfigured));
  });

  test('a channel may have a mode of its own', async () => {
    world = await openPeople({
      config: {
        channels: { telegram: { token: 't' } },
        commands: { ownerAllowFrom: ['telegram:ann'] },
        messages: { queue: { byChannel: { telegram: 'followup' } } },
      },
    });
    expect(await typed(world, '/queue')).toContain('mode: followup');
  });

  test('over the cap the newest is refused with a sentence, never silently', async () => {
    world = await openWorld();
    world.agent.once(/^busy$/, [hang()]);
    await world.say('busy');
    await world.until(() => world.agent.active.size === 1, 'the turn');
    await typed(world, '/queue followup cap:1 drop:new');
    await world.say('kept');
    await world.say('dropped');
    await world.until(() => world.engine.layer.unprocessed.busy(), 'the drop');
    await world.clock.advance(1000);
    expect((await world.channel.next('not processed')).text).toBe(
      '⚠️ 1 message not processed: too many are waiting here (messages.queue.cap). /queue shows the settings.',
    );
    expect(await typed(world, '/queue')).toContain('waiting: 1 message\n');
  });
});

test('what was refused just before the process ended is told before it ends, and not answered by the next one', async () => {
  world = await openWorld();
  world.agent.once(/^busy$/, [hang()]);
  await world.say('busy');
  await world.until(() => world.agent.active.size === 1, 'the turn');
  await typed(world, '/queue followup cap:1 drop:new');
  await world.say('kept');
  await world.say('dropped');
  await world.until(() => world.engine.layer.unprocessed.busy(), 'the drop');
  await world.restart('drain');
  await world.settled();
  expect(world.channel.texts().filter((text) => text.includes('1 message not processed'))).toHaveLength(1);
  expect(world.agent.turns.map(({ text }) => text)).not.toContain('dropped');
});

describe('/tools', () => {
  test('lists what the agent has here; of what is missing only session tools, each with stage and fix', async () => {
    world = await openWorld({ config: { tools: { profile: 'messaging', deny: ['agents_list'] } } });
    expect(await typed(world, '/tools')).toBe(
      lines(
        'Tools of main:',
        '-----',
        'sessions_list',
        'sessions_history',
        'sessions_send',
        'Not available:',
        '-----',
        'sessions_spawn: removed by profile messaging (tools.profile). Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile.',
        'sessions_yield: removed by profile messaging (tools.profile). Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile.',
        'agents_list: removed by tools.deny. Remove agents_list from tools.deny.',
        'subagents: removed by profile messaging (tools.profile). Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile.',
      ),
    );
    world.configure({});
    expect(await typed(world, '/tools')).not.toContain('Not available');
    expect(await typed(world, '/subagents spawn main x')).toContain('✅ main started');
  });

  test('a spawn that policy forbids is refused in the same words', async () => {
    world = await openWorld({ config: { tools: { profile: 'messaging' } } });
    world.agent.once(/^x$/, [say('never')]);
    expect(await typed(world, '/subagents spawn main x')).toBe(
      'Spawn failed: sessions_spawn: tool not available. It was removed by profile messaging (tools.profile). Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile.',
    );
  });

  test('tools that are no session tools are not explained', async () => {
    const parameters = { kind: 'json', schema: {} } as const;
    const tool = (name: string) =>
      ({ name, group: 'exec', description: '', parameters, example: {}, run: async () => ({ text: '' }) }) as const;
    world = await openPeople({ tools: [tool('exec')] });
    expect(await typed(world, '/tools')).toContain('exec');
    expect(await typed(world, '/tools', { from: { id: 'bo' } })).not.toContain('exec');
  });
});
