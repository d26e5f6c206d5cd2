// From "the run ended" to "the requester knows": completion turns and their retries, the formatter, silence, injection,
// batches, requesters that are gone, and restarts in between.
import { afterEach, describe, expect, test } from 'vitest';
import { boundary, call, fail, hang, type ScriptStep, say, wait } from '../fakes/script.ts';
import {
  ann,
  completionTurn,
  delegate,
  delivers,
  ends,
  gate,
  isCompletion,
  noted,
  notes,
  start,
  turnsOf,
} from './endings.ts';
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

describe('a run started by an agent', () => {
  test('is reported by the requester in its own words, once', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    here.agent.once(completionTurn('research'), 'It is one.');
    await delegate(here, 'research');
    await here.channel.next('It is one.');
    const run = await delivers(here, 'research', 'delivered');
    expect(run.delivery).toMatchObject({ attempts: 1, deliveredAt: here.clock.now() });
    expect(here.channel.sent.at(-1)?.key).toBe(`announce:${run.id}:0`);
    expect(here.channel.texts()).toEqual(['started research', 'It is one.']);
  });

  test('reads a block with status, result and stats, and nothing of the child gets out', async () => {
    const here = await open();
    here.agent.once(/^research$/, [say('thinking aloud'), say('A is 1')]);
    here.agent.once(completionTurn('research'), 'NO_REPLY');
    await delegate(here, 'research');
    const run = await delivers(here, 'research', 'silent');
    const block = turnsOf(here, ann(here)).find(isCompletion) ?? '';
    expect(block).toContain(`Child: ${run.child} (session ${run.childSessionId})`);
    expect(block).toContain('Status: success');
    expect(block).toMatch(/~{8}\nA is 1\n~{8}/);
    expect(block).toMatch(/^Stats: runtime 0\.0s · tokens 10 in \/ 5 out \/ 15 total/m);
    expect(here.channel.texts()).toEqual(['started research']);
    expect(run.delivery.reason).toBe('the agent answered NO_REPLY');
  });

  test.each([
    ['fails', [fail('overloaded')]],
    ['answers nothing', []],
  ] as const)(
    'is handed over again after 5, 20 and 60 s where the requester %s, then posted once',
    async (_, script) => {
      const here = await open();
      here.agent.once(/^research$/, 'A is 1');
      here.agent.always(completionTurn(), script);
      await delegate(here, 'research');
      const tried = (): number => turnsOf(here, ann(here)).filter(isCompletion).length;
      for (const [attempt, pause] of [5_000, 20_000, 60_000].entries()) {
        await here.until(() => tried() === attempt + 1 && !here.engine.layer.turns.busy(), `attempt ${attempt + 1}`);
        await here.until(() => here.run('research').delivery.state === 'handed', 'it to be owed');
        await here.clock.flush();
        await here.clock.advance(pause - 1);
        await here.clock.flush();
        expect(tried()).toBe(attempt + 1);
        await here.clock.advance(1);
      }
      const posted = await here.channel.next('completed successfully');
      expect(posted.text).toBe(
        `✅ research: completed successfully\nA is 1\nruntime 0.0s · tokens 10 in / 5 out / 15 total · est. $0.00 · run ${here.run('research').id.slice(0, 8)}`,
      );
      expect(tried()).toBe(4);
      await delivers(here, 'research', 'delivered');
      expect(here.channel.texts()).toHaveLength(2);
    },
  );

  test('is taken from a turn that is too slow, each attempt aborted before the next', async () => {
    const here = await open({ config: { agents: { defaults: { subagents: { announceTimeoutMs: 30_000 } } } } });
    here.agent.once(/^research$/, 'A is 1');
    here.agent.once(completionTurn(), [hang()]);
    here.agent.once(completionTurn(), 'It is one.');
    await delegate(here, 'research');
    await here.until(() => here.agent.active.has(ann(here)), 'the first attempt');
    await here.clock.advance(29_999);
    expect(here.agent.active.get(ann(here))).toBe(1);
    await here.clock.advance(1);
    await here.until(() => !here.engine.layer.turns.busy(), 'the first attempt to end');
    await here.clock.flush();
    await here.clock.advance(5_000);
    await here.channel.next('It is one.');
    expect(here.agent.most.inOneSession).toBe(1);
  });

  test('does not count the wait for a lane against the time limit', async () => {
    const here = await open({
      config: { agents: { defaults: { maxConcurrent: 1, subagents: { announceTimeoutMs: 10_000 } } } },
    });
    const done = gate();
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    here.agent.once(/^busy$/, [wait(60_000), say('not busy')]);
    here.agent.once(completionTurn(), [hang()]);
    here.agent.once(completionTurn(), 'It is one.');
    await delegate(here, 'research');
    await here.say('busy', { from: { id: 'bob' } });
    await here.until(() => here.agent.active.has('agent:main:console:direct:bob'), 'the lane to be full');
    done.open();
    await here.until(() => here.run('research').delivery.state === 'handed', 'the handover');
    await here.clock.advance(60_000);
    await here.channel.next('not busy');
    await here.until(() => here.agent.active.has(ann(here)), 'the completion turn');
    await here.clock.flush();
    await here.clock.advance(9_999);
    expect(here.agent.active.has(ann(here))).toBe(true);
    await here.clock.advance(1);
    await here.until(() => !here.engine.layer.turns.busy(), 'its end');
    await here.clock.flush();
    await here.clock.advance(5_000);
    await here.channel.next('It is one.');
    expect(turnsOf(here, ann(here)).filter(isCompletion)).toHaveLength(2);
  });

  test('that failed, timed out or said nothing is reported with that status', async () => {
    const here = await open();
    const told = gate();
    here.agent.once(/^broken$/, async function* (context) {
      await told.passed(context);
      yield say('half');
      yield fail('no such key', 'bad_key');
    });
    here.agent.once(/^mute$/, async function* (context) {
      await told.passed(context);
      yield call('agents_list');
    });
    here.agent.always(completionTurn(), 'NO_REPLY');
    await delegate(here, 'broken', 'mute');
    told.open();
    await delivers(here, 'broken', 'silent');
    await delivers(here, 'mute', 'silent');
    const read = (await notes(here, ann(here))).join('\n');
    expect(read).toContain('Status: error\nResult: (untrusted');
    expect(read).toContain('\nbad_key: no such key\n');
    expect(read).not.toContain('half');
    expect(read).toMatch(/\npartial: last tool output\nunknown tool agents_list\n/);
  });

  test('with announce.mode.agentRuns direct is posted by the formatter, with a note for the requester', async () => {
    const here = await open({ config: { announce: { mode: { agentRuns: 'direct' } } } });
    here.agent.once(/^research$/, 'A is 1');
    await delegate(here, 'research');
    await here.channel.next('✅ research: completed successfully');
    await delivers(here, 'research', 'delivered');
    expect(turnsOf(here, ann(here))).toEqual(['delegate research']);
    expect(await noted(here, ann(here), 'A is 1')).toMatch(
      /^\[Already shown to the person; no answer is needed\.]\n\[/,
    );
  });
});

