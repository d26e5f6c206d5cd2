// How many processes of coding agents there are and for how long, and that none outlives us.
import { spawn } from 'node:child_process';
import { afterEach, expect, test } from 'vitest';
import { birthOf, sweepOrphans } from '../../src/acp/orphans.ts';
import { noProgress, progressText } from '../../src/acp/progress.ts';
import { systemClock } from '../../src/infra/clock.ts';
import { until } from '../fakes/wait.ts';
import { seesDead } from './processes.ts';
import { AcpWorld, memoryStore, type WorldOptions } from './world.ts';

let world: AcpWorld;
const open = (options: WorldOptions = {}): AcpWorld => {
  world = new AcpWorld(options);
  return world;
};
afterEach(async () => {
  await world?.close();
});

const named = (name: string) => world.session({ key: `agent:twin:acp:${name}`, id: name });
const started = (): number => world.log().filter(({ what }) => what === 'started').length;

test('an idle process is closed after a while, and the session goes on in a new one', async () => {
  open({ twin: { resume: true }, acp: { idleTtlMinutes: 7 } });
  await world.say('say one');
  expect(world.clock.fire(7 * 60_000)).toBe(1);
  await until(() => world.sessions.counts().processes === 0, 'the process to be closed');
  expect((await world.say('remember')).text).toBe('say one / remember');
  expect(started()).toBe(2);
});

test('with all places taken the process that was idle for the longest makes room', async () => {
  open({ twin: { resume: true }, acp: { maxSessions: 2 } });
  for (const name of ['a', 'b', 'c']) await world.say('say x', { session: named(name) });
  expect(world.sessions.counts().processes).toBe(2);
  const live = (await world.sessions.views()).filter((view) => view.live !== undefined);
  expect(live.map(({ record }) => record.key)).toEqual(['agent:twin:acp:c', 'agent:twin:acp:b']);
  expect((await world.say('remember', { session: named('a') })).text).toBe('say x / remember');
});

test('with all of them at work a turn waits for its place, in order', async () => {
  open({ twin: { steering: 'on' }, acp: { maxSessions: 1 } });
  const first = world.start('hang', { session: named('a') });
  await world.received('prompt');
  const ended: string[] = [];
  const others = ['b', 'c'].map((name) => {
    const { played } = world.start(`say ${name}`, { session: named(name) });
    return played.then(({ text }) => ended.push(text));
  });
  await until(() => world.sessions.counts().waiting === 2, 'both to wait');
  expect(started()).toBe(1);
  await world.runtime.steerNow('agent:twin:acp:a', 'go');
  await Promise.all([first.played, ...others]);
  expect(ended).toEqual(['b', 'c']);
});

test('a turn that waits for its place needs no slot meanwhile', async () => {
  open({ twin: { steering: 'on' }, acp: { maxSessions: 1 } });
  const first = world.start('hang', { session: named('a') });
  await world.received('prompt');
  const second = world.start('say b', { session: named('b') });
  await until(() => world.sessions.counts().waiting === 1, 'it to wait');
  expect(world.waits).toEqual([true]);
  expect(progressText(world.views.at(-1) ?? noProgress, 'brief', 0)).toContain('(acp.maxSessions)');
  await world.runtime.steerNow('agent:twin:acp:a', 'go');
  await Promise.all([first.played, second.played]);
  expect(world.waits).toEqual([true, false]);
});

test('one that never gets ready is ended at once when its session is closed', async () => {
  open({ twin: { init: 'hang' } });
  const { played } = world.start('say x');
  await world.received('started');
  await world.sessions.forget('agent:twin:acp:1');
  expect((await played).outcome).toMatchObject({
    code: 'ACP_SESSION_INIT_FAILED',
    message: expect.stringContaining('was stopped while it got ready'),
  });
  expect(world.groups.live().flatMap((group) => group.members())).toEqual([]);
});

