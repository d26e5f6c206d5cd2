import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { recordingLog } from '../fakes/recording-log.ts';
import { hang, type Script, say, wait } from '../fakes/script.ts';
import { answers, inboxRows, inboxStory, remembered } from './inbox-view.ts';
import { startsWork, typed } from './people.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

const second = 1_000;
let world: World;
let begun = 0;
/** When each turn started and ended, in seconds since the first message. */
let starts: number[] = [];
let ends: number[] = [];

const works = (ms: number): Script =>
  async function* ({ text }) {
    starts.push((world.clock.now() - begun) / second);
    yield wait(ms);
    ends.push((world.clock.now() - begun) / second);
    yield say(`done: ${text}`);
  };

async function open(options: WorldOptions = {}): Promise<void> {
  world = await openWorld(options);
  [starts, ends, begun] = [[], [], world.clock.now()];
  world.agent.always(/.*/, works(5 * second));
}

/** Everybody writes at the same moment, each in a chat of their own. */
async function everybodyWrites(people: number): Promise<void> {
  for (let n = 1; n <= people; n += 1) await world.say(`m${n}`, { from: { id: `p${n}` } });
  await placed();
}

async function placed(): Promise<void> {
  await world.until(() => !world.engine.receiver.busy(), 'the messages to have their place');
  await working();
}

/** As many turns run as the lane lets run. */
async function working(): Promise<void> {
  const busy = (): boolean =>
    world.engine.layer.scheduler
      .stats()
      .lanes.every((lane) => lane.active >= Math.min(lane.width, lane.active + lane.waiting));
  await world.until(() => busy() && world.agent.active.size === lanesActive(), 'the turns to start');
}

const lanesActive = (): number =>
  world.engine.layer.scheduler.stats().lanes.reduce((sum, lane) => sum + lane.active, 0);

/** Moves time on second by second, letting the turns of each second start. */
async function pass(seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n += 1) {
    await world.clock.advance(second);
    await working();
  }
}

afterEach(async () => {
  await world.settled();
  expect(inboxRows(world).filter((row) => row.state === 'accepted')).toEqual([]);
  expect(
    Object.values(remembered(world)).every((size) => size === 0),
    JSON.stringify(remembered(world)),
  ).toBe(true);
  await world.close();
});

test.each([
  [5, [0, 0, 0, 0, 5], 10],
  [7, [0, 0, 0, 0, 5, 5, 5], 10],
  [20, [0, 0, 0, 0, 5, 5, 5, 5, 10, 10, 10, 10, 15, 15, 15, 15, 20, 20, 20, 20], 25],
])('%d chats at once on a lane of four: each starts when a slot is free', async (people, expected, last) => {
  await open();
  await everybodyWrites(people);
  await pass(25);
  expect(starts).toEqual(expected);
  expect(ends.at(-1)).toBe(last);
  await world.settled();
  expect(answers(world)).toEqual(expected.map((_, n) => `done: m${n + 1}`));
});

test('runs have eight slots of their own and do not hold up the chat that started them', async () => {
  await open({ config: { agents: { defaults: { subagents: { maxChildrenPerAgent: 20 } } } } });
  for (let n = 1; n <= 9; n += 1) await typed(world, `/subagents spawn main task ${n}`);
  await working();
  expect(await typed(world, '/status')).toContain('subagent 8/8 (+1)');
  await world.say('still there?');
  await placed();
  expect(starts).toHaveLength(9);
  await pass(10);
  await world.settled();
  expect(starts.slice(8)).toEqual([0, 5]);
});

test('a session has one turn at a time, however much waits in it', async () => {
  await open();
  await typed(world, '/queue followup');
  for (let n = 1; n <= 3; n += 1) await world.say(`m${n}`);
  await placed();
  await pass(15);
  expect(starts).toEqual([0, 5, 10]);
  expect(world.agent.most).toEqual({ inOneSession: 1, together: 1 });
});

test('a new width holds from the reload on; running turns finish', async () => {
  await open();
  await everybodyWrites(10);
  expect(starts).toHaveLength(4);
  await pass(1);
  world.configure({ agents: { defaults: { maxConcurrent: 6 } } });
  await working();
  expect(starts).toEqual([0, 0, 0, 0, 1, 1]);
  world.configure({ agents: { defaults: { maxConcurrent: 1 } } });
  await pass(5);
  expect(ends).toEqual([5, 5, 5, 5, 6, 6]);
  expect(starts.slice(6)).toEqual([6]);
  await pass(20);
  expect(starts.slice(6)).toEqual([6, 11, 16, 21]);
});

test('typing begins when a message is accepted and ends with the answer, however long it waits', async () => {
  await open({ config: { agents: { defaults: { maxConcurrent: 1 } } } });
  await everybodyWrites(2);
  const signs = (): string[] => world.channel.signs.filter(({ route }) => route.chat === 'p2').map(({ sign }) => sign);
  expect(signs()).toEqual(['typing']);
  await pass(9);
  expect(signs()).toEqual(['typing']);
  await pass(1);
  await world.settled();
  expect(signs()).toEqual(['typing', 'idle']);
});

