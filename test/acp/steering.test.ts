// Texts that arrive while a coding agent works, over a real child process: each is heard exactly once, and its sender learns
// what became of it.
import { afterEach, expect, test } from 'vitest';
import type { Injection } from '../../src/core/agent.ts';
import { injected } from '../agents/kit.ts';
import { until } from '../fakes/wait.ts';
import { AcpWorld, notices, type WorldOptions } from './world.ts';

/** Time a harness has to answer a steer, and to end a prompt that is cancelled. */
const [steerMs, settleMs] = [15_000, 10_000];
const key = 'agent:twin:acp:1';
let world: AcpWorld;
const open = (options: WorldOptions = {}): AcpWorld => {
  world = new AcpWorld(options);
  return world;
};
afterEach(async () => {
  expect(world.logged('overlap', 'text')).toEqual([]);
  await world.close();
});

const instead = '[steering, the previous turn was interrupted] ';

test('an agent that can be steered takes it into the running prompt, and one turn answers', async () => {
  open({ twin: { steering: 'on' } });
  const { played } = world.start('hang');
  await world.received('prompt');
  expect(await world.runtime.steerNow(key, 'use tabs')).toBe('steered');
  expect((await played).outcome).toEqual({ kind: 'success', text: 'working steered: use tabs' });
  expect(world.logged('steering', 'meta')).toEqual([{ steering: { idleBehavior: 'promptRequired' } }]);
  expect(world.heard()).toEqual(['hang']);
});

test.each([
  ['has no steering', undefined],
  ['fails to', 'failing'],
] as const)('an agent that %s is cancelled and asked anew', async (_name, steering) => {
  open({ twin: steering === undefined ? {} : { steering } });
  const { played } = world.start('hang');
  await world.received('prompt');
  expect(await world.runtime.steerNow(key, 'say other')).toBe('resent');
  const { outcome, entries } = await played;
  expect(outcome).toEqual({ kind: 'success', text: 'other' });
  expect(world.heard()).toEqual(['hang', `${instead}say other`]);
  expect(entries.map((entry) => ('text' in entry ? entry.text : entry.type))).toContain('say other');
});

test('an agent that does not answer a steer is cancelled after a while', async () => {
  open({ twin: { steering: 'mute' } });
  const { played } = world.start('hang');
  await world.received('prompt');
  const told = world.runtime.steerNow(key, 'say other');
  await world.received('steering');
  expect(world.clock.fire(steerMs)).toBe(1);
  expect(await told).toBe('resent');
  expect((await played).outcome).toEqual({ kind: 'success', text: 'other' });
});

test('a text that comes before the agent is ready is queued and goes in with the first prompt', async () => {
  open({ twin: { init: 'slow' } });
  const { played } = world.start('hello');
  await world.received('started');
  expect(await world.runtime.steerNow(key, 'and be brief')).toBe('queued');
  world.go();
  await played;
  expect(world.heard()).toEqual(['hello\n\nand be brief']);
});

test('several texts in a row join in order', async () => {
  open();
  const { played } = world.start('hang');
  await world.received('prompt');
  const told = await Promise.all(['say one', 'two', 'three'].map((text) => world.runtime.steerNow(key, text)));
  expect(told).toEqual(['resent', 'resent', 'resent']);
  await played;
  expect(world.heard()).toEqual(['hang', `${instead}say one\n\ntwo\n\nthree`]);
});

test('without a turn it says that there is none', async () => {
  open();
  expect(await world.runtime.steerNow(key, 'x')).toBe('no-turn');
  await world.say('say x');
  expect(await world.runtime.steer(key, 'x')).toBe('no-turn');
});

