// Time limits of runs: where they count from, what a run that reached one reports, and what happens below it.
import { afterEach, describe, expect, test } from 'vitest';
import { call, fail, hang, say, wait } from '../fakes/script.ts';
import { ann, completionTurn, delivers, ends, gate, isCompletion, noted, start, turnsOf, within } from './endings.ts';
import { typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(subagents: object = {}): Promise<World> {
  world = await openWorld({
    config: { agents: { defaults: { subagents: { maxSpawnDepth: 3, startTimeoutSeconds: 0, ...subagents } } } },
  });
  return world;
}

/** A spawn by the chat's agent with these parameters. */
async function spawned(here: World, task: string, more: object): Promise<void> {
  here.agent.once(/^go$/, [start(task, more), say('started')]);
  await here.ask('go', 'started');
}

describe('a time limit', () => {
  test('counts from the first start, not from queueing', async () => {
    const here = await open({ maxConcurrent: 1 });
    here.agent.once(/^first$/, [wait(50_000), say('first result')]);
    here.agent.once(/^second$/, [wait(9_000), say('second result')]);
    here.agent.always(completionTurn(), ({ text }) => (text.includes('second result') ? 'in time' : 'NO_REPLY'));
    await spawned(here, 'first', {});
    await spawned(here, 'second', { runTimeoutSeconds: 10 });
    await ends(here, 'first', 'running');
    await here.clock.advance(50_000);
    await ends(here, 'second', 'running');
    await here.until(() => here.agent.active.has(here.run('second').child), 'the second turn');
    await here.clock.advance(9_000);
    await here.channel.next('in time');
  });

  test('set to 0 by hand beats the configured one', async () => {
    const here = await open({ runTimeoutSeconds: 5 });
    here.agent.once(/^free$/, [wait(60_000), say('free result')]);
    here.agent.once(/^bound$/, [hang()]);
    here.agent.always(completionTurn(), ({ text }) => (text.includes('free result') ? 'free came back' : 'NO_REPLY'));
    await spawned(here, 'free', { runTimeoutSeconds: 0 });
    await spawned(here, 'bound', {});
    await ends(here, 'free', 'running');
    await ends(here, 'bound', 'running');
    await here.until(() => here.agent.active.size === 2, 'both turns');
    await here.clock.advance(5_000);
    await ends(here, 'bound', 'timed_out');
    expect(here.run('free').state.status).toBe('running');
    expect(await typed(here, '/subagents info free')).toContain('Timeout: none');
    await here.clock.advance(55_000);
    await here.channel.next('free came back');
  });

  test('goes on while the run waits for its children', async () => {
    const here = await open();
    here.agent.once(/^outer$/, [start('inner'), say('waiting')]);
    here.agent.once(/^inner$/, [hang()]);
    here.agent.once(completionTurn('outer'), 'It took too long.');
    await spawned(here, 'outer', { runTimeoutSeconds: 30 });
    await ends(here, 'outer', 'waiting');
    await ends(here, 'inner', 'running');
    await here.clock.advance(30_000);
    await here.channel.next('It took too long.');
    expect(here.run('outer').state).toMatchObject({ status: 'timed_out', outcome: { partial: 'waiting' } });
    expect(here.run('inner').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect(here.run('inner').delivery.state).toBe('skipped');
    await here.settled();
    expect(here.agent.active.size).toBe(0);
  });

  test('of a deaf run is kept all the same; its slot comes back, and what it says later is dropped', async () => {
    const here = await open({ maxConcurrent: 1 });
    here.agent.once(/^deaf$/, [say('so far'), hang({ deaf: true })]);
    here.agent.once(/^next$/, 'next result');
    here.agent.always(completionTurn(), ({ text }) => `told: ${/label "(\w+)"/.exec(text)?.[1]}`);
    await spawned(here, 'deaf', { runTimeoutSeconds: 20 });
    await spawned(here, 'next', {});
    await here.until(() => here.agent.active.has(here.run('deaf').child), 'the turn');
    await here.clock.advance(20_000);
    await ends(here, 'deaf', 'timed_out');
    await within(here, 2_000, here.channel.next('told: deaf'));
    await here.clock.advance(10_000);
    await here.channel.next('told: next');
    expect(here.run('deaf').state).toMatchObject({ outcome: { partial: 'so far' } });
  });

  test('does not archive: that has its own deadline', async () => {
    const here = await open();
    here.agent.once(/^slow$/, [hang()]);
    here.agent.always(completionTurn(), 'NO_REPLY');
    await spawned(here, 'slow', { runTimeoutSeconds: 20 });
    await here.until(() => here.agent.active.has(here.run('slow').child), 'the turn');
    await here.clock.advance(20_000);
    const run = await delivers(here, 'slow', 'silent');
    expect(run.archivedAt).toBeUndefined();
    expect(run.archiveAt).toBe(here.clock.now() + 3_600_000);
    expect(await here.engine.stores.sessions.get(run.child)).toBeDefined();
  });
});

describe('a run that reached its limit reports', () => {
  async function timesOut(here: World, more: object = {}): Promise<string> {
    here.agent.always(completionTurn(), 'NO_REPLY');
    await spawned(here, 'slow', { runTimeoutSeconds: 20, ...more });
    await here.until(() => here.agent.active.has(here.run('slow').child), 'the turn');
    await here.clock.flush();
    await here.clock.advance(20_000);
    await delivers(here, 'slow', 'silent');
    return noted(here, ann(here), 'Status: timeout');
  }

  test('what it said so far', async () => {
    const here = await open();
    here.agent.once(/^slow$/, [say('first half'), hang()]);
    expect(await timesOut(here)).toMatch(/~{8}\nfirst half\n~{8}/);
  });

  test('the newest text, although it worked on after it', async () => {
    const here = await open();
    here.agent.once(/^slow$/, [say('plan'), say('first half'), call('agents_list'), hang()]);
    expect(await timesOut(here)).toMatch(/~{8}\nfirst half\n~{8}/);
  });

  test('a summary of its calls where it said nothing', async () => {
    const here = await open();
    here.agent.once(/^slow$/, [call('agents_list'), call('agents_list'), call('sessions_list'), hang()]);
    expect(await timesOut(here)).toMatch(
      /~{8}\nNo text yet\. 3 tool calls: agents_list ×2, sessions_list ×1\. Last step: sessions_list, finished\.\n~{8}/,
    );
  });

  test('nothing of its requester’s, whose words it was given as a copy', async () => {
    const here = await open();
    here.agent.once(/^remember$/, 'my secret plan');
    await here.ask('remember', 'my secret plan');
    here.agent.once((session, text) => session.kind === 'subagent' && text.endsWith('slow'), [hang()]);
    expect(await timesOut(here, { context: 'fork' })).toContain('Result: (no text)');
  });

  test('in the words of the formatter, where a person asked', async () => {
    const here = await open({ runTimeoutSeconds: 20 });
    here.agent.once(/^slow$/, [say('first half'), hang()]);
    await here.ask('/subagents spawn main slow', 'time limit 20s');
    await here.until(() => here.agent.active.has(here.run('slow').child), 'the turn');
    await here.clock.flush();
    await here.clock.advance(20_000);
    const posted = await here.channel.next('slow: timed out');
    expect(posted.text).toMatch(/^⚠️ slow: timed out\nfirst half\nruntime 20s/);
    expect(await typed(here, '/subagents')).toMatch(/1\. slow \(main, one, 20s, [^)]*\) timeout/);
  });
});

describe('what a run has started', () => {
  test('is stopped when the run fails', async () => {
    const here = await open();
    const broke = gate();
    here.agent.once(/^outer$/, async function* (context) {
      yield start('inner');
      await broke.passed(context);
      yield fail('broken');
    });
    here.agent.once(/^inner$/, [start('deepest'), hang()]);
    here.agent.once(/^deepest$/, [hang()]);
    here.agent.once(completionTurn('outer'), 'It broke.');
    await spawned(here, 'outer', {});
    await here.until(() => here.agent.active.size === 3, 'all three');
    broke.open();
    await here.channel.next('It broke.');
    await here.settled();
    expect(here.runs().map((run) => [run.label, run.state.status, run.delivery.state])).toEqual([
      ['outer', 'failed', 'delivered'],
      ['inner', 'stopped', 'skipped'],
      ['deepest', 'stopped', 'skipped'],
    ]);
    expect(here.agent.active.size).toBe(0);
  });

  test('and finished before it ran out of time is passed on to whoever asked for the run', async () => {
    const here = await open();
    here.agent.once(/^outer$/, [start('inner'), hang()]);
    here.agent.once(/^inner$/, 'inner result');
    here.agent.always(completionTurn(), ({ text }) => `told: ${/label "(\w+)"/.exec(text)?.[1]}`);
    await spawned(here, 'outer', { runTimeoutSeconds: 30 });
    await here.until(() => here.run('inner').delivery.state === 'handed', 'inner to wait for outer');
    await here.clock.advance(30_000);
    await within(here, 1_000, here.channel.next('told: outer'));
    await within(here, 1_000, here.channel.next('told: inner'));
    await here.settled();
    expect(here.runs().map((run) => run.delivery.state)).toEqual(['delivered', 'delivered']);
  });
});

test('a limit holds after a restart for a run that had not started yet', async () => {
  const here = await open({ maxConcurrent: 1 });
  here.agent.once(/^blocker$/, [say('at it'), hang()]);
  here.agent.always(/^slow$/, [say('first half'), hang()]);
  here.agent.always(completionTurn(), ({ text }) => (/Status: timeout/.test(text) ? 'ran out of time' : 'NO_REPLY'));
  await spawned(here, 'blocker', {});
  await spawned(here, 'slow', { runTimeoutSeconds: 60 });
  await ends(here, 'blocker', 'running');
  await here.clock.advance(30_000);
  await here.restart('kill');
  // What was cut off goes on first, and ends.
  await ends(here, 'blocker', 'succeeded');
  await ends(here, 'slow', 'running');
  await here.until(() => turnsOf(here, here.run('slow').child).length === 1, 'the turn');
  await here.clock.flush();
  await here.clock.advance(59_999);
  expect(here.run('slow').state.status).toBe('running');
  await here.clock.advance(1);
  await here.channel.next('ran out of time');
  expect(here.channel.texts().filter(isCompletion)).toEqual([]);
});
