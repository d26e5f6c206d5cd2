// What goes wrong around a coding agent is explained in the chat, and its session stays usable: crashes, restarts, idleness,
// people who may not, silence, and the end of our own process.
import { afterEach, expect, test } from 'vitest';
import { expectAccepted, spawn } from '../agent-calls.ts';
import { type CodingOptions, type CodingWorld, openCoding } from './world.ts';

let world: CodingWorld;
const open = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  world = await openCoding(options);
  return world;
};
const bound = async (options: CodingOptions = {}): Promise<CodingWorld> => {
  await open(options);
  await world.ask('/acp spawn --bind here', /is ready/);
  return world;
};
afterEach(async () => {
  await world.close();
});

test('a crash in a turn: what was said is kept, the reason is told, and the next message goes on', async () => {
  await bound({ twin: { resume: true } });
  await world.ask('say one');
  await world.say('crash');
  await world.channel.next('half an answer');
  const { text } = await world.channel.next(/ACP error/);
  expect(text).toMatch(
    /^⚠️ ACP error \(ACP_TURN_FAILED\): twin: it ended with exit code 7.*fatal: out of memory\nnext: send the message again$/s,
  );
  expect(await world.ask('/acp status')).toMatch(/^last error: ACP error \(ACP_TURN_FAILED\)/m);
  expect(await world.ask('remember')).toBe('say one / crash / remember');
});

test('an agent that cannot go on with its session says that its memory is gone', async () => {
  await bound();
  await world.say('crash');
  await world.channel.next(/ACP error/);
  await world.say('remember');
  await world.channel.next('remember');
  await world.channel.next(/^ℹ️ twin could not continue its earlier session/);
  // It remembers what came after that, which needs no such words.
  await world.ask('say two');
  await world.settled();
  expect(world.said().filter((text) => text.includes('could not continue'))).toHaveLength(1);
});

test('a turn that reaches its own time limit names that limit', async () => {
  await bound({ acp: { turnTimeoutSeconds: 0.3 } });
  await world.say('hang half of it');
  const { text } = await world.channel.next(/^⚠️ stopped/);
  expect(text).toMatch(/^⚠️ stopped at its time limit \(\/acp timeout, acp\.turnTimeoutSeconds\)\./);
});

test('a turn without text says so', async () => {
  await bound();
  expect(await world.ask('nothing')).toBe('ℹ️ twin returned no text.');
  await world.settled();
  expect(world.said()).toHaveLength(2);
});

test('one that is idle is closed, and the next message opens it again with its memory', async () => {
  await bound({ twin: { resume: true }, acp: { idleTtlMinutes: 0.001 } });
  await world.ask('say one');
  await world.until(() => world.living().length === 0, 'the agent to be closed');
  expect(await world.ask('/acp status')).toMatch(/^process: none, started by the next message$/m);
  expect(await world.ask('remember')).toBe('say one / remember');
});

test('after a restart of ours the binding is there and the session goes on; what was left running is ended', async () => {
  await bound({ twin: { resume: true } });
  await world.ask('say one');
  const [left] = world.living();
  await world.restart('kill');
  await world.until(() => !world.living().includes(left ?? 0), 'the old process to end');
  expect(await world.ask('remember')).toBe('say one / remember');
  await world.restart('drain');
  expect(world.living()).toEqual([]);
  expect(await world.ask('/acp status')).toMatch(/^mode: persistent$/m);
});

test('a run that was cut off goes on in its session, but not again and again', async () => {
  await open({ twin: { resume: true } });
  world.agent.always(/A restart cut/, 'It went on.');
  expectAccepted(await spawn(world, { task: 'hang', runtime: 'acp', label: 'long' }));
  await world.received('prompt');
  await world.restart('kill');
  await world.channel.next('It went on.');
  expect(world.run('long').state.status).toBe('succeeded');
  expect(world.heard().at(-1)).toMatch(/^\[A restart cut the work above off\. .*\]\n\nhang$/);
});

test('a run whose agent cannot go on is ended as interrupted', async () => {
  await open();
  world.agent.always(/could not continue/, 'It is lost.');
  expectAccepted(await spawn(world, { task: 'hang', runtime: 'acp', label: 'long' }));
  await world.received('prompt');
  await world.restart('kill');
  await world.channel.next('It is lost.');
  expect(world.run('long').state).toMatchObject({ status: 'failed', outcome: { code: 'interrupted' } });
  expect(world.heard()).toEqual(['hang']);
});

test('a turn that is under way at the end of our process is cut off and no process is left', async () => {
  await bound({ config: { gateway: { drainSeconds: 0 } } });
  await world.say('hang');
  await world.received('prompt');
  await world.restart('drain');
  expect(world.heard().filter((text) => text === 'hang').length).toBeGreaterThanOrEqual(1);
});

test('others than the owner are not passed on, and may not start or set anything', async () => {
  await open({
    channel: { id: 'telegram' },
    config: {
      commands: { ownerAllowFrom: ['telegram:1'] },
      channels: { telegram: { token: 'x', allowFrom: ['2'], groups: { '-100': {} } } },
    },
  });
  const owner = { id: '1', name: 'Ann' };
  const guest = { id: '2', name: 'Ben' };
  const group = { channel: 'telegram', account: 'default', chat: '-100' } as const;
  const say = (from: typeof owner, text: string, more = {}) =>
    world.channel.receive(text, { from, route: group, chat: 'group', ...more });
  await say(owner, '/acp spawn twin --bind here');
  await world.channel.next(/is ready/);
  await say(guest, 'say stolen', { mentionsBot: true });
  await world.channel.next(/^⚠️ ACP error \(ACP_SESSION_INIT_FAILED\): only the owner may start coding agents/);
  await say(guest, 'say nothing to you');
  for (const text of ['/acp spawn twin', '/acp steer say x', '/steer say x', '/new', '/acp cancel', '/acp close']) {
    await say(guest, text);
    await world.channel.next(/only the owner may/);
  }
  await say(guest, '/acp install twin');
  await world.channel.next(/^Install twin/);
  await say(owner, 'say mine');
  await world.channel.next('mine');
  expect(world.heard()).toEqual(['say mine']);
});

test('an answer that was cut off goes on in the session of the agent, which is not told anew what it lost', async () => {
  await bound({ twin: { resume: true } });
  await world.say('hang');
  await world.received('prompt');
  await world.restart('kill');
  await world.received('prompt', 2);
  expect(world.heard().at(-1)).toMatch(/^\[A restart cut the work above off\. .*\]\n\nhang$/);
});

test('an answer that was cut off in an agent that cannot go on is explained, and the next message begins anew', async () => {
  await bound();
  await world.say('hang');
  await world.received('prompt');
  await world.restart('kill');
  await world.channel.next(
    /^⚠️ a restart cut this off, and twin could not continue its session; check .* say it again\.$/,
  );
  expect(world.heard()).toEqual(['hang']);
  expect(await world.ask('remember', 'remember')).toBe('remember');
});