test('an agent that ignores the cancel is killed, started again, and given the text', async () => {
  open({ twin: { ignoreCancel: true, resume: true } });
  const { played } = world.start('hang');
  await world.received('prompt');
  const told = world.runtime.steerNow(key, 'say other');
  await world.received('cancel');
  expect(world.clock.fire(settleMs)).toBe(1);
  expect(await told).toBe('resent');
  const turn = await played;
  expect(turn.outcome).toEqual({ kind: 'success', text: 'other' });
  expect(notices(turn)).toEqual(['twin had ended and was started again.']);
  expect(world.heard()).toEqual(['hang', `${instead}say other`]);
  expect(world.logged('resume', 'sessionId')).toHaveLength(1);
});

test('an agent that dies while it is steered is started again and given the text', async () => {
  open({ twin: { steering: 'mute', load: true } });
  const { played } = world.start('hang');
  await world.received('prompt');
  const told = world.runtime.steerNow(key, 'say other');
  await world.received('steering');
  process.kill(Number(world.log()[0]?.pid), 'SIGKILL');
  expect(await told).toBe('resent');
  expect((await played).outcome).toEqual({ kind: 'success', text: 'other' });
});

test('an agent that forgets a cancelled prompt is told it again', async () => {
  open({ harness: 'gemini', acp: { permissionMode: 'approve-all' } });
  const { played } = world.start('hang on');
  await world.received('prompt');
  await world.runtime.steerNow(key, 'say other');
  await played;
  expect(world.heard()[1]).toBe(
    '[steering, the previous turn was interrupted. It had been asked:]\nhang on\n[Now:] say other',
  );
});

test('messages the engine holds go in when it says so, and are written down', async () => {
  open();
  const waiting: Injection[] = [];
  const takeInjections = (): readonly Injection[] => waiting.splice(0);
  const { played } = world.start('hang', { takeInjections });
  await world.received('prompt');
  waiting.push({ ...injected('say one', 'item-1'), from: 'Ann' });
  world.runtime.nudge(key);
  const { entries, outcome } = await played;
  expect(outcome).toEqual({ kind: 'success', text: 'one' });
  expect(entries.filter((entry) => entry.type === 'user')).toMatchObject([{ text: 'say one', from: 'Ann' }]);
  await until(() => world.steered.length === 1, 'the report');
  expect(world.steered).toEqual([{ ids: ['item-1'], outcome: 'resent' }]);
});

test('a message that comes at the very end of a prompt gets one of its own', async () => {
  open();
  const waiting = [[], [injected('say two', 'item-2')]];
  const { outcome } = await world.say('say one', { takeInjections: () => waiting.shift() ?? [] });
  expect(outcome).toEqual({ kind: 'success', text: 'two' });
  expect(world.heard()).toEqual(['say one', 'say two']);
  expect(world.steered).toEqual([{ ids: ['item-2'], outcome: 'sent' }]);
});

test('an abort cancels; an agent that ignores it is killed, and the session goes on', async () => {
  open({ twin: { ignoreCancel: true, resume: true } });
  const abort = new AbortController();
  const { played } = world.start('hang', { signal: abort.signal });
  await world.received('prompt');
  abort.abort('cascade');
  await world.received('cancel');
  expect(world.clock.fire(settleMs)).toBe(1);
  expect((await played).outcome).toEqual({ kind: 'stopped', by: 'cascade' });
  expect(world.logged('cancel', 'pid')).toHaveLength(1);
  expect((await world.say('say fine')).text).toBe('fine');
});

test('what comes while a turn is being ended for its time limit waits for the next one', async () => {
  open({ twin: { ignoreCancel: true, steering: 'on', resume: true }, acp: { turnTimeoutSeconds: 600 } });
  const waiting: Injection[] = [];
  const { played } = world.start('hang', { takeInjections: () => waiting.splice(0) });
  await world.received('prompt');
  expect(world.clock.fire(600_000)).toBe(1);
  await world.received('cancel');
  waiting.push(injected('say more'));
  world.runtime.nudge(key);
  expect(world.clock.fire(settleMs)).toBe(1);
  expect((await played).outcome).toMatchObject({ kind: 'timeout' });
  expect(waiting).toHaveLength(1);
  expect(world.steered).toEqual([]);
});
