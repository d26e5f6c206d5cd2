// What commands say must be true and complete: the bound run in its own lists, results a stop took along, counts, reasons.
import { afterEach, describe, expect, test } from 'vitest';
import { fail, hang, say, wait } from '../fakes/script.ts';
import { completionTurn, delegate, delivers, ends, gate, isCompletion, start, turnsOf } from './endings.ts';
import { annsChat, ended, lines, startsWork, twoDeep, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

describe('in a bound conversation the bound run itself', () => {
  test('is listed with its place and can be named by the number it had', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await typed(world, '/subagents');
    await typed(world, '/focus 1 --bind here');
    expect(await typed(world, '/agents')).toBe(lines('Agents:', '-----', '1. docs (main, done) chat:ann'));
    expect(await typed(world, '/subagents')).toMatch(/^Recent \(30 min\):\n-----\n1\. docs .* done\n1 run/m);
    expect(await typed(world, '/tasks')).toContain('1. docs (run ');
    expect(await typed(world, '/subagents info 1')).toContain('Label: docs');
    await world.clock.advance(31 * 60_000);
    expect(await typed(world, '/subagents')).toContain('1. docs');
    expect(await typed(world, '/agents')).toContain('1. docs (main, done) chat:ann');
  });

  test('comes before what it started; last is still the newest', async () => {
    world = await openWorld(twoDeep);
    await startsWork(world, 'docs');
    await typed(world, '/focus docs');
    await typed(world, '/subagents spawn main inner');
    await world.until(() => world.run('inner').state.status === 'succeeded', 'inner');
    expect(await typed(world, '/subagents')).toMatch(/1\. docs .* running\n[\s\S]*2\. inner /);
    expect(await typed(world, '/tasks')).toMatch(/1\. docs [\s\S]*2\. inner /);
    expect(await typed(world, '/subagents info last')).toContain('Label: inner');
  });

  test('is not in the way elsewhere: an empty list leaves the numbers shown before', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await typed(world, '/subagents');
    await world.clock.advance(31 * 60_000);
    expect(await typed(world, '/subagents')).toContain('0 runs');
    expect(await typed(world, '/subagents info 1')).toContain('Label: docs');
  });
});

test.each(['claude', 'codex', 'gemini', 'opencode'])('/%s names the command that starts it', async (id) => {
  world = await openWorld();
  const told = `⚠️ ${id} is an external coding agent: /acp spawn ${id} --bind here starts it here.`;
  expect(await typed(world, `/${id} fix the tests`)).toBe(told);
  expect(await typed(world, `/help ${id}`)).toBe(told);
  expect(world.agent.turns).toEqual([]);
});

test('/acp says what switches it on', async () => {
  world = await openWorld();
  expect(await typed(world, '/acp spawn codex')).toBe(
    '⚠️ ACP error (ACP_DISPATCH_DISABLED): external coding agents are switched off.\nnext: switchyard config set acp.enabled true',
  );
});