describe('a run started by a person', () => {
  test('is posted by the formatter at no cost, and noted for the agent', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    await here.ask('/subagents spawn main research', '✅ main started');
    await here.channel.next('✅ research: completed successfully\nA is 1');
    await delivers(here, 'research', 'delivered');
    expect(turnsOf(here, ann(here))).toEqual([]);
    await noted(here, ann(here), 'A is 1');
  });

  test('with announce.mode.userRuns agent is given to the agent', async () => {
    const here = await open({ config: { announce: { mode: { userRuns: 'agent' } } } });
    here.agent.once(/^research$/, 'A is 1');
    here.agent.once(completionTurn(), 'Your research says one.');
    await here.ask('/subagents spawn main research', '✅ main started');
    await here.channel.next('Your research says one.');
  });

  test.each([['NO_REPLY'], ['no_reply'], ['']])('that answers %j still says that it finished', async (text) => {
    const here = await open();
    here.agent.once(/^research$/, text === '' ? [] : text);
    await here.ask('/subagents spawn main research', '✅ main started');
    const posted = await here.channel.next('✅ research: completed');
    expect(posted.text.split('\n')[1]).toBe('finished, no text result');
  });

  test('cuts a long result and says where the rest is', async () => {
    const here = await open({ config: { announce: { maxChars: 100 } } });
    here.agent.once(/^research$/, `${'word '.repeat(100)}end`);
    await here.ask('/subagents spawn main research', '✅ main started');
    const { text } = await here.channel.next('✅ research: completed');
    expect(text).toContain(`[cut; /subagents log ${here.run('research').id.slice(0, 8)}]\nruntime`);
    expect(text).not.toContain('end\n');
  });
});

