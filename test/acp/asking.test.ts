// Permission questions of a coding agent over a real child process: asked, answered once, remembered, withdrawn.
import { afterEach, expect, test } from 'vitest';
import { until } from '../fakes/wait.ts';
import { AcpWorld, notices, type WorldOptions } from './world.ts';

let world: AcpWorld;
const open = (options: WorldOptions = {}): AcpWorld => {
  world = new AcpWorld(options);
  return world;
};
afterEach(async () => {
  await world.close();
});

const asked = (times = 1): Promise<void> => until(() => world.questions.length >= times, 'the question');

test('a command is asked, with what it is, and runs when allowed once', async () => {
  open();
  const { played } = world.start('run npm test');
  await asked();
  const { request, answer } = world.questions[0] ?? {};
  expect(request).toMatchObject({
    ...{ session: 'agent:twin:acp:1', harness: 'twin', turn: 'turn-1', kind: 'execute', cwd: world.cwd },
    ...{ title: 'run a command', preview: 'run a command (execute)\nnpm test', sessionOffered: true },
  });
  expect((await world.sessions.views())[0]?.state).toBe('awaiting approval');
  answer?.('once');
  expect((await played).outcome).toEqual({ kind: 'success', text: 'ran npm test' });
  expect(world.logged('permission', 'outcome')).toEqual([{ outcome: 'selected', optionId: 'allow-once' }]);
  expect(world.waits).toEqual([true, false]);
});

test('allowed for the session is not asked again, also after a restart, and the agent hears of once only', async () => {
  open({ person: 'session', twin: { options: 'qwen', resume: true } });
  await world.say('run npm test');
  await world.say('run npm test');
  await world.sessions.close();
  world.restart();
  await world.say('run npm test');
  expect(world.questions).toHaveLength(1);
  await world.say('run npm test --all');
  expect(world.questions).toHaveLength(2);
  expect(new Set(world.logged('permission', 'outcome').map((each) => JSON.stringify(each)))).toEqual(
    new Set(['{"outcome":"selected","optionId":"proceed_once"}']),
  );
});

test('denied is that call only', async () => {
  open({ person: 'deny' });
  expect((await world.say('run rm x')).outcome).toEqual({ kind: 'success', text: 'was not allowed: run a command' });
  expect((await world.say('say fine')).text).toBe('fine');
});

test('nobody answering in time denies that call, which is said, and the session goes on', async () => {
  open({ person: 'expired' });
  const played = await world.say('run rm x');
  expect(played.outcome).toMatchObject({ kind: 'success' });
  expect(notices(played)[0]).toContain('acp.permissionTimeoutSeconds');
});

test.each([
  ['cancelled', 'deny', 'next: send the message again and allow it'],
  ['empty', 'deny', 'next: send the message again and allow it'],
  ['empty', 'absent', 'next: /acp permissions approve-all, or switchyard config set acp.permissionMode approve-all'],
] as const)(
  'an agent that stops after it (%s, %s) is explained, with what would allow it',
  async (afterDeny, person, next) => {
    open({ person, twin: { afterDeny } });
    const { outcome } = await world.say('run rm x');
    expect(outcome).toMatchObject({ kind: 'error', code: 'ACP_TURN_FAILED' });
    expect(outcome).toMatchObject({
      message: expect.stringContaining('ACP error (ACP_TURN_FAILED): Permission denied: '),
    });
    expect(outcome).toMatchObject({ message: expect.stringContaining(next) });
  },
);

test('deny-all denies without a question', async () => {
  open({ person: 'once', acp: { permissionMode: 'deny-all' } });
  const played = await world.say('read a.txt');
  expect(played.text).toBe('was not allowed: read a.txt');
  expect(world.questions).toEqual([]);
});

test('reads inside the folder are not asked, outside they are', async () => {
  open({ person: 'once' });
  await world.say('read a.txt');
  expect(world.questions).toEqual([]);
  await world.say('read /etc/passwd');
  expect(world.questions).toHaveLength(1);
});

