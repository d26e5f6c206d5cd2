// Runs that fall silent or are lost: who is asked, when they end, and how that is told.
import { afterEach, describe, expect, test } from 'vitest';
import { call, hang, say, wait } from '../fakes/script.ts';
import {
  ann,
  completionTurn,
  delegate,
  delivers,
  downFor,
  ends,
  forgetTurns,
  isCompletion,
  notes,
  start,
  turnsOf,
} from './endings.ts';
import { typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(defaults: object = {}): Promise<World> {
  world = await openWorld({ config: { agents: { defaults: { subagents: { maxSpawnDepth: 2 }, ...defaults } } } });
  return world;
}

const minutes = (count: number): number => count * 60_000;
const asked = (here: World): readonly string[] => here.channel.texts().filter((text) => text.startsWith('⏳'));

describe('silence', () => {
  test('of ten minutes is asked about once, of thirty ends the run', async () => {
    const here = await open();
    here.agent.once(/^slow$/, [say('first half'), hang()]);
    here.agent.once(completionTurn('slow'), 'It hung.');
    await delegate(here, 'slow');
    await here.until(() => here.agent.active.has(here.run('slow').child), 'the turn');
    await here.clock.flush();
    await here.clock.advance(minutes(10) - 1);
    expect(asked(here)).toEqual([]);
    await here.clock.advance(1);
    const id = here.run('slow').id.slice(0, 8);
    await here.channel.next(
      `⏳ slow (run ${id}) has been silent for 10m00s. Keep it, or end it with /subagents kill ${id}?`,
    );
    await here.clock.advance(minutes(5));
    expect(await typed(here, '/subagents')).toMatch(/1\. slow \(main, one, 15m00s, [^)]*\) stalled 15m/);
    await here.clock.advance(minutes(14));
    expect(here.run('slow').state.status).toBe('running');
    await here.clock.advance(minutes(1));
    await here.channel.next('It hung.');
    expect(here.run('slow').state).toMatchObject({ status: 'timed_out', outcome: { partial: 'first half' } });
    expect(asked(here)).toHaveLength(1);
    expect((await notes(here, ann(here))).join()).toContain('Status: timeout');
  });

  test('that ends by itself is forgotten', async () => {
    const here = await open();
    here.agent.once(/^slow$/, [wait(minutes(12)), say('back again'), hang()]);
    here.configure({ agents: { defaults: { subagents: { startTimeoutSeconds: 0 } } } });
    await delegate(here, 'slow');
    await here.until(() => here.agent.active.has(here.run('slow').child), 'the turn');
    await here.clock.advance(minutes(10));
    await here.channel.next('⏳ slow');
    expect(await typed(here, '/subagents')).toContain('stalled 10m');
    await here.clock.advance(minutes(2));
    await here.until(() => here.run('slow').stalledSince === undefined, 'the sign of life');
    expect(await typed(here, '/subagents')).toMatch(/1\. slow \([^)]*\) running/);
    await here.clock.advance(minutes(15));
    expect(asked(here)).toHaveLength(1);
    await here.ask('/stop', 'stopped');
  });

  test('of a run that waits for its children is none', async () => {
    const here = await open({
      subagents: { maxSpawnDepth: 2, startTimeoutSeconds: 0 },
      stall: { warnSeconds: 0, abortSeconds: 0 },
    });
    here.agent.once(/^outer$/, [start('inner'), call('sessions_yield')]);
    here.agent.once(/^inner$/, [wait(minutes(300)), say('inner result')]);
    here.agent.once((session, text) => session.kind === 'subagent' && isCompletion(text), 'outer result');
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    await ends(here, 'inner', 'running');
    here.configure({ agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } });
    await here.until(() => here.agent.active.size === 1, 'one turn');
    await here.clock.advance(minutes(299));
    expect(await typed(here, '/subagents')).toContain('waiting on 1 child');
    expect(asked(here).filter((text) => text.includes('outer'))).toEqual([]);
    await here.clock.advance(minutes(1));
    await here.channel.next('All done.');
  });

  test('in a chat is told there; nothing is ended that a person still waits for', async () => {
    const here = await open();
    here.agent.once(/^think$/, [say('Let me see.'), hang()]);
    await here.say('think');
    await here.until(() => here.agent.active.size === 1, 'the turn');
    await here.clock.flush();
    await here.clock.advance(minutes(10));
    await here.channel.next('⏳ no sign of life for 10m00s. It goes on; /stop ends it.');
    await here.clock.advance(minutes(20));
    await here.channel.next('⚠️ stopped after a long silence');
  });
});

test('a run nobody has heard of for hours is lost, told as unknown, and takes its children with it', async () => {
  const here = await open({ stall: { warnSeconds: 0, abortSeconds: 0 }, subagents: { maxSpawnDepth: 2 } });
  here.agent.once(/^gone$/, [start('below'), hang()]);
  here.agent.once(/^below$/, [say('at it'), hang()]);
  await here.ask('/subagents spawn main gone', '✅ main started');
  await ends(here, 'below', 'running');
  await forgetTurns(here);
  await downFor(here, minutes(121));
  const posted = await here.channel.next('gone: unknown');
  expect(posted.text).toContain('lost: no sign of life; nobody knows how it ended');
  expect(here.run('gone').state.status).toBe('lost');
  expect(await typed(here, '/subagents')).toMatch(/gone \([^)]*\) lost/);
  await delivers(here, 'below', 'skipped');
});

test('a run that gives no sign at all fails at its start limit and is told', async () => {
  const here = await open();
  here.agent.once(/^mute$/, [hang()]);
  here.agent.once(completionTurn('mute'), 'It never started.');
  await delegate(here, 'mute');
  await here.until(() => here.agent.active.has(here.run('mute').child), 'the turn');
  await here.clock.flush();
  await here.clock.advance(minutes(1));
  await here.channel.next('It never started.');
  expect(here.run('mute').state).toMatchObject({ status: 'failed', outcome: { code: 'start_timeout' } });
  expect(turnsOf(here, ann(here))).toHaveLength(2);
});
