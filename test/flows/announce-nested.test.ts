// Results on their way up a tree: runs below runs, and runs that were stopped.
import { afterEach, describe, expect, test } from 'vitest';
import { call, fail, hang, say } from '../fakes/script.ts';
import { ann, completionTurn, delegate, delivers, ends, gate, isCompletion, notes, start, turnsOf } from './endings.ts';
import { typed } from './people.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: WorldOptions = {}): Promise<World> {
  world = await openWorld(options);
  return world;
}

const nested = { agents: { defaults: { subagents: { maxSpawnDepth: 3 } } } };

describe('nested runs', () => {
  test('are waited for, digested inside, and only the outer one speaks to the chat', async () => {
    const here = await open({ config: nested });
    const done = gate();
    here.agent.once(/^inner$/, async function* (context) {
      await done.passed(context);
      yield say('inner result');
    });
    here.agent.once(/^outer$/, [start('inner'), say('waiting for inner')]);
    here.agent.once((session, text) => session.kind === 'subagent' && isCompletion(text), 'outer result');
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    expect(await typed(here, '/subagents')).toContain('waiting on 1 child');
    expect(here.channel.texts()).toHaveLength(2);
    done.open();
    await here.channel.next('All done.');
    await here.settled();
    expect(here.run('inner').delivery).toMatchObject({ state: 'delivered', reason: 'taken in by the requester' });
    expect(here.run('outer').state).toMatchObject({ outcome: { kind: 'success', text: 'outer result' } });
    const read = (await notes(here, ann(here))).join('\n');
    expect(read).toContain('label "outer"');
    expect(read).not.toContain('inner');
    expect(here.channel.texts().filter((text) => text.includes('inner'))).toEqual([
      expect.stringContaining('waiting on 1 child'),
    ]);
  });

  test.each([['NO_REPLY'], ['ANNOUNCE_SKIP']])('whose last child answers %s end with what they said', async (word) => {
    const here = await open({ config: nested });
    const done = gate();
    here.agent.once(/^inner$/, async function* (context) {
      await done.passed(context);
      yield say(word);
    });
    here.agent.once(/^outer$/, [start('inner'), say('outer said this')]);
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    done.open();
    await here.channel.next('All done.');
    expect(here.run('outer').state).toMatchObject({ status: 'succeeded', outcome: { text: 'outer said this' } });
    await here.settled();
  });

  test('that yielded are woken when none of their children has anything to say', async () => {
    const here = await open({ config: nested });
    const done = gate();
    for (const task of ['left', 'right']) {
      here.agent.once(new RegExp(`^${task}$`), async function* (context) {
        await done.passed(context);
        yield say('NO_REPLY');
      });
    }
    here.agent.once(/^outer$/, [start('left'), start('right'), call('sessions_yield')]);
    here.agent.once(/^\[The sub-agents you waited for have ended/, 'outer result');
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    done.open();
    await here.channel.next('All done.');
    await here.settled();
  });

  test('whose requester cannot take them in fail it, with its other children, and climb', async () => {
    const here = await open({ config: nested });
    const waits = gate();
    here.agent.once(/^inner$/, async function* (context) {
      await waits.passed(context);
      yield say('inner result');
    });
    here.agent.once(/^other$/, [say('at it'), hang()]);
    here.agent.once(/^outer$/, [start('inner'), start('other'), say('waiting')]);
    here.agent.always((session, text) => session.kind === 'subagent' && isCompletion(text), [fail('broken')]);
    here.agent.always(completionTurn(), ({ text }) => `told: ${/label "(\w+)"/.exec(text)?.[1]}`);
    await delegate(here, 'outer');
    await ends(here, 'outer', 'waiting');
    waits.open();
    const outer = (): string => here.run('outer').child;
    for (const [attempt, pause] of [5_000, 20_000, 60_000].entries()) {
      await here.until(
        () => turnsOf(here, outer()).length === attempt + 2 && here.engine.layer.turns.active(outer()) === undefined,
        `attempt ${attempt + 1}`,
      );
      await here.clock.flush();
      await here.clock.advance(pause);
    }
    await here.channel.next('told: outer');
    await here.channel.next('told: inner');
    await here.settled();
    expect(here.run('outer').state).toMatchObject({ status: 'failed', outcome: { code: 'handover_failed' } });
    expect(here.run('other').state).toMatchObject({ status: 'stopped', outcome: { by: 'cascade' } });
    expect(here.run('other').delivery.state).toBe('skipped');
  });

  test('whose requester failed meanwhile are given to whoever asked for that one', async () => {
    const here = await open({ config: nested });
    const [done, broke] = [gate(), gate()];
    here.agent.once(/^inner$/, async function* (context) {
      await done.passed(context);
      yield say('inner result');
    });
    here.agent.once(/^outer$/, async function* (context) {
      yield start('inner');
      await broke.passed(context);
      yield fail('broken');
    });
    here.agent.always(completionTurn(), ({ text }) => `told: ${/label "(\w+)"/.exec(text)?.[1]}`);
    await delegate(here, 'outer');
    await here.until(() => here.runs().length === 2, 'inner');
    done.open();
    await here.until(() => here.run('inner').delivery.state === 'handed', 'the handover to outer');
    broke.open();
    await here.channel.next('told: outer');
    await here.channel.next('told: inner');
    await here.settled();
    expect(here.run('inner').delivery.state).toBe('delivered');
  });
});

describe('stopped runs', () => {
  test('are not announced: the command said so', async () => {
    const here = await open();
    here.agent.once(/^research$/, [hang()]);
    await delegate(here, 'research');
    await ends(here, 'research', 'running');
    expect(await typed(here, '/subagents kill research')).toBe('✅ stopped 1, already finished 0, failed 0');
    expect((await delivers(here, 'research', 'skipped')).delivery.reason).toBe(
      'stopped by user; the command that stopped it said so',
    );
    await here.settled();
    expect(turnsOf(here, ann(here))).toHaveLength(1);
  });

  test('are told to an agent that waits for them', async () => {
    const here = await open({ config: nested });
    here.agent.once(/^inner$/, [hang()]);
    here.agent.once(/^outer$/, [start('inner'), say('waiting')]);
    here.agent.once((session, text) => session.kind === 'subagent' && /^Status: stopped$/m.test(text), 'went on alone');
    here.agent.once(completionTurn('outer'), 'All done.');
    await delegate(here, 'outer');
    await ends(here, 'inner', 'running');
    await ends(here, 'outer', 'waiting');
    await typed(here, '/subagents kill inner');
    await here.channel.next('All done.');
    expect(here.run('outer').state).toMatchObject({ outcome: { text: 'went on alone' } });
    await here.settled();
  });

  test('are told to nobody further up when the agent that waited for them has ended', async () => {
    const here = await open({ config: nested });
    const broke = gate();
    here.agent.once(/^inner$/, [hang()]);
    here.agent.once(/^outer$/, async function* (context) {
      yield start('inner');
      await broke.passed(context);
      yield fail('broken');
    });
    here.agent.always(completionTurn(), ({ text }) => `told: ${/label "(\w+)"/.exec(text)?.[1]}`);
    await delegate(here, 'outer');
    await ends(here, 'inner', 'running');
    await typed(here, '/subagents kill inner');
    await delivers(here, 'inner', 'handed');
    broke.open();
    await here.channel.next('told: outer');
    expect((await delivers(here, 'inner', 'skipped')).delivery.reason).toBe(
      'it was stopped, and whoever waited for it has ended',
    );
    await here.settled();
    expect(turnsOf(here, ann(here))).toHaveLength(2);
  });
});