test('a question without a call before it, without input or kind, is asked with its title', async () => {
  open({ person: 'once', twin: { options: 'gemini' } });
  expect((await world.say('bare npm test')).text).toBe('ran npm test');
  expect((await world.say('odd thing')).text).toBe('did thing');
  expect(world.questions.map(({ request }) => request.preview)).toEqual(['npm test (execute)', 'thing (other)']);
});

test('two questions at once are answered each by its own answer, in any order', async () => {
  open();
  const { played } = world.start('both one | two');
  await asked(2);
  const of = (word: string) => world.questions.find(({ request }) => request.preview.endsWith(word));
  of('two')?.answer('deny');
  of('one')?.answer('once');
  expect((await played).text).toBe('one: yes, two: no');
});

test('a cancelled turn withdraws its questions, and a late answer changes nothing', async () => {
  open();
  const abort = new AbortController();
  const { played } = world.start('run rm x', { signal: abort.signal });
  await asked();
  abort.abort();
  expect((await played).outcome).toEqual({ kind: 'stopped', by: 'user' });
  expect(world.questions[0]?.withdrawn()).toBe(true);
  world.questions[0]?.answer('session');
  expect(world.logged('permission', 'outcome')).toEqual([{ outcome: 'cancelled' }]);
  expect((await world.say('say fine')).text).toBe('fine');
  expect(world.records.map.get('agent:twin:acp:1')?.granted).toEqual([]);
});

test('a crash withdraws the questions', async () => {
  open();
  const { played } = world.start('run rm x');
  await asked();
  process.kill(Number(world.log()[0]?.pid), 'SIGKILL');
  expect((await played).outcome).toMatchObject({ kind: 'error', code: 'ACP_TURN_FAILED' });
  expect(world.questions[0]?.withdrawn()).toBe(true);
});

test('a steer that has to cancel withdraws the question too', async () => {
  open({ twin: { steering: 'failing' } });
  const { played } = world.start('run rm x');
  await asked();
  const told = world.runtime.steerNow('agent:twin:acp:1', 'say other');
  expect(await told).toBe('resent');
  expect(world.questions[0]?.withdrawn()).toBe(true);
  expect((await played).text).toBe('other');
});

test('what is allowed but offered only for ever is not done, and that is said', async () => {
  open({ person: 'once', twin: { options: 'allowOnly' } });
  expect(notices(await world.say('run x'))[0]).toContain('no way to allow this once');
});

test('what is allowed while all is approved may be allowed for ever', async () => {
  open({ person: 'absent', twin: { options: 'allowOnly' }, acp: { permissionMode: 'approve-all' } });
  expect((await world.say('run x')).text).toBe('ran x');
});

test('what is asked after a cancel was sent is answered at once, and nobody sees it', async () => {
  open();
  const stop = new AbortController();
  const { played } = world.start('late rm x', { signal: stop.signal });
  await world.received('prompt');
  stop.abort();
  expect((await played).outcome).toEqual({ kind: 'stopped', by: 'user' });
  expect(world.logged('permission', 'outcome')).toEqual([{ outcome: 'cancelled' }]);
  expect(world.questions).toEqual([]);
});

test('a question does not outlive the prompt it was asked in', async () => {
  open();
  const { played } = world.start('leave rm x');
  await asked();
  world.go();
  await played;
  await until(() => world.questions[0]?.withdrawn() === true, 'the question to be withdrawn');
  world.questions[0]?.answer('deny');
  await until(() => world.waits.length === 2, 'the wait to end');
  expect(world.waits).toEqual([true, false]);
  // Nobody looks at the turn any more.
  expect(world.views.at(-1)?.waiting).not.toBe('people');
  expect(world.views.filter((view) => view.waiting === 'people')).toHaveLength(1);
});
