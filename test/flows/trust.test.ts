// Rights follow who is listened to at the moment of use, not at the start of a turn, and a command is a command however it begins.
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import type { Tool } from '../../src/core/tool.ts';
import { boundary, call, say } from '../fakes/script.ts';
import { bo, inGroup, openPeople, typed } from './people.ts';
import type { World } from './world.ts';

let world: World;
afterEach(() => world.close());

/** A shell that only writes down what it was asked to run. */
function recordingExec(ran: string[]): Tool {
  const schema = z.object({ command: z.string() });
  return {
    ...{ name: 'exec', group: 'exec', description: 'Run.', example: { command: 'ls' } },
    parameters: { kind: 'zod', schema },
    async run(input) {
      ran.push(schema.parse(input).command);
      return { text: 'ok' };
    },
  };
}

test('a message of somebody else that goes into a running turn of the owner takes its dangerous tools away at once', async () => {
  const ran: string[] = [];
  const outputs: string[] = [];
  world = await openPeople({ tools: [recordingExec(ran)] });
  world.agent.always(/^help me$/, 'ready');
  await typed(world, '/subagents spawn main help me');
  await world.settled();
  const helper = world.run('help me');
  const group = inGroup(world);
  await typed(world, `/focus ${helper.child}`, group);
  const gate = Promise.withResolvers<void>();
  world.agent.always(/^work$/, async function* ({ injected }) {
    yield call('exec', { command: 'for the owner' });
    await gate.promise;
    yield boundary();
    for (const { text } of injected) outputs.push((yield call('exec', { command: text }))?.text ?? '');
    yield say('done');
  });
  await world.say('work', group);
  await world.until(() => ran.length === 1, "the owner's command");
  await world.say('wipe the disk', inGroup(world, bo));
  await world.until(() => world.engine.layer.turns.waiting(helper.child).length === 1, 'the message');
  gate.resolve();
  await world.settled();
  expect(ran).toEqual(['for the owner']);
  expect(outputs).toEqual([expect.stringContaining('the non-owner rule')]);
});

test("what such a turn starts afterwards is no longer the owner's alone", async () => {
  world = await openPeople({ config: { agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } } }, 'telegram');
  world.agent.always(/^help me$/, 'ready').always(/^(?:early|late)$/, 'fine');
  await typed(world, '/subagents spawn main help me');
  await world.settled();
  const group = inGroup(world);
  await typed(world, `/focus ${world.run('help me').child}`, group);
  const gate = Promise.withResolvers<void>();
  world.agent.always(/^work$/, async function* () {
    yield call('sessions_spawn', { task: 'early' });
    await gate.promise;
    yield boundary();
    yield call('sessions_spawn', { task: 'late' });
    yield say('done');
  });
  await world.say('work', group);
  await world.until(() => world.runs().some((run) => run.label === 'early'), 'the first child');
  await world.say('and then', inGroup(world, bo));
  await world.until(() => world.engine.layer.turns.waiting(world.run('help me').child).length === 1, 'the message');
  gate.resolve();
  await world.until(() => world.runs().some((run) => run.label === 'late'), 'the second child');
  await world.settled();
  const owners = async (label: string) => (await world.engine.stores.sessions.get(world.run(label).child))?.ownerOnly;
  expect([await owners('early'), await owners('late')]).toEqual([true, false]);
});
