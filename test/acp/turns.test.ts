// Turns in a coding agent over a real child process: what is said, remembered, kept after a crash, and passed on.
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { TurnEvent } from '../../src/core/agent.ts';
import { aPrompt } from '../agents/kit.ts';
import { until } from '../fakes/wait.ts';
import { seesDead } from './processes.ts';
import { AcpWorld, notices, said, type WorldOptions } from './world.ts';

/** Time a harness has to end a prompt that is cancelled. */
const settleMs = 10_000;

let world: AcpWorld;
const open = (options: WorldOptions = {}): AcpWorld => {
  world = new AcpWorld(options);
  return world;
};
afterEach(async () => {
  await world.close();
});

test('the second turn has the context of the first, in the same process', async () => {
  open();
  await world.say('say one');
  const second = await world.say('remember');
  expect(second.outcome).toEqual({ kind: 'success', text: 'say one / remember' });
  expect(world.logged('started', 'cwd')).toEqual([world.cwd]);
});

test('thoughts and kinds nobody knows are not said', async () => {
  open();
  const played = await world.say('think aloud');
  expect(played.text).toBe('aloud');
});

test('tool calls are told and answered, and the text after them is the result', async () => {
  open();
  const { events, entries, outcome } = await world.say('tool needle');
  expect(outcome).toEqual({ kind: 'success', text: 'looked: needle' });
  expect(events.flatMap((event) => (event.type === 'tool' ? [`${event.name} ${event.phase}`] : []))).toEqual([
    'search start',
    'search end',
  ]);
  expect(entries.map((entry) => entry.type)).toEqual(['assistant', 'tool', 'assistant']);
  expect(entries[1]).toMatchObject({ output: 'found it', failed: false });
});

test('the plan and the tools at work make one line of progress, which goes at the end', async () => {
  open();
  await world.say('plan');
  expect(world.views[0]?.plan.map(({ text, status }) => `${text} ${status}`)).toEqual([
    'look completed',
    'write in_progress',
  ]);
  expect(world.views.at(-1)).toMatchObject({ plan: [], running: [] });
});

test('money is counted once, though the agent reports the sum of its whole session', async () => {
  open();
  const costs = [];
  for (const text of ['cost 0.5', 'cost 0.75']) {
    const { events } = await world.say(text);
    costs.push(events.flatMap((event) => (event.type === 'usage' ? [event.usage] : [])));
  }
  expect(costs.map((each) => each.map(({ costUsd, context }) => [costUsd, context]))).toEqual([
    [[0.5, 1200]],
    [[0.25, 1200]],
  ]);
});

test('files go along: pictures as such, others as links', async () => {
  open();
  const { path, base } = { path: join(import.meta.dirname, 'world.ts'), base: { name: 'a', bytes: 3 } };
  const attachments = [
    { ...base, kind: 'image' as const, path, mediaType: 'image/png' },
    { ...base, kind: 'file' as const, path, mediaType: 'text/plain' },
  ];
  await world.say('', { history: [{ type: 'user', at: 0, turn: 'turn-1', text: 'look', attachments }] });
  expect(world.heard()).toEqual(['look <image> <resource_link>']);
});

test('only what was written for this turn is sent, and no system prompt', async () => {
  open();
  const old = { type: 'user' as const, at: 0, turn: 'turn-0', text: 'old' };
  await world.say('', { history: [old, { ...old, turn: 'turn-1', text: 'new' }] });
  expect(world.heard()).toEqual(['new']);
});

test('a refused budget ends the turn before anything is sent', async () => {
  open();
  const refusal = { code: 'budget_exceeded', message: 'all is spent' };
  const { outcome } = await world.say('say x', { beforeCall: async () => refusal });
  expect(outcome).toEqual({ kind: 'error', ...refusal });
  expect(world.heard()).toEqual([]);
});

test('an empty turn says so', async () => {
  open();
  const played = await world.say('nothing');
  expect(played.outcome).toEqual({ kind: 'success', text: '' });
  expect(notices(played)).toEqual(['twin returned no text.']);
});

