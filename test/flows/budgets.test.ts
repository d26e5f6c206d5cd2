// What a tree and a day may spend: one notice before the end, one at the end, everything stopped, nothing lost or told twice.
import { afterEach, describe, expect, test } from 'vitest';
import { fail, hang, type ScriptContext, say, spend, wait } from '../fakes/script.ts';
import { scriptedRuntime } from '../fakes/scripted-runtime.ts';
import { ann, completionTurn, delegate, delivers, ends, gate, noted, start, turnsOf, within } from './endings.ts';
import { typed } from './people.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** The scripted agent reports 15 tokens per round of its own. */
async function open(budgets: object, options: WorldOptions = {}): Promise<World> {
  const subagents = { maxSpawnDepth: 5, maxChildrenPerAgent: 20, startTimeoutSeconds: 0 };
  world = await openWorld({ ...options, config: { agents: { defaults: { subagents } }, budgets } });
  return world;
}

const about = (here: World, words: string): readonly string[] =>
  here.channel.texts().filter((text) => text.includes(words));

/** Spends, then works on until told; a boundary after each part lets a stop through. */
const spender = (tokens: number, go: { passed: (context: ScriptContext) => Promise<void> }) =>
  async function* (context: ScriptContext) {
    yield spend(tokens, 0);
    await go.passed(context);
    yield say(`${context.text} is done`);
  };

describe('a tree’s tokens', () => {
  test('are announced as running out once, at 80 %', async () => {
    const here = await open({ tree: { tokens: 1000 } });
    const go = gate();
    here.agent.once(/^one$/, spender(700, go));
    here.agent.once(/^two$/, spender(100, go));
    here.agent.once(/^three$/, spender(100, go));
    await delegate(here, 'one', 'two', 'three');
    await here.channel.next('of a budget is used');
    await here.until(() => here.engine.stores.budgets.treeUsage(here.run('one').tree).input >= 900, 'all to spend');
    expect(about(here, 'of a budget is used')).toEqual([
      expect.stringMatching(/^ℹ️ \d\d % of a budget is used: \d+ tokens of 1,000 tokens \(budgets\.tree\.tokens\)$/),
    ]);
    await here.ask('/stop', 'stopped');
  });

  test('used up stop the whole tree: one notice tells of it, and nothing is reported again', async () => {
    const here = await open({ tree: { tokens: 1000 } });
    const go = gate();
    here.agent.once(/^lead$/, [start('below'), say('waiting')]);
    here.agent.always(/^(?:other|below)$/, [say('at it'), hang()]);
    here.agent.once(/^greedy$/, spender(2000, go));
    await delegate(here, 'lead', 'other');
    const tree = here.run('lead').tree;
    await ends(here, 'lead', 'waiting');
    await ends(here, 'below', 'running');
    // A run of the same tree: started by the same turn's completion would be, so it is put there by hand.
    here.agent.once(completionTurn('first'), [start('greedy'), say('started greedy')]);
    here.agent.once(/^first$/, 'first result');
    const chat = await here.engine.stores.sessions.get(ann(here));
    if (chat === undefined) throw new Error('no chat');
    const origin = here.channel.direct();
    const ask = {
      request: { task: 'first', label: 'first' },
      caller: chat,
      askedBy: 'agent',
      turn: 't',
      tree,
    } as const;
    await here.engine.layer.spawner.spawn({ ...ask, key: 't:1', origin });
    const notice = await here.channel.next('⚠️ stopped');
    expect(notice.text.split('\n')).toEqual([
      expect.stringMatching(
        /^⚠️ stopped: budget used up: 2,\d\d\d tokens of 1,000 tokens \(budgets\.tree\.tokens\)\. Raise that key to allow more\.$/,
      ),
      'failed (budget_exceeded): lead, other, greedy',
    ]);
    for (const label of ['lead', 'other', 'greedy']) {
      expect((await delivers(here, label, 'delivered')).state).toMatchObject({
        status: 'failed',
        outcome: { code: 'budget_exceeded' },
      });
    }
    expect((await delivers(here, 'below', 'skipped')).state).toMatchObject({
      outcome: { kind: 'stopped', by: 'budget' },
    });
    await here.clock.advance(180_000);
    await here.settled();
    expect(about(here, 'budget used up')).toHaveLength(1);
    expect(here.agent.active.size).toBe(0);
    await noted(here, ann(here), 'budget_exceeded: budget used up');
    here.agent.once(/^hello$/, 'a new message is a new tree');
    await here.ask('hello', 'a new message is a new tree');
  });

  test('leave finished results to the formatter: no model can report them any more', async () => {
    const here = await open({ tree: { tokens: 1000 } });
    here.agent.once(/^research$/, 'A is 1');
    here.agent.once(completionTurn('research'), [spend(2000, 0), fail('overloaded')]);
    await delegate(here, 'research');
    await here.channel.next('budget used up');
    await here.until(() => !here.engine.layer.turns.busy(), 'the first attempt to end');
    await here.clock.flush();
    await here.clock.advance(5_000);
    await here.channel.next('✅ research: completed successfully\nA is 1');
    await delivers(here, 'research', 'delivered');
    await here.settled();
    expect(here.channel.texts()).toHaveLength(3);
  });

  test('let a chat’s last answer through, and stop the turn at its next call', async () => {
    const here = await open({ tree: { tokens: 100 } });
    here.agent.once(/^dear$/, [spend(200, 0), say('the dear answer')]);
    await here.ask('dear', 'the dear answer');
    await here.channel.next('budget used up');
    await here.settled();
    expect(here.channel.texts()).toHaveLength(2);
    const go = gate();
    here.agent.once(/^dear$/, async function* (context) {
      yield spend(200, 0);
      await go.passed(context);
      yield say('another dear answer');
    });
    await here.say('dear');
    await here.until(() => about(here, 'used up').length === 2, 'the notice');
    await here.say('and one more thing');
    await here.until(() => here.engine.layer.turns.waiting(ann(here)).length === 1, 'the message');
    go.open();
    await here.channel.next('another dear answer');
    await here.settled();
    expect(here.channel.texts()).toHaveLength(4);
  });
});

