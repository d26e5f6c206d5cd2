// Stopping trees at full size: within a second, with exact counts, wedged turns named and forced, nothing heard afterwards.
import { afterEach, describe, expect, test } from 'vitest';
import { call, fail, hang, type ScriptContext, say } from '../fakes/script.ts';
import { completionTurn, delegate, delivers, ends, gate, isCompletion, start, turnsOf, within } from './endings.ts';
import { inGroup, openPeople, twoDeep, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const wide = {
  agents: { defaults: { subagents: { maxSpawnDepth: 3, maxChildrenPerAgent: 20, startTimeoutSeconds: 0 } } },
};
const chat = 'agent:main:console:direct:ann';

/** Winds down for a while after its abort. */
const slowly = (ms: number) =>
  async function* ({ signal, clock }: ScriptContext) {
    await new Promise<void>((resolve) =>
      signal.addEventListener('abort', () => clock.after(ms, resolve), { once: true }),
    );
    yield say('gone');
  };

/** Five runs with nine children each: 50 runs, of which eight at a time work; one child is deaf. */
async function fifty(): Promise<World> {
  const here = await openWorld({ config: wide });
  world = here;
  const leads = ['a', 'b', 'c', 'd', 'e'];
  const all = gate();
  for (const lead of leads) {
    const workers = Array.from({ length: 9 }, (_, n) => start(`${lead}${n}`));
    here.agent.once(new RegExp(`^${lead}$`), async function* (context) {
      await all.passed(context);
      yield* workers;
      yield say('waiting');
    });
  }
  here.agent.always(/^[a-e]\d$/, ({ text }) => [hang({ deaf: text === 'a0' })]);
  await delegate(here, ...leads);
  for (const lead of leads) await ends(here, lead, 'running');
  all.open();
  for (const lead of leads) await ends(here, lead, 'waiting');
  await here.until(() => here.runs().filter((run) => run.state.status === 'running').length === 8, 'a full lane');
  return here;
}

describe('/stop with 50 runs, one of them deaf', () => {
  test('answers within a second with exact counts, and nothing is heard of them afterwards', async () => {
    const here = await fifty();
    here.agent.once(/^busy$/, [hang()]);
    await here.say('busy');
    await here.until(() => here.agent.active.has(chat), 'the turn');
    await typed(here, '/queue followup');
    await here.say('first');
    await here.say('second');
    await here.until(() => here.engine.layer.turns.waiting(chat).length === 2, 'the messages');
    const asked = here.clock.now();
    const before = here.channel.sent.length;
    const answer = here.channel.next('stopped:');
    await here.say('/stop');
    expect((await within(here, 1_000, answer)).text.split('\n')).toEqual([
      expect.stringMatching(
        /^⚠️ stopped: 1 turn here, 49 sub-agents \(8 of them children of #1, 9 of #2, 9 of #3, 9 of #4, 9 of #5\), 2 waiting messages\.$/,
      ),
      expect.stringMatching(/^⚠️ a0 \(run [0-9a-f]{8}\) did not stop within 1 s and was forced$/),
    ]);
    expect(here.clock.now() - asked).toBeLessThanOrEqual(1_000);
    for (const run of here.runs()) await delivers(here, run.label, 'skipped');
    await here.clock.advance(10_000);
    await here.until(() => !here.engine.layer.turns.busy(), 'the slots to be free');
    expect(here.engine.layer.scheduler.stats().lanes.map((lane) => [lane.active, lane.waiting])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    await here.clock.advance(180_000);
    expect(here.channel.sent).toHaveLength(before + 1);
    expect(here.agent.turns.map((turn) => turn.text)).not.toContain('first');
    here.agent.once(/^hello$/, 'hello again');
    await here.ask('hello', 'hello again');
    here.agent.once(/^fresh$/, 'fresh result');
    await here.ask('/subagents spawn main fresh', '✅ main started');
    await here.channel.next('fresh result');
  });

  test('/subagents kill all counts the same way; a second time nothing was running', async () => {
    const here = await fifty();
    const answer = here.channel.next('stopped');
    await here.say('/subagents kill all');
    expect((await within(here, 1_000, answer)).text).toMatch(/^⚠️ stopped 49, already finished 0, failed 1\n⚠️ a0 \(run/);
    expect(await typed(here, '/subagents kill all')).toBe('ℹ️ nothing was running');
    await here.clock.advance(10_000);
  });
});

describe('stopping', () => {
  test('winds siblings down side by side, not one after another', async () => {
    const here = await openWorld();
    world = here;
    here.agent.always(/^slow\d$/, slowly(900));
    await delegate(here, 'slow1', 'slow2', 'slow3');
    for (const task of ['slow1', 'slow2', 'slow3']) await ends(here, task, 'running');
    const asked = here.clock.now();
    const answer = here.channel.next('stopped');
    await here.say('/stop');
    expect((await within(here, 1_000, answer)).text).toBe('✅ stopped: 3 sub-agents. Nothing else was running.');
    expect(here.clock.now() - asked).toBeLessThanOrEqual(1_000);
  });

  test('a chat’s own wedged turn and a wedged run are waited for together, and both named', async () => {
    const here = await openWorld();
    world = here;
    here.agent.once(/^deaf run$/, [hang({ deaf: true })]);
    await delegate(here, 'deaf run');
    here.agent.once(/^deaf chat$/, [hang({ deaf: true })]);
    await here.say('deaf chat');
    await here.until(() => here.agent.active.size === 2, 'both turns');
    const asked = here.clock.now();
    const answer = here.channel.next('did not stop');
    await here.say('/stop');
    expect((await within(here, 1_000, answer)).text.split('\n')).toEqual([
      '⚠️ stopped: nothing in time',
      '⚠️ the turn here did not stop within 1 s and was forced',
      expect.stringMatching(/^⚠️ deaf run \(run/),
    ]);
    expect(here.clock.now() - asked).toBeLessThanOrEqual(1_050);
    await here.say('still there?');
    await here.clock.flush();
    await here.clock.advance(10_000);
    await here.channel.next('ok');
  });

  test('drops whatever a wedged turn says when it comes back', async () => {
    const here = await openWorld();
    world = here;
    const wedge = Promise.withResolvers<void>();
    here.agent.once(/^deaf run$/, async function* () {
      await wedge.promise;
      yield say('late words');
      yield call('sessions_spawn', { task: 'late child' });
    });
    await delegate(here, 'deaf run');
    await ends(here, 'deaf run', 'running');
    const answer = here.channel.next('did not stop');
    await here.say('/stop');
    await within(here, 1_000, answer);
    await here.clock.advance(10_000);
    await here.until(() => !here.engine.layer.turns.busy(), 'the slots to be free');
    wedge.resolve();
    await here.until(() => here.agent.active.size === 0, 'the wedged turn to come back');
    await here.settled();
    expect(here.run('deaf run').state).toMatchObject({ status: 'stopped', outcome: { kind: 'stopped', by: 'user' } });
    expect(here.channel.texts().join()).not.toContain('late');
    const entries = await here.engine.stores.transcripts.read(here.run('deaf run').childSessionId);
    expect(JSON.stringify(entries)).not.toContain('late');
    expect(here.runs()).toHaveLength(1);
  });

  test('catches children that are being started at that very moment', async () => {
    const here = await openWorld({ config: wide });
    world = here;
    here.agent.always(/^lead \d$/, async function* (context) {
      for (let n = 0; n < 20; n += 1) yield start(`${context.text} child ${n}`);
      yield say('all started');
    });
    here.agent.always(/child/, [hang()]);
    await delegate(here, 'lead 1', 'lead 2');
    await here.until(() => here.runs().length > 6, 'some children');
    expect(await typed(here, '/stop')).toContain('stopped:');
    await here.settled();
    expect(here.runs().filter((run) => run.state.status !== 'stopped')).toEqual([]);
    expect(here.agent.active.size).toBe(0);
  });

  test('takes a result along that was between two attempts to report it', async () => {
    const here = await openWorld();
    world = here;
    here.agent.once(/^research$/, 'A is 1');
    here.agent.always(completionTurn(), [fail('overloaded')]);
    await delegate(here, 'research');
    await here.until(() => turnsOf(here, chat).some(isCompletion) && !here.engine.layer.turns.busy(), 'an attempt');
    const told = 'ℹ️ nothing was running. 1 finished result was not told; /subagents log #1.';
    expect(await typed(here, '/stop')).toBe(told);
    expect((await delivers(here, 'research', 'skipped')).delivery.reason).toBe('stopped before it was reported');
    await here.clock.advance(180_000);
    await here.settled();
    expect(turnsOf(here, chat).filter(isCompletion)).toHaveLength(1);
    expect(here.channel.texts()).toEqual(['started research', told]);
  });

  test('stops queued runs too: they never start', async () => {
    const here = await openWorld({ config: { agents: { defaults: { subagents: { maxConcurrent: 1 } } } } });
    world = here;
    here.agent.always(/^work \d$/, [hang()]);
    await delegate(here, 'work 1', 'work 2', 'work 3');
    await ends(here, 'work 1', 'running');
    expect(await typed(here, '/subagents kill work 3')).toContain('Usage');
    expect(await typed(here, `/subagents kill ${here.run('work 3').id}`)).toBe(
      '✅ stopped 1, already finished 0, failed 0',
    );
    expect(await typed(here, '/stop')).toBe('✅ stopped: 2 sub-agents. Nothing else was running.');
    await here.settled();
    expect(here.agent.turns.map((turn) => turn.text)).not.toContain('work 2');
    expect(here.agent.turns.map((turn) => turn.text)).not.toContain('work 3');
  });

  test('of a run that ended says so, and what is below it is stopped all the same', async () => {
    const here = await openWorld(twoDeep);
    world = here;
    here.agent.once(/^quick$/, 'quick result');
    here.agent.always(completionTurn(), 'NO_REPLY');
    await delegate(here, 'quick');
    await delivers(here, 'quick', 'silent');
    expect(await typed(here, '/subagents kill quick')).toBe('ℹ️ nothing was running: already finished 1');
  });
});

test('/stop in a bound conversation stops only the bound session and what is below it, and says so', async () => {
  const here = await openPeople({ config: twoDeep.config, channel: { can: { threads: true } } });
  world = here;
  here.agent.once(/^docs$/, [start('inner'), say('waiting for inner')]);
  here.agent.always(/^(?:inner|other)$/, [say('at it'), hang()]);
  here.agent.once(/^go$/, [start('docs', { thread: true, context: 'isolated' }), start('other'), say('started')]);
  await here.say('go', inGroup(here));
  await ends(here, 'docs', 'waiting');
  await ends(here, 'inner', 'running');
  await ends(here, 'other', 'running');
  const thread = here.channel.threads[0]?.route.thread;
  expect(await typed(here, '/stop', inGroup(here, {}, thread))).toBe(
    '✅ stopped: 2 sub-agents (1 of them a child of #1).\nℹ️ Only the bound session docs and what it started were stopped.',
  );
  expect(here.run('other').state.status).toBe('running');
  expect(await typed(here, '/stop', inGroup(here, {}, thread))).toMatch(/^ℹ️ nothing was running\n/);
  await typed(here, '/stop', inGroup(here));
});
