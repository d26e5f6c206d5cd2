import { afterEach, beforeEach, expect, test } from 'vitest';
import { skippedText } from '../../src/agents/native.ts';
import type { AgentRuntime } from '../../src/core/agent.ts';
import { aTool } from '../agents/kit.ts';
import { scriptedLoop, seen } from '../agents/native-kit.ts';
import { call, hang, type Script, say, wait } from '../fakes/script.ts';
import { modelCalls, modelSays } from '../fakes/scripted-model.ts';
import { answers, inboxRows, inboxStory, remembered } from './inbox-view.ts';
import { inGroup, openPeople, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

const second = 1_000;
let world: World;

const works: Script = ({ text }) => [wait(10 * second), say(`done: ${text}`)];

/** Starts a run and waits until it works. */
async function startsRun(task: string, how?: Parameters<World['say']>[1]): Promise<void> {
  const before = world.agent.turns.length;
  await typed(world, `/subagents spawn main ${task}`, how);
  await world.until(() => world.agent.turns.length > before, 'the run to start');
}

async function endsRun(): Promise<void> {
  await world.clock.advance(10 * second);
  await world.until(() => answers(world).some((text) => text.includes('completed successfully')), 'the completion');
  await world.settled();
}

const asked = (): string[] => world.agent.turns.map((turn) => turn.text);
const replies = (): string[] =>
  world.channel.sent.filter((one) => one.key.startsWith('command:')).map((one) => one.text);

beforeEach(async () => {
  world = await openWorld();
  world.agent.always(/.*/, works);
});

afterEach(async () => {
  await world.settled();
  expect(inboxRows(world).filter((row) => row.state === 'accepted')).toEqual([]);
  expect(
    Object.values(remembered(world)).every((size) => size === 0),
    JSON.stringify(remembered(world)),
  ).toBe(true);
  await world.close();
});

test('/steer goes into the running turn at its next boundary', async () => {
  await world.say('one');
  await world.until(() => asked().length === 1, 'the turn');
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/steer be brief');
  await world.until(() => world.engine.layer.turns.waiting('agent:main:console:direct:ann').length === 1, 'the note');
  await world.clock.advance(second);
  await world.clock.advance(second);
  expect((await reply).text).toBe('✅ goes in at the next step, or as next message');
  await world.clock.advance(8 * second);
  await world.clock.advance(10 * second);
  await world.until(() => answers(world).length === 2, 'both answers');
  expect(answers(world)).toEqual(['done: one', 'done: be brief']);
  expect(asked()).toEqual(['one']);
});

test('/steer says steered when a boundary comes in time', async () => {
  world.agent.once(/^one$/, ({ round, text }) => (round === 0 ? [wait(second), say('first')] : `heard: ${text}`));
  await world.say('one');
  await world.until(() => asked().length === 1, 'the turn');
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/tell be brief');
  await world.until(() => world.engine.layer.turns.waiting('agent:main:console:direct:ann').length === 1, 'the note');
  await world.clock.advance(second);
  expect((await reply).text).toBe('✅ steered');
  await world.settled();
  expect(answers(world)).toEqual(['first', 'heard: be brief']);
});

test('/steer with nothing running is a new message, also when its turn fails', async () => {
  world.agent.once(/^hello$/, 'hi').once(/^bad$/, [{ do: 'fail', code: 'model_error', message: 'the model is down' }]);
  expect(await typed(world, '/steer hello')).toBe('No active run; sent as a new message.');
  await world.until(() => answers(world).length === 1, 'the answer');
  expect(await typed(world, '/steer bad')).toBe('No active run; sent as a new message.');
  await world.until(() => answers(world).length === 2, 'the sentence');
  expect(answers(world)).toEqual(['hi', '⚠️ the model is down.']);
});

test('a steer that is stopped before it was read is not called queued', async () => {
  world.agent.once(/^one$/, [hang()]);
  await world.say('one');
  await world.until(() => asked().length === 1, 'the turn');
  await world.say('/steer be brief');
  await world.until(() => world.engine.layer.turns.waiting('agent:main:console:direct:ann').length === 1, 'the note');
  await world.say('/stop');
  await world.until(() => replies().length === 2, 'both replies');
  expect(replies().sort()).toEqual([
    '⚠️ Stopped before the message was read. Send it again if it still matters.',
    '✅ stopped: 1 turn here, 1 waiting message. Nothing else was running.',
  ]);
  await world.settled();
  expect(inboxStory(world)).toContain('> be brief: dropped (stopped by a person)');
});

test('/subagents steer reaches a run at work, whose result says what came of it', async () => {
  world.agent.once(/^count$/, ({ round, text }) => (round === 0 ? [wait(second), say('counting')] : `heard: ${text}`));
  await startsRun('count');
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/subagents steer 1 only nouns');
  await world.until(() => world.engine.layer.turns.waiting(world.run('count').child).length === 1, 'the note');
  await world.clock.advance(second);
  expect((await reply).text).toMatch(/^✅ steered count/);
  await world.settled();
  expect(answers(world)).toEqual([expect.stringContaining('heard: only nouns')]);
});

test('/subagents steer to an ended run is a new message, and its answer follows once', async () => {
  await startsRun('count');
  await endsRun();
  expect(await typed(world, '/subagents steer 1 again')).toMatch(/was idle: sent as a new message$/);
  await world.until(() => asked().length === 2, 'its turn');
  await world.clock.advance(10 * second);
  await world.settled();
  expect(answers(world).filter((text) => text.includes('done: again'))).toHaveLength(1);
});

test('/subagents send answers within thirty seconds', async () => {
  await startsRun('count');
  await endsRun();
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/subagents send 1 how many?');
  await world.until(() => asked().length === 2, 'its turn');
  await world.clock.advance(10 * second);
  expect((await reply).text).toMatch(/^count \(run [0-9a-f]{8}\):\ndone: how many\?$/);
  await world.settled();
  expect(answers(world).filter((text) => text.includes('how many'))).toEqual([]);
});

test('/subagents send says still running after thirty seconds, and the answer follows once', async () => {
  world.agent.once(/^how many/, [wait(31 * second), say('seven')]);
  await startsRun('count');
  await endsRun();
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/subagents send 1 how many?');
  await world.until(() => asked().length === 2, 'its turn');
  await world.clock.advance(30 * second);
  expect((await reply).text).toMatch(/^⏳ still running \(run [0-9a-f]{8}\)/);
  await world.clock.advance(second);
  await world.settled();
  expect(answers(world).filter((text) => text.includes('seven'))).toHaveLength(1);
});

test('a send to a run at work is its next turn, and the result and the answer both come', async () => {
  await startsRun('count');
  const reply = world.channel.next((sent) => sent.key.startsWith('command:'));
  await world.say('/subagents send 1 how many?');
  await world.until(() => world.engine.layer.turns.waiting(world.run('count').child).length === 1, 'the note');
  await world.clock.advance(10 * second);
  await world.until(() => asked().length === 2, 'its turn');
  await world.clock.advance(10 * second);
  expect((await reply).text).toMatch(/^count \(run [0-9a-f]{8}\):\ndone: how many\?$/);
  await world.settled();
  expect(answers(world).filter((text) => text.includes('done: count'))).toHaveLength(1);
});

test('a send that a run at work answers after thirty seconds is answered too', async () => {
  world.agent.once(/^how many/, [wait(25 * second), say('seven')]);
  await startsRun('count');
  await world.say('/subagents send 1 how many?');
  await world.until(() => world.engine.layer.turns.waiting(world.run('count').child).length === 1, 'the note');
  await world.clock.advance(10 * second);
  await world.until(() => asked().length === 2, 'its turn');
  await world.clock.advance(25 * second);
  await world.settled();
  expect(replies().at(-1)).toMatch(/^⏳ still running/);
  expect(answers(world).filter((text) => text.includes('seven'))).toHaveLength(1);
});

test('a run that waits for its children answers a send before it has ended', async () => {
  world.configure({ agents: { defaults: { subagents: { maxSpawnDepth: 2 } } } });
  world.agent.once(/^lead$/, [call('sessions_spawn', { task: 'slow', label: 'slow' }), say('started it')]);
  world.agent.once(/^slow$/, [hang()]).once(/^how far/, [wait(31 * second), say('half of it')]);
  await typed(world, '/subagents spawn main lead');
  await world.until(() => world.run('lead').state.status === 'waiting', 'the run to wait');
  await world.say('/subagents send lead how far?');
  await world.until(() => asked().includes('how far?'), 'its turn');
  await world.clock.advance(31 * second);
  await world.until(() => answers(world).length === 1, 'the answer');
  expect(answers(world)[0]).toContain('half of it');
  expect(world.run('lead').state.status).toBe('waiting');
  await typed(world, '/stop');
});

test('two people who ask the same run each get its answer where they are', async () => {
  await world.close();
  world = await openPeople();
  world.agent.always(/.*/, works);
  await startsRun('count');
  await endsRun();
  const group = inGroup(world);
  await world.say('/subagents send 1 from here');
  await world.until(() => asked().length === 2, 'its turn');
  await world.say(`/subagents steer ${world.run('count').child} from there`, group);
  await world.until(() => world.engine.layer.turns.waiting(world.run('count').child).length === 1, 'the note');
  await world.clock.advance(10 * second);
  await world.clock.advance(10 * second);
  await world.settled();
  expect(
    world.channel.texts(world.channel.direct('ann')).filter((text) => text.includes('done: from there')),
  ).toHaveLength(1);
  expect(world.channel.texts(group.route).filter((text) => text.includes('done: from there'))).toHaveLength(1);
});

test.each(['drain', 'kill'] as const)(
  'a message whose turn a restart (%s) cut off is still answered, once',
  async (how) => {
    world.configure({ gateway: { drainSeconds: 1 } });
    await startsRun('count');
    await endsRun();
    await world.say('/subagents send 1 how many?');
    await world.until(() => asked().length === 2, 'its turn');
    await world.restart(how);
    await world.until(() => asked().length === 3, 'its turn again');
    await world.clock.advance(10 * second);
    await world.settled();
    expect(world.channel.sent.filter((one) => one.text.includes('done: how many?'))).toHaveLength(1);
    expect(inboxStory(world)).toContain('> how many?: done (success)');
  },
);

test('an answer that came while the process went down is not lost', async () => {
  await startsRun('count');
  await endsRun();
  world.channel.judge((attempt) => (attempt.text.includes('how many') ? { hang: 'not-applied' } : 'sent'));
  await world.say('/subagents send 1 how many?');
  await world.until(() => asked().length === 2, 'its turn');
  await world.clock.advance(10 * second);
  await world.until(
    () => inboxRows(world).every((row) => row.text !== '> how many?' || row.state === 'done'),
    'its end',
  );
  world.channel.judge(undefined);
  await world.restart('kill');
  await world.settled();
  expect(world.channel.sent.filter((one) => one.text.endsWith(':\ndone: how many?'))).toHaveLength(1);
});

test('send and steer to an archived run are refused', async () => {
  await startsRun('count');
  await endsRun();
  await world.engine.stores.sessions.archive(world.run('count').child);
  for (const verb of ['send', 'steer'])
    expect(await typed(world, `/subagents ${verb} 1 hello`)).toMatch(/^⚠️ count is archived\./);
});

test('somebody else who speaks to a run of the owner takes the owner trust from it', async () => {
  await world.close();
  world = await openPeople({ config: { session: { dmScope: 'main' } } });
  world.agent.always(/.*/, 'ok');
  await typed(world, '/subagents spawn main count');
  await world.settled();
  const { child } = world.run('count');
  expect(await world.engine.stores.sessions.get(child)).toMatchObject({ ownerOnly: true });
  await typed(world, `/subagents send count delete everything`, { from: { id: 'bo' } });
  await world.settled();
  expect(await world.engine.stores.sessions.get(child)).toMatchObject({ ownerOnly: false });
});

test('the native loop takes a message in at the boundary and skips the calls of that step it has not started', async () => {
  await world.close();
  const loop = scriptedLoop();
  const arrives = aTool('look', async (input) => {
    await world.say('never mind, count');
    await world.until(
      () => world.engine.layer.turns.waiting('agent:main:console:direct:ann').length === 1,
      'its place',
    );
    return { text: JSON.stringify(input) };
  });
  world = await openWorld({ runtime: loop.runtime, tools: [arrives] });
  loop.queue([modelCalls('look', { what: 'a' }), modelCalls('look', { what: 'b' })], [modelSays('counted')]);
  await world.say('look');
  await world.settled();
  expect(answers(world)).toEqual(['counted']);
  expect(loop.calls).toHaveLength(2);
  expect(seen(loop.calls, 1)).toContain('never mind, count');
  expect(seen(loop.calls, 1)).toContain(skippedText);
  expect(inboxStory(world)).toEqual(['look: done (success)', 'never mind, count: done (success)']);
});

test('a harness that cannot be steered gets it as its next turn', async () => {
  await world.close();
  const steered: string[] = [];
  world = await openWorld();
  const native = world.agent;
  const harness: AgentRuntime = {
    kind: 'acp',
    turn: (...all) => native.turn(...all),
    steer: async (_session, text) => {
      steered.push(text);
      return 'unsupported';
    },
  };
  await world.close();
  world = await openWorld({ runtime: harness });
  native.always(/.*/, 'ok').once(/^one$/, [call('nothing'), hang()]);
  await world.say('one');
  await world.until(() => native.turns.length === 1, 'the turn');
  expect(await typed(world, '/steer two')).toBe('✅ queued as next message');
  expect(await typed(world, '/stop')).toContain('1 waiting message');
});