test('a tree’s cost is a budget too', async () => {
  const here = await open({ tree: { costUsd: 1 } });
  const go = gate();
  here.agent.once(/^dear$/, async function* (context) {
    yield spend(10, 10, 1.5);
    await go.passed(context);
  });
  await delegate(here, 'dear');
  expect((await here.channel.next('budget used up')).text).toMatch(
    /^⚠️ stopped: budget used up: \$1\.50 of \$1\.00 \(budgets\.tree\.costUsd\)\. .*\nfailed \(budget_exceeded\): dear$/,
  );
});

describe('a tree’s seconds', () => {
  test('end it while its turns are at work, counted side by side', async () => {
    const here = await open({ tree: { seconds: 100 } });
    here.agent.always(/^work \d$/, [say('at it'), hang()]);
    await delegate(here, 'work 1', 'work 2');
    await ends(here, 'work 1', 'running');
    await ends(here, 'work 2', 'running');
    await here.until(() => here.agent.active.size === 2, 'both turns');
    await here.clock.flush();
    await here.clock.advance(39_000);
    expect(about(here, 'budget')).toEqual([]);
    await within(here, 2_000, here.channel.next('80 % of a budget is used: 80 s of work of 100 s of work'));
    await here.clock.advance(8_000);
    expect(about(here, 'used up')).toEqual([]);
    const { text } = await within(here, 3_000, here.channel.next('used up'));
    expect(text).toContain('failed (budget_exceeded): work 1, work 2');
    await here.settled();
    expect(here.agent.active.size).toBe(0);
  });

  test('do not pass while nobody works', async () => {
    const here = await open({ tree: { seconds: 100 } });
    here.agent.once(/^lead$/, [start('below'), say('waiting')]);
    here.agent.once(/^below$/, [wait(50_000), say('below result')]);
    here.agent.once((session, text) => session.kind === 'subagent' && text.includes('below result'), 'lead result');
    here.agent.once(completionTurn('lead'), 'All done.');
    await delegate(here, 'lead');
    await ends(here, 'below', 'running');
    await here.until(() => here.agent.active.size === 1, 'one turn');
    await here.clock.advance(50_000);
    await here.channel.next('All done.');
    expect(about(here, 'budget')).toEqual([]);
  });
});

describe('a day’s tokens', () => {
  test('stop the tree that reaches the limit and refuse every other until the next day', async () => {
    const here = await open({ day: { tokens: 1000 } });
    const go = gate();
    here.agent.once(/^greedy$/, spender(2000, go));
    await delegate(here, 'greedy');
    await here.channel.next('failed (budget_exceeded): greedy');
    expect(await here.ask('hello', 'budget')).toMatch(/^⚠️ the budget is used up: .*budgets\.day\.tokens/);
    expect(await typed(here, '/subagents spawn main more')).toMatch(/^Spawn failed: .*budgets\.day\.tokens/);
    await here.settled();
    await here.clock.advance(24 * 3_600_000);
    here.agent.once(/^good morning$/, 'a new day');
    await here.ask('good morning', 'a new day');
  });
});

