// /doctor in a chat of a running engine: each cause somebody may run into, seen as the sentences the owner reads.
import { afterEach, describe, expect, test } from 'vitest';
import { createModels } from '../../src/agents/models.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { configSchema } from '../../src/infra/config.ts';
import { readEnv } from '../../src/infra/env.ts';
import { modelCheck } from '../../src/wiring/models.ts';
import { aRoute, aRun } from '../fakes/builders.ts';
import { recordingLog } from '../fakes/recording-log.ts';
import { call, fail, say, wait } from '../fakes/script.ts';
import { bo, ended, openPeople, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

/** A price for the scripted model, so that budgets in money see it. */
const priced = {
  models: {
    providers: {
      scripted: { baseUrl: 'http://127.0.0.1:9/v1', models: [{ id: 'one', cost: { input: 1, output: 1 } }] },
    },
  },
};

const lastLine = (text: string): string => text.split('\n').at(-1) ?? '';

test('a healthy process ends in ok, and says of each check what is so', async () => {
  world = await openPeople({ config: priced });
  const text = await typed(world, '/doctor');
  expect(lastLine(text)).toBe('doctor: ok');
  for (const check of ['spawn tool', 'agents', 'coding agents', 'allowlists', 'models', 'config', 'owner', 'limits'])
    expect(text).toMatch(new RegExp(`^(?:✅|ℹ️) ${check}: `, 'm'));
  for (const check of ['channels', 'store', 'secret files']) expect(text).toMatch(new RegExp(`^✅ ${check}: `, 'm'));
});

test('findings come worst first, each with its fix, and are counted; the log has them too', async () => {
  const log = recordingLog();
  world = await openPeople({ config: { ...priced, tools: { deny: ['sessions_spawn'] } }, log });
  world.channel.setHealth('failed');
  const text = await typed(world, '/doctor');
  const [first = '', second = '', third = ''] = text.split('\n').slice(2);
  expect([first, second, third]).toEqual([
    '⚠️ fail: channels: telegram:default: failed. failed',
    '  fix: Do what it says; a changed setting connects it again by itself.',
    '⚠️ warn: spawn tool: main has no sessions_spawn, so it starts no sub-agents: removed by tools.deny.',
  ]);
  expect(lastLine(text)).toBe('doctor: 1 failed, 1 warning');
  const logged = log.lines.filter(({ fields }) => fields.code === 'doctor').map(({ fields }) => fields.check);
  expect(logged).toEqual(['channels', 'spawn-tool']);
});

test('a channel whose own lists take the spawn tool away is named', async () => {
  const telegram = { token: 't', tools: { deny: ['sessions_*'] } };
  world = await openPeople({
    config: { ...priced, channels: { telegram }, commands: { ownerAllowFrom: ['telegram:ann'] } },
  });
  expect(await typed(world, '/doctor')).toContain(
    'main has no sessions_spawn on telegram:default, so it starts no sub-agents: removed by channels.telegram.tools.deny.',
  );
});

test('only the owner may ask', async () => {
  world = await openPeople();
  expect(await typed(world, '/doctor', bo)).toBe('⚠️ only the owner may use /doctor');
});

test('one flag at a time; an unknown one is named', async () => {
  world = await openWorld();
  expect(await typed(world, '/doctor --fix --topology')).toContain(
    'These do not go together. Give one flag at a time.',
  );
  expect(await typed(world, '/doctor --fx')).toContain('--fx');
});

describe('lists of agents', () => {
  test('in the short form, empty, or naming nobody are found; in their place they are not', async () => {
    const list = (change: object) => ({ ...priced, agents: { list: [{ id: 'main', ...change }] } });
    world = await openWorld({ config: list({ allowAgents: ['main', 'ghost'] }) });
    const first = await typed(world, '/doctor');
    expect(first).toContain(
      'agents.list[0].allowAgents is a short form.\n  fix: Move it to agents.list[0].subagents.allowAgents.',
    );
    expect(first).toContain('agents.list[0].allowAgents names ghost, which is no agent. Known: main.');
    world.configure(list({ subagents: { allowAgents: [] } }));
    expect(await typed(world, '/doctor')).toContain(
      'agents.list[0].subagents.allowAgents is [] and blocks every spawn.',
    );
    world.configure(list({ subagents: { allowAgents: ['main'] } }));
    expect(lastLine(await typed(world, '/doctor'))).toBe('doctor: ok');
  });
});

describe('a model that talks of sub-agents', () => {
  test('and never calls the tool is told of, in the doctor and in the log, until it does', async () => {
    const log = recordingLog();
    world = await openWorld({ config: priced, log });
    world.agent
      .once(/^go$/, [say('I have started 3 sub-agents for you.')])
      .once(/^again$/, [call('sessions_spawn', { task: 'dig' }), say('I have started one.')]);
    await world.say('go');
    await world.channel.next('ℹ️ no sub-agent was started');
    expect(await typed(world, '/doctor')).toContain(
      'no spawn attempt by main (scripted/one) in the last turn since the start, though it spoke of sub-agents once.',
    );
    expect(log.lines.filter(({ fields }) => fields.code === 'claims-started')).toHaveLength(1);
    await world.say('again');
    await world.channel.next('I have started one');
    await world.settled();
    expect(await typed(world, '/doctor')).not.toContain('no spawn attempt');
  });

  test('and says it may not, though it may, is in the log too', async () => {
    const log = recordingLog();
    world = await openWorld({ log });
    world.agent.once(/^go$/, [say('I am not allowed to spawn sub-agents.')]);
    await world.say('go');
    await world.channel.next('ℹ️ sub-agents are allowed here');
    expect(log.lines.filter(({ fields }) => fields.code === 'claims-forbidden')).toHaveLength(1);
  });

  test('without need for any is left in peace', async () => {
    world = await openWorld({ config: priced });
    world.agent.always(/^hi$/, [say('hello')]);
    for (let turn = 0; turn < 10; turn += 1) {
      await world.say('hi');
      await world.settled();
    }
    const text = await typed(world, '/doctor');
    expect(text).toContain(
      'ℹ️ spawn tool: no spawn attempt by main (scripted/one) in the last 10 turns since the start.',
    );
    expect(lastLine(text)).toBe('doctor: ok');
  });
});

test('a model without its key is named with the place to put it, and so is one held to a trickle', async () => {
  const config = configSchema.parse({});
  const env = readEnv({}, '/');
  const checkModel = modelCheck(createModels({ config: () => config, env, clock: systemClock }));
  const agents = { defaults: { model: 'anthropic/claude-sonnet-5-5' } };
  world = await openWorld({ config: { agents, models: { providers: { anthropic: { rpm: 2 } } } }, checkModel });
  const text = await typed(world, '/doctor');
  expect(text).toContain('⚠️ fail: models: main cannot use anthropic/claude-sonnet-5-5: ');
  expect(text).toContain('  fix: Set ANTHROPIC_API_KEY in the environment, or models.providers.anthropic.apiKey.');
  expect(text).toContain(
    '⚠️ warn: models: models.providers.anthropic.rpm allows 2 calls a minute, and 12 turns may run at once',
  );
});

test('a config that is newer than what is in use is named with both times', async () => {
  const loadedAt = Date.UTC(2025, 11, 31, 23);
  const fileChangedAt = async (): Promise<number> => loadedAt + 1_800_000;
  world = await openWorld({ config: priced, configFile: { loadedAt, fileChangedAt } });
  expect(await typed(world, '/doctor')).toContain(
    '⚠️ warn: config: the file changed 2025-12-31T23:30:00Z (30m ago), what is in use was loaded 2025-12-31T23:00:00Z (1h ago); a new chat does not reload it.',
  );
});

test('a config with faults is shown with place and nearest key, and the other checks go on', async () => {
  const error = 'schema validation failed: unknown field budgts; did you mean budgets?';
  world = await openWorld({ config: priced, configFile: { error, channelsOff: true } });
  const text = await typed(world, '/doctor');
  expect(text).toContain(`⚠️ fail: config: switchyard.json5 is not in use: ${error}`);
  expect(text).toContain('✅ store: ');
  expect(text).not.toContain('allowlists');
});

describe('what is left in the store', () => {
  test('a binding to a session that is gone is found, and ended by --fix', async () => {
    world = await openPeople({ config: priced });
    await ended(world, 'dig');
    await typed(world, '/focus dig --bind here');
    expect(lastLine(await typed(world, '/doctor'))).toBe('doctor: ok');
    await world.engine.stores.sessions.archive(world.run('dig').child);
    expect(await typed(world, '/doctor')).toMatch(
      /^⚠️ warn: store: .* bound to dig, whose session .*is gone\.\n {2}fix: doctor --fix \w+ the binding\.$/m,
    );
    const mended = await typed(world, '/doctor --fix');
    expect(mended).toContain('Repaired:\n-----\n✅ ');
    expect(lastLine(mended)).toBe('doctor: ok');
  });

  test('a run nothing works on is found, and ended as lost by --fix', async () => {
    world = await openWorld({ config: priced });
    const now = world.clock.now();
    const run = aRun({
      ...{ requester: 'agent:main:console:direct:ann', origin: { ...aRoute, channel: 'console' } },
      ...{ acceptedAt: now - 9e6, lastEventAt: now - 9e6, state: { status: 'running', startedAt: now - 9e6 } },
    });
    const { database, registry } = world.engine.stores;
    await database.write((sql) => registry.insert(sql, 'dead', run));
    expect(await typed(world, '/doctor')).toMatch(/⚠️ warn: store: words \(run 4f1c2a90\).* no sign of life since /);
    expect(await typed(world, '/doctor --fix')).toContain('Put right: ends it as lost');
    expect(world.run('words').state.status).toBe('lost');
  });

  test('what did not arrive is counted', async () => {
    world = await openPeople({ config: priced });
    world.agent.once(/^dig$/, [say('found')]);
    world.channel.script('sent', 'refused');
    await typed(world, '/subagents spawn main dig');
    await world.until(() => world.run('dig').delivery.state === 'undelivered', 'the refusal');
    expect(await typed(world, '/doctor')).toContain('⚠️ warn: store: 1 message was not delivered');
  });
});

test('coding agents that are on and not installed are found by the looks of /acp doctor', async () => {
  world = await openPeople({ config: { ...priced, acp: { enabled: true, defaultAgent: 'codex' } } });
  const text = await typed(world, '/doctor');
  expect(text).toContain('⚠️ fail: coding agents: codex: ACP error (ACP_BACKEND_MISSING): ');
  const lines = await typed(world, '/acp doctor codex');
  expect(lines).toContain('ACP error (ACP_BACKEND_MISSING): ');
});

describe('the spawn test', () => {
  const script = (answer: string, count: string, file: string): void =>
    void world.agent
      .once(/single word WORKING/, [say(answer)])
      .once(/Count to three/, [say(count)])
      .once(/workspace file/, [say(file)]);

  test('all good: operational; nobody else is told of the runs', async () => {
    world = await openWorld();
    script('WORKING', '1, 2, 3', 'NOT FOUND');
    const text = await typed(world, '/doctor --spawn-test');
    expect(text).toContain('Spawn test of main (scripted/one):');
    expect(text).toContain('✅ Reply with the single word WORKING. → «WORKING»');
    expect(lastLine(text)).toContain('✅ operational');
    await world.settled();
    expect(world.channel.texts()).toEqual([text]);
    expect(world.runs().map(({ delivery }) => delivery.state)).toEqual(['skipped', 'skipped', 'skipped']);
  });

  test('only the file fails: access', async () => {
    world = await openWorld();
    script('WORKING', '1, 2, 3', 'I have no tool for that');
    expect(lastLine(await typed(world, '/doctor --spawn-test'))).toContain('⚠️ access');
  });

  test('all fail, with the reason of each: config or model', async () => {
    world = await openWorld();
    world.agent.always(/./, [fail('the key is not accepted')]);
    const text = await typed(world, '/doctor --spawn-test');
    expect(text).toContain('→ failed: the key is not accepted');
    expect(lastLine(text)).toContain('⚠️ config or model');
  });

  test('a refusal is a reason like others', async () => {
    world = await openWorld({ config: { tools: { deny: ['sessions_spawn'] } } });
    expect(await typed(world, '/doctor --spawn-test')).toContain('→ refused: sessions_spawn: tool not available.');
    expect(world.runs()).toEqual([]);
  });

  test('a run that never ends is stopped after three minutes, its limit or not', async () => {
    world = await openWorld({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    world.agent.always(/^busy$/, [say('at it'), wait(600_000)]).once(/single word WORKING/, [say('WORKING')]);
    await typed(world, '/subagents spawn main busy');
    const reply = typed(world, '/doctor --prelaunch');
    await world.until(() => world.runs().length === 2, 'the live spawn');
    await world.clock.advance(180_000);
    expect(await reply).toContain('⚠️ fail: live spawn: no answer within 3m00s');
    expect(world.run('doctor answer').state.status).toBe('stopped');
  });
});

test('before the launch: list, tool, live spawn and config are judged, time, task and cost are remembered', async () => {
  world = await openWorld();
  world.agent.once(/single word WORKING/, [say('WORKING')]);
  const text = await typed(world, '/doctor --prelaunch');
  for (const item of ['list', 'tool', 'live spawn', 'config']) expect(text).toContain(`✅ pass: ${item}: `);
  for (const reminder of ['timeout', 'task', 'cost']) expect(text).toContain(`ℹ️ ${reminder}: `);
  expect(lastLine(text)).toBe('prelaunch: ready');
});

test('the topology is read from the config in use', async () => {
  const list = [
    { id: 'main', subagents: { allowAgents: ['main', 'writer'] } },
    { id: 'writer', tools: { deny: ['exec'] } },
  ];
  world = await openWorld({ config: { agents: { list, defaults: { subagents: { maxSpawnDepth: 2 } } } } });
  const text = await typed(world, '/doctor --topology');
  expect(text).toContain('main (default)\n  model: scripted/one\n  allowAgents: ["main","writer"]');
  expect(text).toContain('  └─ may start: main, writer\nwriter\n');
  expect(text).toContain('  tools: without exec\n  └─ may start: writer');
  expect(text).toContain('Depth: 2; children at once: 5');
});