test('a wait of more than two seconds is logged once, with what it waits for', async () => {
  const log = recordingLog();
  await open({ log, config: { agents: { defaults: { maxConcurrent: 1 } } } });
  await everybodyWrites(1);
  for (let n = 1; n <= 3; n += 1) await world.say(`again ${n}`, { from: { id: 'p2' } });
  await placed();
  await pass(10);
  await world.settled();
  const waits = log.lines.filter((line) => line.fields.code === 'lane_wait');
  expect(waits.map((line) => line.fields)).toEqual([
    expect.objectContaining({
      lane: 'main',
      session: 'agent:main:console:direct:p2',
      slot: 'shared',
      waitedMs: 2000,
      ahead: 0,
      active: 1,
    }),
  ]);
});

test.each([
  ['answered', 'm', ['typing', 'idle']],
  ['failed', 'bad', ['typing', 'idle']],
  ['stopped', 'long', ['typing', 'idle']],
  ['silent', 'quiet', ['typing', 'idle']],
])('typing ends when a turn is %s', async (_how, text, expected) => {
  await open();
  world.agent
    .once(/bad/, [{ do: 'fail', code: 'model_error', message: 'down' }])
    .once(/long/, [hang()])
    .once(/quiet/, 'NO_REPLY');
  await world.say(text);
  await placed();
  if (text === 'long') await typed(world, '/stop');
  await pass(5);
  await world.settled();
  expect(world.channel.signs.map(({ sign }) => sign)).toEqual(expected);
});

test('a deaf turn is freed ten seconds after its stop; what waits goes on in order and nothing is lost', async () => {
  await open();
  world.agent.once(/deaf/, [hang({ deaf: true })]);
  await typed(world, '/queue followup');
  await world.say('deaf');
  await placed();
  const stop = world.channel.next('⚠️');
  await world.say('/stop');
  await world.until(
    () => world.engine.layer.turns.active('agent:main:console:direct:ann')?.cause === 'user',
    'the abort',
  );
  await pass(1);
  expect((await stop).text).toContain('⚠️');
  await world.say('after 1');
  await world.say('after 2');
  await world.until(() => !world.engine.receiver.busy(), 'the messages to have their place');
  await world.clock.advance(8 * second);
  expect(starts).toEqual([]);
  expect(await typed(world, '/status')).toContain('main 1/4');
  await world.clock.advance(second);
  await world.until(() => starts.length === 1, 'the next turn');
  await world.clock.advance(5 * second);
  await world.until(() => starts.length === 2, 'the turn after it');
  await world.clock.advance(5 * second);
  await world.settled();
  expect(starts).toEqual([10, 15]);
  expect(answers(world)).toEqual(['done: after 1', 'done: after 2']);
  expect(inboxStory(world).filter((row) => !row.startsWith('/'))).toEqual([
    'deaf: done (stopped)',
    'after 1: done (success)',
    'after 2: done (success)',
  ]);
});

test('a deaf run gives its slot back and its late words are ignored', async () => {
  const log = recordingLog();
  await open({ log });
  const wakes = Promise.withResolvers<void>();
  world.agent.once(/deaf/, async function* () {
    await wakes.promise;
    yield say('much too late');
  });
  await startsWork(world, 'deaf');
  const killed = world.channel.next('forced');
  await world.say('/subagents kill 1');
  await world.until(() => world.run('deaf').state.status === 'stopped', 'the stop');
  await world.clock.advance(10 * second);
  await killed;
  await world.settled();
  expect(await typed(world, '/status')).toContain('subagent 0/8');
  wakes.resolve();
  await world.until(() => log.lines.some((line) => line.fields.code === 'late_result'), 'the late result');
  await world.settled();
  expect(world.channel.texts().filter((text) => text.includes('too late'))).toEqual([]);
  expect(world.run('deaf').state.status).toBe('stopped');
});

test('300 random messages, stops and waits of many chats: every message ends once, order holds, slots come back', async () => {
  const step = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        who: fc.integer({ min: 1, max: 5 }),
        what: fc.constantFrom('say', 'say', 'say', '/stop', '/steer x', '/queue followup', '/queue interrupt'),
      }),
    },
    { weight: 3, arbitrary: fc.record({ ms: fc.integer({ min: 0, max: 3000 }) }) },
  );
  await open();
  const before = world.clock.pending();
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 4 }),
      async (steps, deaf) => {
        const first = inboxRows(world).length;
        world.agent.always(/.*/, ({ text }) => [
          wait(text.length * 50),
          ...(Number(text.at(-1)) === deaf ? [hang({ deaf: true })] : []),
          say('ok'),
        ]);
        for (const [nth, each] of steps.entries()) {
          if ('ms' in each) await world.clock.advance(each.ms);
          else await world.say(each.what === 'say' ? `m${nth}` : each.what, { from: { id: `p${each.who}` } });
        }
        for (let n = 0; n < 20 && !world.engine.quiet(); n += 1) {
          await world.clock.advance(2 * second);
          for (const turn of world.engine.layer.turns.allActive())
            world.engine.layer.turns.abort(turn.session, 'stalled');
          await world.clock.advance(10 * second);
        }
        await world.settled();
        expect(
          inboxRows(world)
            .slice(first)
            .filter((row) => row.state === 'accepted'),
        ).toEqual([]);
        expect(world.engine.layer.scheduler.stats().lanes.map((lane) => lane.active + lane.waiting)).toEqual([0, 0]);
        expect(world.clock.pending()).toBe(before);
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