describe('the breaker', () => {
  /** One tree: each completion starts the same task again. */
  async function failsAgainAndAgain(here: World): Promise<string[]> {
    const refusals: string[] = [];
    here.agent.always(/^task$/, [fail('broken')]);
    here.agent.always(completionTurn(), async function* () {
      const answer = yield start('task');
      if (answer?.failed === true) refusals.push(answer.text);
      yield say(answer?.failed === true ? 'refused' : 'NO_REPLY');
    });
    await delegate(here, 'task');
    await here.channel.next('refused');
    return refusals;
  }

  test('refuses a task that failed three times in a row for ten minutes, then allows it again', async () => {
    const here = await open({});
    const refusals = await failsAgainAndAgain(here);
    await here.settled();
    expect(here.runs()).toHaveLength(3);
    expect(refusals[0]).toContain('"code":"breaker_open"');
    expect(refusals[0]).toContain('failed 3 times in a row');
    const tree = here.run('task').tree;
    const { budgets } = here.engine.stores;
    expect(budgets.breaker(tree, 'main', 'task')).toBeDefined();
    expect(budgets.breaker(tree, 'main', 'another task')).toBeUndefined();
    await here.clock.advance(600_000);
    expect(budgets.breaker(tree, 'main', 'task')).toBeUndefined();
  });

  test('does not count a stop, neither for nor against the task', async () => {
    const here = await open({});
    const { budgets } = here.engine.stores;
    here.agent.always(/^task$/, [say('at it'), hang()]);
    await delegate(here, 'task');
    const tree = here.run('task').tree;
    for (let n = 0; n < 2; n += 1) await budgets.recordEnd(tree, 'main', 'task', true);
    await ends(here, 'task', 'running');
    await typed(here, '/subagents kill task');
    await here.settled();
    await budgets.recordEnd(tree, 'main', 'task', true);
    expect(budgets.breaker(tree, 'main', 'task')).toBeDefined();
  });
});

test('an agent that starts itself for ever is stopped by the budget, with one notice', async () => {
  const here = await open({ tree: { tokens: 1000 } });
  here.agent.always(/^again/, async function* ({ text, turn }) {
    yield start(`${text}.${turn}`);
    yield start(`${text}+`);
    yield say('waiting');
  });
  here.agent.always((session, text) => session.kind === 'subagent' && !text.startsWith('again'), 'digested');
  here.agent.always(completionTurn(), async function* () {
    yield start('again');
    yield say('NO_REPLY');
  });
  await delegate(here, 'again');
  await here.channel.next('budget used up');
  await here.clock.advance(180_000);
  await here.settled();
  expect(about(here, 'budget used up')).toHaveLength(1);
  const tree = here.run('again').tree;
  const { input, output } = here.engine.stores.budgets.treeUsage(tree);
  // Eight runs and the chat may each have had one call of 15 tokens under way.
  expect(input + output).toBeLessThan(1000 + 9 * 15 + 1);
  expect(here.runs().filter((run) => run.state.status === 'running')).toEqual([]);
});

test('the usage of the runs of a tree is the usage of the tree, however they end', async () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const agent = scriptedRuntime({ usage: { input: 7 * seed, output: 3, costUsd: 0.01, context: 7, reported: true } });
    const here = await open({ tree: { tokens: seed % 2 === 0 ? 400 : 0 } }, { seed, runtime: agent });
    const stuck = gate();
    agent.always(/^(?:a|b|c)$/, async function* (context) {
      yield start(`${context.text}1`);
      yield start(`${context.text}2`);
      yield say('waiting');
    });
    agent.always(/^[abc]1$/, [spend(50 * seed, 1, 0.02), say('result')]);
    agent.always(/^[abc]2$/, async function* (context) {
      yield spend(20, 20, 0.03);
      if (context.text === 'b2') await stuck.passed(context);
      else if (context.text === 'c2') yield fail('broken');
      yield say('result');
    });
    agent.always((session, text) => session.kind === 'subagent' && text.includes('completion'), 'digested');
    await typed(here, '/subagents spawn main a');
    await typed(here, '/subagents spawn main b');
    await typed(here, '/subagents spawn main c');
    await here.until(() => here.runs().filter((run) => /2$/.test(run.label) || run.usage.reported).length >= 3, 'work');
    if (seed % 3 === 0) await here.ask('/stop', 'stopped');
    stuck.open();
    await here.settled();
    for (const tree of new Set(here.runs().map((run) => run.tree))) {
      const own = here.runs().filter((run) => run.tree === tree);
      const total = here.engine.stores.budgets.treeUsage(tree);
      expect(own.reduce((sum, run) => sum + run.usage.input, 0)).toBe(total.input);
      expect(own.reduce((sum, run) => sum + run.usage.output, 0)).toBe(total.output);
      expect(own.reduce((sum, run) => sum + (run.usage.costUsd ?? 0), 0)).toBeCloseTo(total.costUsd ?? 0, 6);
    }
    expect(turnsOf(here, ann(here))).toEqual([]);
    await here.close();
    world = undefined;
  }
});