test('a turn that waits for its place can be stopped', async () => {
  open({ acp: { maxSessions: 1 } });
  const [hang, wait] = [new AbortController(), new AbortController()];
  const first = world.start('hang', { session: named('a'), signal: hang.signal });
  await world.received('prompt');
  const second = world.start('say b', { session: named('b'), signal: wait.signal });
  await until(() => world.sessions.counts().waiting === 1, 'it to wait');
  wait.abort();
  expect((await second.played).outcome).toEqual({ kind: 'stopped', by: 'user' });
  expect(world.sessions.counts().waiting).toBe(0);
  hang.abort();
  await first.played;
  expect((await world.say('say c', { session: named('c') })).text).toBe('c');
});

test('a closed session is told to the agent and forgotten', async () => {
  open();
  await world.say('say x');
  await world.sessions.forget('agent:twin:acp:1');
  expect(world.logged('close', 'sessionId')).toHaveLength(1);
  expect(world.records.map.size).toBe(0);
  expect(world.groups.live().flatMap((group) => group.members())).toEqual([]);
});

test('an agent that ignores TERM is killed', async () => {
  open({ twin: { ignoreTerm: true } });
  await world.say('say x');
  await world.sessions.close();
  expect(seesDead(Number(world.log()[0]?.pid))).toBe(true);
});

test('while we shut down nothing is started any more', async () => {
  open();
  await world.sessions.close();
  expect((await world.say('say x')).outcome).toMatchObject({ kind: 'error', code: 'ACP_BACKEND_UNAVAILABLE' });
  expect(started()).toBe(0);
});

test('one that is closed while it waits for its place is not started after all', async () => {
  open({ twin: { steering: 'on' }, acp: { maxSessions: 1 } });
  const first = world.start('hang', { session: named('a') });
  await world.received('prompt');
  const second = world.start('say b', { session: named('b') });
  await until(() => world.sessions.counts().waiting === 1, 'it to wait');
  await world.sessions.forget('agent:twin:acp:b');
  await world.runtime.steerNow('agent:twin:acp:a', 'go');
  await first.played;
  expect((await second.played).outcome).toMatchObject({ kind: 'error', code: 'ACP_SESSION_INIT_FAILED' });
  expect(started()).toBe(1);
});

test.each(['processes', 'records'] as const)(
  'where the %s cannot be written down none is left running',
  async (store) => {
    open();
    // A session itself is written down before it has a process.
    const set = world.records.set;
    const full = (): Promise<never> => Promise.reject(new Error('the disk is full'));
    if (store === 'processes') world.processes.set = full;
    else world.records.set = (...all) => (started() > 0 ? full() : set(...all));
    expect((await world.say('say x')).outcome).toMatchObject({ kind: 'error' });
    expect(world.groups.live().flatMap((group) => group.members())).toEqual([]);
  },
);

test('a process is recorded while it runs, and no longer', async () => {
  open();
  await world.say('say x');
  const [record] = [...world.processes.map.values()];
  expect(record).toMatchObject({ pid: world.log()[0]?.pid, harness: 'twin' });
  await world.sessions.close();
  await until(() => world.processes.map.size === 0, 'the record to go');
});

test('the sweep ends the recorded process, and never another one with its number', async () => {
  const store = memoryStore<{ pid: number; born: string; harness: string }>();
  const ours = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  const stranger = spawn('sleep', ['1000'], { detached: true, stdio: 'ignore' });
  try {
    const [pid, other] = [ours.pid ?? 0, stranger.pid ?? 0];
    await store.set(String(pid), { pid, born: birthOf(pid) ?? '', harness: 'twin' });
    await store.set(String(other), { pid: other, born: 'long ago', harness: 'twin' });
    expect(await sweepOrphans(store, systemClock)).toBe(1);
    expect([seesDead(pid), seesDead(other)]).toEqual([true, false]);
    expect(store.map.size).toBe(0);
  } finally {
    stranger.kill('SIGKILL');
  }
});