test.each([
  ['fail quota is used up', 'ACP error (ACP_TURN_FAILED): twin: Internal error: quota is used up'],
  [`fail wrong key sk-ant-api03-${'a1'.repeat(20)}`, 'twin: Internal error: wrong key [redacted]'],
  ['stop refusal', 'ACP error (ACP_TURN_FAILED): twin: the model refused to go on'],
  ['stop cancelled', 'ACP error (ACP_TURN_FAILED): twin: it cancelled the turn by itself'],
])('%s is an error with its code and a next step', async (text, words) => {
  open();
  const { outcome } = await world.say(text);
  expect(outcome).toMatchObject({ kind: 'error', code: 'ACP_TURN_FAILED', message: expect.stringContaining(words) });
  expect(outcome).toMatchObject({ message: expect.stringContaining('\nnext: ') });
  expect((await world.say('say fine')).outcome).toEqual({ kind: 'success', text: 'fine' });
});

test('a turn cut off by a limit of the agent says how to go on', async () => {
  open();
  expect(notices(await world.say('stop max_tokens'))[0]).toContain('send "go on" to continue');
});

test('a harness that calls its turn cancelled while it is killed has crashed, and is started again once it is gone', async () => {
  open({ twin: { resume: true, wrapped: true, ignoreTerm: true } });
  await world.say('say one');
  const [outer, inner] = world.logged('started', 'pid').map(Number);
  const { played } = world.start('hang');
  await world.received('prompt', 2);
  process.kill(outer ?? 0, 'SIGKILL');
  const { outcome } = await played;
  expect(world.logged('stop', 'stopReason')).toContain('cancelled');
  expect(JSON.stringify(outcome)).toContain('it was ended by SIGKILL');
  const next = await world.say('remember');
  expect(seesDead(inner ?? 0)).toBe(true);
  expect(next.outcome).toEqual({ kind: 'success', text: 'say one / hang / remember' });
});

test('a crash keeps what was said, explains itself, and the next turn continues the session', async () => {
  open({ twin: { resume: true } });
  await world.say('say one');
  const crashed = await world.say('crash');
  expect(crashed.text).toBe('half an answer');
  expect(crashed.entries.at(-1)).toMatchObject({ parts: [{ type: 'text', text: 'half an answer' }] });
  expect(crashed.outcome).toMatchObject({ kind: 'error', code: 'ACP_TURN_FAILED' });
  expect(JSON.stringify(crashed.outcome)).toContain('exit code 7');
  expect(JSON.stringify(crashed.outcome)).toContain('fatal: out of memory');
  const next = await world.say('remember');
  expect(next.outcome).toEqual({ kind: 'success', text: 'say one / crash / remember' });
  expect(notices(next)).toEqual([]);
});

test('a kill from outside is explained too', async () => {
  open({ twin: { load: true } });
  const { outcome } = await world.say('crash kill');
  expect(JSON.stringify(outcome)).toContain('it was ended by SIGKILL');
});

test('what a loaded session replays is not said again', async () => {
  open({ twin: { load: true } });
  await world.say('say one');
  await world.say('crash');
  const next = await world.say('say two');
  expect(next.text).toBe('two');
  expect(world.log().map(({ what }) => what)).toContain('load');
});

test.each([
  ['cannot continue sessions', {}],
  ['fails to', { load: true, broken: true }],
] as const)('an agent that %s begins anew and says that the context is lost', async (_name, twin) => {
  open({ twin });
  await world.say('say one');
  await world.say('crash');
  const next = await world.say('remember');
  expect(next.outcome).toEqual({ kind: 'success', text: 'remember' });
  expect(notices(next)[0]).toContain('what was said before is not in its memory');
});

test('an agent whose sessions do not survive a load in their first minute is given that minute', async () => {
  open({ harness: 'gemini', twin: { load: true }, acp: { permissionMode: 'approve-all', idleTtlMinutes: 0 } });
  await world.say('say one');
  await world.say('crash');
  const { played } = world.start('remember');
  await world.received('started', 2);
  const waited = (): number | undefined => world.clock.waits().find((ms) => ms > 1_000 && ms < 61_001 && ms !== 60_000);
  await until(() => waited() !== undefined, 'the wait for the next minute');
  expect(world.logged('load', 'sessionId')).toEqual([]);
  world.clock.fire(waited() ?? 0);
  expect((await played).text).toBe('say one / crash / remember');
});

test('after a restart of ours the session goes on where it was', async () => {
  open({ twin: { resume: true } });
  await world.say('say one');
  await world.sessions.close();
  world.restart();
  expect((await world.say('remember')).outcome).toEqual({ kind: 'success', text: 'say one / remember' });
});

test('a reset of our session begins a new one of the agent in the same place', async () => {
  open({ twin: { resume: true } });
  await world.say('say one');
  const next = await world.say('remember', { session: world.session({ id: 'memory-2' }) });
  expect(next.outcome).toEqual({ kind: 'success', text: 'remember' });
  expect(notices(next)).toEqual([]);
});