describe('silence', () => {
  test.each([
    ['ANNOUNCE_SKIP', 'skipped', 'the run answered ANNOUNCE_SKIP'],
    ['NO_REPLY', 'silent', 'the run answered NO_REPLY'],
    ['no_reply', 'silent', 'the run answered NO_REPLY'],
  ] as const)('a run whose last word is %s is not announced, whatever it said before', async (word, state, reason) => {
    const here = await open();
    here.agent.once(/^research$/, [say('something'), say(word)]);
    await delegate(here, 'research');
    expect((await delivers(here, 'research', state)).delivery.reason).toBe(reason);
    expect(here.channel.texts()).toEqual(['started research']);
    const list = await typed(here, '/subagents');
    expect(list).toContain(`done · delivery ${state}`);
  });

  test('ANNOUNCE_SKIP holds for runs a person started as well', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'ANNOUNCE_SKIP');
    await here.ask('/subagents spawn main research', '✅ main started');
    await delivers(here, 'research', 'skipped');
    expect(here.channel.texts()).toHaveLength(1);
  });

  test('about one thing takes back nothing said about another in the same turn', async () => {
    const here = await open();
    const [done, asked] = [gate(), gate()];
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    await delegate(here, 'research');
    here.agent.once(/^six times seven\?$/, async function* (context) {
      await asked.passed(context);
      // The script runs again for what came in meanwhile.
      yield say(context.round === 0 ? '42' : 'NO_REPLY');
    });
    await here.say('six times seven?');
    await here.until(() => here.agent.active.has(ann(here)), 'the turn');
    done.open();
    await here.until(() => here.run('research').delivery.state === 'handed', 'the completion to be injected');
    asked.open();
    await here.channel.next('42');
    await here.settled();
    expect(here.channel.texts()).toEqual(['started research', '42']);
    expect(here.run('research').delivery.state).toBe('silent');
  });
});

