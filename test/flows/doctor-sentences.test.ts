// What people are told when something is not as it seems: false claims of the model, a stale config, silence, changed settings.
// The refusals of spawning are in refusals.test.ts.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ConfigFile } from '../../src/infra/config-file.ts';
import { readEnv } from '../../src/infra/env.ts';
import { virtualClock } from '../fakes/clock.ts';
import { boundary, call, fail, hang, notice, say, wait } from '../fakes/script.ts';
import { startsWork, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

describe('a model that talks of sub-agents', () => {
  test('and starts none is corrected', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [say('I have started 3 sub-agents for you.')]);
    await world.say('go');
    await world.channel.next('I have started');
    expect((await world.channel.next('ℹ️')).text).toBe('ℹ️ no sub-agent was started in this turn.');
  });

  test('and did start one is believed', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [call('sessions_spawn', { task: 'dig' }), say('I have started a sub-agent.')]);
    await world.say('go');
    await world.channel.next('I have started');
    await world.settled();
    expect(world.channel.texts().join('\n')).not.toContain('ℹ️');
  });

  test('and says it may not, though it may, is corrected; where it may not, it is right', async () => {
    world = await openWorld();
    world.agent.always(/^go$/, [say('I am not allowed to spawn sub-agents.')]);
    await world.say('go');
    expect((await world.channel.next('ℹ️')).text).toBe(
      'ℹ️ sub-agents are allowed here, the model declined. Try /new, or a stronger model.',
    );
    world.configure({ tools: { deny: ['sessions_spawn'] } });
    const before = world.channel.sent.length;
    await world.say('go');
    await world.channel.next((sent) => sent.text.startsWith('I am not') && world.channel.sent.indexOf(sent) >= before);
    await world.settled();
    expect(world.channel.sent.slice(before).map((sent) => sent.text)).toEqual([
      'I am not allowed to spawn sub-agents.',
    ]);
  });
});

describe('a turn that fails', () => {
  test('tells its reason where it was asked, also when it is only the answer to a /steer', async () => {
    world = await openWorld();
    world.agent.always(/go/, [fail('429 from the provider after 4 attempts')]);
    await world.say('go');
    expect((await world.channel.next('⚠️')).text).toBe('⚠️ 429 from the provider after 4 attempts.');
    await typed(world, '/steer go on');
    expect((await world.channel.next('⚠️')).text).toBe('⚠️ 429 from the provider after 4 attempts.');
  });

  test('or ends without a word says so', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [boundary()]);
    await world.say('go');
    expect((await world.channel.next('ℹ️')).text).toBe('ℹ️ finished without a text answer.');
  });

  test('passes on what the runtime has to say', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [notice('The model sent malformed tool calls 3 times in a row.'), say('sorry')]);
    await world.say('go');
    expect((await world.channel.next('ℹ️')).text).toBe('ℹ️ The model sent malformed tool calls 3 times in a row.');
  });
});

describe('silence', () => {
  test('of a run is asked about once, shown in the list, and ended at its limit', async () => {
    world = await openWorld();
    world.agent.once(/^dig$/, [say('digging'), wait(40 * 60_000)]);
    await typed(world, '/subagents spawn main dig');
    await world.until(() => world.run('dig').state.status === 'running', 'dig to run');
    await world.clock.advance(600_000);
    const id = world.run('dig').id.slice(0, 8);
    expect((await world.channel.next('⏳')).text).toBe(
      `⏳ dig (run ${id}) has been silent for 10m00s. Keep it, or end it with /subagents kill ${id}?`,
    );
    await world.until(() => world.run('dig').stalledSince !== undefined, 'the mark');
    expect(await typed(world, '/subagents')).toContain('1. dig (main, one, 10m00s, n/a tokens) stalled 10m');
    await world.clock.advance(1_200_000);
    expect((await world.channel.next('dig: timed out')).text).toContain('digging');
    expect(world.channel.texts().filter((text) => text.startsWith('⏳'))).toHaveLength(1);
    expect(await typed(world, '/subagents')).toContain(') timeout');
  });

  test('of a chat turn is told with the way to end it', async () => {
    world = await openWorld();
    world.agent.once(/^go$/, [hang()]);
    await world.say('go');
    await world.until(() => world.agent.active.size === 1, 'the turn');
    await world.clock.advance(600_000);
    expect((await world.channel.next('sign of life')).text).toBe(
      '⏳ no sign of life for 10m00s. It goes on; /stop ends it.',
    );
  });
});

describe('the config', () => {
  test('a file that changed and was not loaded is named with both times', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'switchyard-stale-'));
    const path = join(folder, 'switchyard.json5');
    const clock = virtualClock(Date.UTC(2025, 11, 31, 23));
    writeFileSync(path, '{}');
    utimesSync(path, clock.now() / 1000, clock.now() / 1000);
    const variables = { SWITCHYARD_CONFIG: path };
    const file = new ConfigFile({ env: readEnv(variables, folder), clock, workingDirectory: folder });
    await file.load();
    const { loadedAt } = file;
    world = await openWorld({ configFile: { path, loadedAt, fileChangedAt: () => file.fileChangedAt() } });
    expect(await typed(world, '/status')).not.toContain('newer');
    writeFileSync(path, '{ logging: { level: "debug" } }');
    const changed = Date.UTC(2025, 11, 31, 23, 30) / 1000;
    utimesSync(path, changed, changed);
    expect(await typed(world, '/status')).toContain(
      '⚠️ config file is newer: changed 2025-12-31T23:30:00Z (30m ago), not loaded; a new chat does not reload it',
    );
    rmSync(folder, { recursive: true });
  });

  test('reloaded limits, lists and tools hold at once, for sessions that exist already', async () => {
    world = await openWorld();
    await startsWork(world, 'dig');
    expect(await typed(world, '/subagents spawn writer x')).toContain('Spawn failed: unknown agent writer.');
    world.configure({
      agents: {
        list: [{ id: 'main', subagents: { allowAgents: ['main', 'writer'] } }, { id: 'writer' }],
        defaults: { subagents: { maxChildrenPerAgent: 2 } },
      },
    });
    expect(await typed(world, '/subagents spawn writer x')).toContain('✅ writer started');
    await world.until(() => world.run('x').state.status === 'succeeded', 'x to end');
    world.agent.always(/^stay$/, [hang()]);
    await typed(world, '/subagents spawn main stay');
    expect(await typed(world, '/subagents spawn main more')).toContain(
      'Spawn failed: 2 of 2 children are active already. Wait for one to finish or kill one (/subagents kill), or raise agents.defaults.subagents.maxChildrenPerAgent (at most 20).',
    );
    world.configure({ tools: { deny: ['sessions_spawn'] } });
    expect(await typed(world, '/subagents spawn main more')).toContain('It was removed by tools.deny.');
  });
});