test('junk on stdout and much of it on stderr disturb nobody', async () => {
  open({ twin: { noisy: true } });
  expect((await world.say('say fine')).outcome).toEqual({ kind: 'success', text: 'fine' });
});

test('a message of ten million characters arrives whole', async () => {
  open();
  expect((await world.say('huge 10000000')).text).toHaveLength(10_000_000);
});

test('sessions do not hear of each other', async () => {
  open();
  const keys = ['a', 'b', 'c', 'd'].map((name) => world.session({ key: `agent:twin:acp:${name}`, id: name }));
  await Promise.all(keys.map((session) => world.say(`say ${session.id}`, { session })));
  const all = await Promise.all(keys.map((session) => world.say('remember', { session })));
  expect(all.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd'].map((name) => `say ${name} / remember`));
});

test('the agent sees its own keys and the usual variables, and nothing of ours', async () => {
  const secrets = {
    DISCORD_TOKEN: 'a',
    TELEGRAM_TOKEN: 'b',
    SWITCHYARD_HOME: 'c',
    ANTHROPIC_API_KEY: 'd',
    NODE_OPTIONS: '',
  };
  open({ harness: 'claude' });
  Object.assign(world.deps, {
    childEnv: (names: readonly string[], add: Record<string, string>) => world.childEnv(names, add, secrets),
  });
  world.restart();
  const { text } = await world.say('env');
  expect(text.split(' ')).toContain('ANTHROPIC_API_KEY');
  expect(text).not.toMatch(/DISCORD|TELEGRAM|SWITCHYARD_HOME|NODE_OPTIONS/);
});

test('a turn that takes too long is cancelled, and keeps what was said', async () => {
  open({ acp: { turnTimeoutSeconds: 600 } });
  const { played, events } = world.start('hang half of it');
  await until(() => said(events) !== '', 'the first words');
  expect(world.clock.fire(600_000)).toBe(1);
  expect((await played).outcome).toEqual({ kind: 'timeout', partial: 'half of it' });
  expect((await world.say('say fine')).text).toBe('fine');
});

test('what an agent started ends with it', async () => {
  open();
  const { text } = await world.say('child');
  const child = Number(text.replace('child ', ''));
  expect(seesDead(child)).toBe(false);
  await world.sessions.close();
  expect(seesDead(child)).toBe(true);
});

test('a turn that nobody waits for any more is ended before the next one begins, if need be with its process', async () => {
  open({ twin: { ignoreCancel: true, steering: 'on', resume: true } });
  for await (const event of world.runtime.turn(world.session(), aPrompt('hang'), [], new AbortController().signal)) {
    if (said([event]) !== '') break;
  }
  const { played } = world.start('say two');
  await world.received('cancel');
  const told = world.runtime.steerNow('agent:twin:acp:1', 'not into the old one');
  expect(world.clock.fire(settleMs)).toBe(1);
  expect(await told).not.toBe('no-turn');
  expect((await played).outcome).toMatchObject({ kind: 'success' });
  expect(world.logged('overlap', 'text')).toEqual([]);
  expect(world.heard().slice(0, 2)).toEqual(['hang', 'say two']);
  expect(world.logged('steering', 'pid')).not.toContain(world.log()[0]?.pid);
});

test('getting ready, a thought, a question and what means nothing to us are signs of life', async () => {
  open();
  const signs = (events: readonly TurnEvent[]): number =>
    events.filter((event) => event.type === 'text' && event.delta === '').length;
  const { played, events } = world.start('think aloud');
  await until(() => signs(events) > 0, 'a first sign');
  await played;
  expect(signs(events)).toBeGreaterThan(2);
  const { events: later, played: asking } = world.start('bare npm test');
  await until(() => world.questions.length > 0, 'the question');
  await until(() => signs(later) > 1, 'a sign besides the first');
  world.questions[0]?.answer('once');
  await asking;
});

test('a prompt that has ended has, also where that cannot be written down', async () => {
  open();
  await world.say('say one');
  const set = world.records.set;
  const { played } = world.start('hang');
  await world.received('prompt', 2);
  world.records.set = () => Promise.reject(new Error('the disk is full'));
  await world.runtime.steerNow('agent:twin:acp:1', 'say two');
  world.records.set = set;
  expect((await played).outcome).toEqual({ kind: 'success', text: 'two' });
});