describe('a requester at work', () => {
  /** A turn that waits at a boundary until told, then takes in what came and answers `text`. */
  async function busyTurn(here: World, word: string, steps: (go: () => Promise<void>) => AsyncGenerator<ScriptStep>) {
    const go = gate();
    here.agent.once(new RegExp(`^${word}$`), (context) => steps(() => go.passed(context)) as never);
    await here.say(word);
    await here.until(() => here.agent.active.has(ann(here)), 'the turn');
    return go;
  }

  test('takes the completion in at its next boundary; its answer is the delivery', async () => {
    const here = await open();
    const done = gate();
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    await delegate(here, 'research');
    const go = await busyTurn(here, 'chat', async function* (wait) {
      await wait();
      yield boundary();
      yield say('By the way, it is one.');
    });
    done.open();
    await here.until(() => here.run('research').delivery.state === 'handed', 'the handover');
    go.open();
    const sent = await here.channel.next('By the way');
    expect(sent.key).toBe(`announce:${here.run('research').id}:0`);
    await delivers(here, 'research', 'delivered');
    expect(turnsOf(here, ann(here))).toEqual(['delegate research', 'chat']);
  });

  test('that fails after it has told of one result is asked again only for the other', async () => {
    const here = await open();
    const [one, two, failing] = [gate(), gate(), gate()];
    for (const [task, done] of [
      ['one', one],
      ['two', two],
    ] as const) {
      here.agent.once(new RegExp(`^${task}$`), async function* (context) {
        await done.passed(context);
        yield say(`result ${task}`);
      });
    }
    await delegate(here, 'one', 'two');
    here.agent.once(completionTurn('one'), async function* (context) {
      if (context.round === 1) yield fail('overloaded');
      await failing.passed(context);
      yield say('told of one');
    });
    here.agent.once(completionTurn('two'), 'told of two');
    one.open();
    await here.until(() => here.agent.active.has(ann(here)), 'the first report');
    two.open();
    await here.until(() => here.run('two').delivery.state === 'handed', 'the second result');
    failing.open();
    await here.channel.next('told of one');
    await here.until(() => !here.engine.layer.turns.busy(), 'the turn to fail');
    await here.clock.flush();
    await here.clock.advance(5_000);
    await here.channel.next('told of two');
    await here.settled();
    expect(here.channel.texts()).toHaveLength(3);
    expect(here.runs().map((run) => run.delivery.state)).toEqual(['delivered', 'delivered']);
  });

  test('that ends without reading it gets a completion turn', async () => {
    const here = await open();
    const done = gate();
    here.agent.once(/^research$/, async function* (context) {
      await done.passed(context);
      yield say('A is 1');
    });
    await delegate(here, 'research');
    const go = await busyTurn(here, 'chat', async function* (wait) {
      await wait();
      yield fail('model gone');
    });
    here.agent.once(completionTurn('research'), 'It is one.');
    done.open();
    await here.until(() => here.run('research').delivery.state === 'handed', 'the handover');
    go.open();
    await here.channel.next('model gone');
    await here.channel.next('It is one.');
    await delivers(here, 'research', 'delivered');
    expect(here.channel.texts()).toHaveLength(3);
  });
});

describe('several completions', () => {
  test('of one turn that wait are given together; those of another turn are not', async () => {
    const here = await open();
    const [done, lane] = [gate(), gate()];
    for (const task of ['one', 'two', 'three']) {
      here.agent.once(new RegExp(`^${task}$`), async function* (context) {
        await done.passed(context);
        yield say(`result ${task}`);
      });
    }
    await delegate(here, 'one', 'two');
    await delegate(here, 'three');
    here.agent.once(/^block$/, async function* (context) {
      await lane.passed(context);
      yield fail('ended');
    });
    await here.say('block');
    await here.until(() => here.agent.active.has(ann(here)), 'the turn');
    here.agent.always(completionTurn(), ({ text }) => `told of ${text.split('[switchyard completion]').length - 1}`);
    done.open();
    for (const task of ['one', 'two', 'three'])
      await here.until(() => here.run(task).delivery.state === 'handed', `${task} to wait`);
    lane.open();
    await here.channel.next('told of 2');
    await here.channel.next('told of 1');
    await here.settled();
    const [both, alone] = here.channel.sent.slice(-2);
    expect(both?.key).toBe(`announce:${here.run('one').id}:0`);
    expect(alone?.key).toBe(`announce:${here.run('three').id}:0`);
    expect(here.runs().map((run) => run.delivery.state)).toEqual(['delivered', 'delivered', 'delivered']);
  });
});