describe('a finished result that nobody was told of', () => {
  /** `research` has ended, the agent could not report it and is to try again; `more`: runs that go on. */
  async function owed(more: readonly string[] = []): Promise<void> {
    world = await openWorld();
    const told = gate();
    world.agent.once(/^research$/, async function* (context) {
      await told.passed(context);
      yield say('A is 1');
    });
    world.agent.always(/^work/, [hang()]);
    world.agent.always(completionTurn(), [fail('overloaded')]);
    await delegate(world, 'research');
    for (const task of more) await startsWork(world, task);
    told.open();
    await world.until(() => turnsOf(world, annsChat).some(isCompletion), 'an attempt');
    await world.until(() => !world.agent.active.has(annsChat), 'its end');
  }

  test('is counted by /stop', async () => {
    await owed(['work a', 'work b']);
    expect(await typed(world, '/stop')).toBe(
      '✅ stopped: 2 sub-agents. 1 finished result was not told; /subagents log #1.',
    );
    expect(await typed(world, '/subagents log #1')).toContain('A is 1');
    expect((await delivers(world, 'research', 'skipped')).delivery.reason).toBe('stopped before it was reported');
  });

  test('is counted by /stop also when nothing else was left', async () => {
    await owed();
    expect(await typed(world, '/stop')).toBe(
      'ℹ️ nothing was running. 1 finished result was not told; /subagents log #1.',
    );
    expect(await typed(world, '/stop')).toBe('ℹ️ nothing was running');
  });

  test('is counted by /new', async () => {
    await owed(['work a']);
    expect(await typed(world, '/new')).toBe(
      '✅ new session, 1 stopped. 1 finished result was not told; /subagents log #1.',
    );
  });

  test('is counted by kill all when the run that was to take it in is killed', async () => {
    world = await openWorld(twoDeep);
    const found = gate();
    world.agent.once(/^lead$/, [start('one'), start('two'), start('work'), say('waiting')]);
    world.agent.always(/^work$/, [hang()]);
    world.agent.always(/^(?:one|two)$/, async function* (context) {
      await found.passed(context);
      yield say('found');
    });
    world.agent.always(/switchyard completion/, [fail('overloaded')]);
    await delegate(world, 'lead');
    await ends(world, 'work', 'running');
    await ends(world, 'lead', 'waiting');
    await typed(world, '/subagents');
    found.open();
    for (const label of ['one', 'two']) await ends(world, label, 'succeeded');
    const { child } = world.run('lead');
    await world.until(() => turnsOf(world, child).some(isCompletion) && !world.agent.active.has(child), 'an attempt');
    expect(await typed(world, '/subagents kill all')).toBe(
      lines(
        '✅ stopped 2, already finished 0, failed 0',
        '2 finished results were not told: #2, #3; /subagents log <number>.',
      ),
    );
  });
});

describe('a delivery', () => {
  test('is one attempt when the agent told the result at once', async () => {
    world = await openWorld();
    world.agent.once(/^research$/, 'A is 1');
    world.agent.once(completionTurn('research'), 'It is one.');
    await delegate(world, 'research');
    await delivers(world, 'research', 'delivered');
    expect(await typed(world, '/subagents info research')).toContain('Delivery: delivered, attempts 1');
  });

  test('is two attempts after a turn that failed', async () => {
    world = await openWorld();
    world.agent.once(/^research$/, 'A is 1');
    world.agent.once(completionTurn('research'), [fail('overloaded')]);
    await delegate(world, 'research');
    await world.until(() => turnsOf(world, annsChat).some(isCompletion) && !world.engine.layer.turns.busy(), 'one');
    world.agent.once(completionTurn('research'), 'It is one.');
    await world.clock.flush();
    await world.clock.advance(5_000);
    await delivers(world, 'research', 'delivered');
    expect(await typed(world, '/subagents info research')).toContain('Delivery: delivered, attempts 2');
  });
});

test('tokens: none right after the start, n/a once a run works long without saying what it uses, in list and info', async () => {
  world = await openWorld();
  world.agent.once(/^dig$/, [say('digging'), wait(10 * 60_000)]);
  await typed(world, '/subagents spawn main dig');
  await ends(world, 'dig', 'running');
  expect(await typed(world, '/subagents')).toContain('1. dig (main, one, 0.0s, 0 tokens) running');
  expect(await typed(world, '/subagents info dig')).toContain('Tokens: 0 in / 0 out / 0 total');
  await world.clock.advance(61_000);
  expect(await typed(world, '/subagents')).toContain('1. dig (main, one, 1m01s, n/a tokens) running');
  expect(await typed(world, '/subagents info dig')).toContain('Tokens: n/a');
});

test('/tools in a bound chat names every stage that has to change, and no fix that cannot help', async () => {
  world = await openWorld();
  await ended(world, 'docs');
  world.configure({ tools: { profile: 'messaging' } });
  await typed(world, '/focus docs');
  const text = await typed(world, '/tools');
  expect(text).toContain(
    'sessions_spawn: removed by profile messaging (tools.profile) and role leaf (depth 1). Set tools.alsoAllow: ["sessions_spawn","sessions_yield","subagents"], or another tools.profile. To let sub-agents of depth 1 start agents, set agents.defaults.subagents.maxSpawnDepth above 1 (now 1).',
  );
});
