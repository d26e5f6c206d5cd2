// /status: what the owner and others see of a process at work.
import { afterEach, expect, test } from 'vitest';
import { hang } from '../fakes/script.ts';
import { bo, inGroup, lines, openPeople, startsWork, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const own = (name: string): readonly string[] => [
  `session: agent:main:telegram:direct:${name}`,
  'agent: main',
  'model: scripted/one',
  'queue: steer, 0 waiting',
  'run: none',
  'binding: none',
];

test('the owner sees the whole process', async () => {
  world = await openPeople();
  await world.clock.advance(90_000);
  expect(await typed(world, '/status')).toBe(
    lines(
      'Status:',
      '-----',
      'version: 0.1.0, up 1m30s, generation 1',
      'config: switchyard.json5, loaded 2026-01-01T00:00:00Z (1m ago)',
      ...own('ann'),
      'lanes: main 0/4, subagent 0/8',
      'channel telegram:default: connected. connected',
      'ACP: off',
      'outbox: 0 pending, 0 undelivered',
    ),
  );
});

test('others see their session and the lanes', async () => {
  world = await openPeople();
  expect(await typed(world, '/status', bo)).toBe(
    lines('Status:', '-----', ...own('bo'), 'lanes: main 0/4, subagent 0/8'),
  );
});

test('lanes are counted as they are now, with what waits for them; widths follow the config at once', async () => {
  world = await openWorld({ config: { agents: { defaults: { maxConcurrent: 1, subagents: { maxConcurrent: 1 } } } } });
  world.agent.always(/^busy$/, [hang()]);
  await world.say('busy');
  await startsWork(world, 'one');
  await typed(world, '/subagents spawn main two');
  expect(await typed(world, '/status')).toContain(
    'run: a turn is under way\nbinding: none\nlanes: main 1/1, subagent 1/1 (+1)',
  );
  world.configure({ agents: { defaults: { maxConcurrent: 3, subagents: { maxConcurrent: 2 } } } });
  await world.until(() => world.run('two').state.status !== 'queued', 'two to start');
  expect(await typed(world, '/status')).toContain('lanes: main 1/3, subagent');
});

test('the state of a channel is asked of its connection, and what waits for it is counted', async () => {
  world = await openPeople();
  expect(await typed(world, '/status')).toContain('channel telegram:default: connected');
  world.channel.setHealth('disconnected');
  expect(await typed(world, '/status')).toContain('channel telegram:default: disconnected');
  world.channel.judge(({ key }) => (key.startsWith('announce:') ? { retry: 60_000 } : 'sent'));
  await typed(world, '/subagents spawn main quick');
  await world.until(() => world.run('quick').delivery.state === 'sending', 'the result to wait');
  expect(await typed(world, '/status', inGroup(world))).toContain('outbox: 1 pending, 0 undelivered');
});

test('a restart counts up the generation', async () => {
  world = await openWorld();
  await world.restart();
  expect(await typed(world, '/status')).toContain('generation 2');
});

test('a file that is newer, broken or missing is said', async () => {
  const at = Date.UTC(2026, 0, 1) - 60_000;
  world = await openWorld({
    configFile: {
      loadedAt: at - 60_000,
      fileChangedAt: async () => at,
      error: 'unknown field agents.lst; did you mean agents.list?',
    },
  });
  expect(await typed(world, '/status')).toContain(
    lines(
      'config: switchyard.json5, loaded 2025-12-31T23:58:00Z (2m ago)',
      '⚠️ config file is newer: changed 2025-12-31T23:59:00Z (1m ago), not loaded; a new chat does not reload it',
      '⚠️ config: unknown field agents.lst; did you mean agents.list?',
    ),
  );
  await world.close();
  world = await openWorld({ configFile: { path: '/srv/switchyard.json5', fromFile: false } });
  expect(await typed(world, '/status')).toContain('config: defaults, there is no file /srv/switchyard.json5');
});