describe('a restart', () => {
  test('between the end and the first attempt: the result arrives once', async () => {
    const held = gate();
    let hooks = 0;
    const here = await open({
      onRunEnded: async () => {
        hooks += 1;
        if (hooks === 1) await held.passed({ signal: new AbortController().signal } as never);
      },
    });
    here.agent.once(/^research$/, 'A is 1');
    await here.ask('/subagents spawn main research', '✅ main started');
    await ends(here, 'research', 'succeeded');
    expect(here.run('research').delivery.state).toBe('pending');
    await here.restart('kill');
    await here.channel.next('✅ research: completed successfully');
    await delivers(here, 'research', 'delivered');
    held.open();
    await here.settled();
    expect(here.channel.texts().filter((text) => text.includes('A is 1'))).toHaveLength(1);
  });

  test('in the middle of the handover: it is handed over again, and told once', async () => {
    const here = await open();
    here.agent.once(/^research$/, 'A is 1');
    here.agent.once(completionTurn('research'), [hang()]);
    await delegate(here, 'research');
    await here.until(() => here.agent.active.has(ann(here)), 'the completion turn');
    here.agent.once(completionTurn('research'), 'It is one.');
    await here.restart('kill');
    await here.channel.next('It is one.');
    await delivers(here, 'research', 'delivered');
    expect(here.channel.texts()).toEqual(['started research', 'It is one.']);
  });

  test('while the message is being sent: a channel that knows its keys shows it once', async () => {
    const here = await open();
    here.channel.judge((attempt) => (attempt.key.startsWith('announce:') ? { hang: 'applied' } : undefined));
    here.agent.once(/^research$/, 'A is 1');
    await here.ask('/subagents spawn main research', '✅ main started');
    await here.channel.next('✅ research: completed successfully');
    expect(here.run('research').delivery.state).toBe('sending');
    here.channel.judge(undefined);
    await here.restart('kill');
    await delivers(here, 'research', 'delivered');
    await here.settled();
    expect(here.channel.texts().filter((text) => text.includes('A is 1'))).toHaveLength(1);
    await noted(here, ann(here), 'A is 1');
    expect((await notes(here, ann(here))).filter((text) => text.includes('A is 1'))).toHaveLength(1);
  });

  test('drains without waiting for a session that sleeps until its other children are done', async () => {
    const here = await open();
    const done = gate();
    here.agent.once(/^quick$/, async function* (context) {
      await done.passed(context);
      yield say('quick result');
    });
    here.agent.once(/^slow$/, [say('at it'), hang()]);
    here.agent.once(/^go$/, [start('quick'), start('slow'), call('sessions_yield'), say('unheard')]);
    await here.say('go');
    await here.until(() => here.engine.layer.turns.holding(ann(here)), 'the chat to sleep');
    await here.until(() => !here.agent.active.has(ann(here)), 'its turn to end');
    done.open();
    await here.until(() => here.run('quick').delivery.state === 'handed', 'the handover');
    here.agent.always(completionTurn(), ({ text }) => `told: ${text.split('[switchyard completion]').length - 1}`);
    await here.restart();
    await here.settled();
    expect(here.run('quick').delivery.state).toBe('delivered');
    expect(here.run('slow')).toMatchObject({ state: { status: 'succeeded' }, delivery: { state: 'delivered' } });
  });
});

test('the code hook runs before the announcement, which waits for it at most 5 s', async () => {
  const seen: string[] = [];
  const here = await open({
    onRunEnded: async (run) => {
      seen.push(`hook ${run.label}`);
      if (run.label === 'slow') await new Promise<never>(() => {});
      throw new Error('browser is gone');
    },
  });
  here.agent.once(/^slow$/, 'slow result');
  here.agent.once(/^quick$/, 'quick result');
  await here.ask('/subagents spawn main quick', '✅ main started');
  await here.channel.next('quick result');
  await here.ask('/subagents spawn main slow', '✅ main started');
  await ends(here, 'slow', 'succeeded');
  await here.until(() => seen.length === 2, 'the hook');
  await here.clock.advance(4_999);
  expect(here.channel.texts().some((text) => text.includes('slow result'))).toBe(false);
  await here.clock.advance(1);
  await here.channel.next('slow result');
  expect(seen).toEqual(['hook quick', 'hook slow']);
  await here.settled();
});
