// /stop, /new and /steer with turns and runs that really run.
import { afterEach, describe, expect, test } from 'vitest';
import { boundary, call, fail, hang, say, wait } from '../fakes/script.ts';
import { annsChat, ended, lines, startsEverything, twoDeep, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

describe('/stop', () => {
  test('stops the turn, all descendants and what waits, with exact counts', async () => {
    world = await openWorld(twoDeep);
    await ended(world, 'aside');
    await startsEverything(world);
    expect(await typed(world, '/subagents')).toMatch(/1\. boss[\s\S]*2\. dig[\s\S]*3\. carry[\s\S]*4\. aside/);
    expect(await typed(world, '/stop')).toBe(
      '✅ stopped: 1 turn here, 3 sub-agents (2 of them children of #1), 1 waiting message. Nothing else was running.',
    );
    await world.settled();
    expect(world.agent.active.size).toBe(0);
    expect(await typed(world, '/stop')).toBe('ℹ️ nothing was running');
    // It showed no list, so the numbers are those of before.
    expect(await typed(world, '/subagents info 2')).toContain('Label: dig');
    expect(world.agent.turns.map((turn) => turn.text)).not.toContain('later');
  });

  test('stops a turn that is about to report a result: the result is not announced later, and stays readable', async () => {
    world = await openWorld();
    world.agent
      .once(/^go$/, [call('sessions_spawn', { task: 'quick' }), say('started')])
      .once(/switchyard completion/, [hang()]);
    await world.say('go');
    await world.until(() => world.agent.turns.length === 3, 'the report');
    expect(await typed(world, '/stop')).toBe(
      '✅ stopped: 1 turn here. 1 finished result was not told; /subagents log #1.',
    );
    await world.settled();
    await world.clock.advance(120_000);
    await world.settled();
    expect(world.run('quick').delivery).toMatchObject({ state: 'skipped', reason: 'stopped before it was reported' });
    expect(await typed(world, '/subagents log quick')).toContain('Assistant: ok');
    expect(world.agent.turns).toHaveLength(3);
  });

  test('names a turn that does not obey, and does not count it as stopped', async () => {
    world = await openWorld();
    world.agent.once(/^deaf$/, [hang({ deaf: true })]);
    await world.say('deaf');
    await world.until(() => world.agent.active.size === 1, 'the turn');
    const answer = typed(world, '/stop');
    await world.until(() => world.engine.layer.turns.active(annsChat)?.cause === 'user', 'the abort');
    await world.clock.advance(1000);
    expect(await answer).toBe(
      lines('⚠️ stopped: nothing in time', '⚠️ the turn here did not stop within 1 s and was forced'),
    );
    await world.clock.advance(10_000);
    await world.say('are you there?');
    await world.channel.next(/^ok$/);
  });
});

describe('/new', () => {
  test('stops what runs, empties the context and says what else went', async () => {
    world = await openWorld(twoDeep);
    await world.say('remember this');
    await world.settled();
    await startsEverything(world);
    expect(await typed(world, '/new')).toBe(
      '✅ new session, 3 stopped; the turn here was ended, 1 waiting message discarded',
    );
    await world.say('fresh');
    await world.settled();
    const { history } = world.agent.turns.at(-1)?.prompt ?? { history: [] };
    expect(history.map((entry) => ('text' in entry ? entry.text : ''))).toEqual(['fresh']);
    expect(await typed(world, '/reset')).toBe('✅ new session, 0 stopped');
  });

  test('resets nothing while something has not stopped, and names it', async () => {
    world = await openWorld();
    world.agent.once(/^deaf$/, [hang({ deaf: true })]);
    await world.say('deaf');
    await world.until(() => world.agent.active.size === 1, 'the turn');
    const key = annsChat;
    const before = (await world.engine.stores.sessions.get(key))?.id;
    const answer = typed(world, '/new');
    await world.until(() => world.engine.layer.turns.active(key)?.cause === 'user', 'the abort');
    await world.clock.advance(1000);
    expect(await answer).toBe(
      '⚠️ Nothing was reset: the turn here did not stop. It is being forced; try /new again in ten seconds.',
    );
    expect((await world.engine.stores.sessions.get(key))?.id).toBe(before);
    await world.clock.advance(10_000);
  });
});
describe('/steer', () => {
  test('goes into the turn of the chat, else is a message of its own, whose failure is told too', async () => {
    world = await openWorld();
    world.agent.once(/^work$/, [wait(1000), boundary(), say('took it in')]).once(/crash/, [fail('the model is gone')]);
    await world.say('work');
    await world.until(() => world.agent.active.size === 1, 'the turn');
    const answer = typed(world, '/tell be brief');
    await world.until(() => world.engine.layer.turns.waiting(annsChat).length === 1, 'the steer');
    await world.clock.advance(1000);
    expect(await answer).toBe('✅ steered');
    await world.channel.next('took it in');
    expect(await typed(world, '/steer hello')).toBe('No active run; sent as a new message.');
    await world.channel.next(/^ok$/);
    expect(await typed(world, '/steer crash')).toBe('No active run; sent as a new message.');
    expect((await world.channel.next('the model')).text).toBe('⚠️ the model is gone.');
  });
});
