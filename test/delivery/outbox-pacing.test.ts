import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../src/core/channel.ts';
import { targetOf } from '../../src/delivery/pacer.ts';
import { adaptersOf, entry, place, type World, world } from './world.ts';

const minute = 60_000;
const blind = { idempotentSend: false };
const perSecond = (route: { readonly chat: string }): RateLimit[] => [{ key: route.chat, count: 1, perMs: 1000 }];

/** When each send was tried, in milliseconds from now. */
function watch({ channel, clock }: World): Record<string, number[]> {
  const start = clock.now();
  const times: Record<string, number[]> = {};
  channel.judge(({ key }) => {
    times[key] = [...(times[key] ?? []), clock.now() - start];
    return undefined;
  });
  return times;
}

describe('an outbox with limits', () => {
  it('sends one message a second to a chat, in order, and other chats at once', async () => {
    const here = world({}, { limits: perSecond });
    const times = watch(here);
    for (const key of ['a', 'b', 'c']) await here.outbox.enqueueNow(entry(key));
    await here.outbox.enqueueNow(entry('d', { route: place('bob') }));
    await here.clock.runUntil(here.outbox.idle(), minute);
    expect(times).toEqual({ 'a:0': [0], 'd:0': [0], 'b:0': [1001], 'c:0': [2002] });
    expect(here.clock.pending()).toBe(0);
  });

  it('misses no moment that comes while it looks', async () => {
    for (let early = 0; early < 8; early += 1) {
      const { clock, outbox, channel } = world({}, { limits: perSecond });
      for (const key of ['a', 'b']) await outbox.enqueueNow(entry(key));
      await clock.advance(1001 - early);
      const { now } = clock;
      let looks = 0;
      clock.now = () => now() + looks++;
      outbox.kick();
      clock.now = () => now() + looks;
      await clock.runUntil(() => channel.texts().includes('b'), 100);
    }
  });

  it('sends the most urgent first when a chat is free again, whatever its thread', async () => {
    const here = world({}, { limits: perSecond });
    const { outbox, channel, clock } = here;
    await outbox.enqueueNow(entry('first', { route: place('g', '1') }));
    await outbox.enqueueNow(entry('reply', { route: place('g', '1') }));
    await outbox.enqueueNow(entry('final', { route: place('g', '2'), priority: 'final' }));
    await outbox.enqueueNow(entry('ask', { route: place('g', '3'), priority: 'approval' }));
    await clock.runUntil(outbox.idle(), minute);
    expect(channel.texts()).toEqual(['first', 'ask', 'final', 'reply']);
  });

  it('steps back between the parts of a long message, keeps its place, and takes no slot while it waits', async () => {
    const here = world({ ...blind, maxText: 4 }, { limits: perSecond, concurrency: 1 });
    const times = watch(here);
    const { outbox, clock, database } = here;
    await outbox.enqueueNow(entry('long', { text: 'aaaabbbb' }));
    await outbox.enqueueNow(entry('ask', { priority: 'approval' }));
    await outbox.enqueueNow(entry('bob', { route: place('bob') }));
    await clock.advance(500);
    const row = database.read.get("SELECT state, chunk, attempts FROM outbox WHERE key = 'long'");
    expect({ ...row }).toEqual({ state: 'pending', chunk: 1, attempts: 1 });
    await clock.runUntil(outbox.idle(), minute);
    expect(times).toEqual({ 'long:0': [0], 'bob:0': [0], 'long:1': [1001], 'ask:0': [2002] });
  });

  it('marks a message as being sent only when its attempt follows, so that a crash leaves no false doubt', async () => {
    const here = world(blind, { limits: perSecond });
    const { outbox, clock, database, restart, channel, ended } = here;
    await database.write((sql) => {
      for (const thread of ['1', '2']) outbox.enqueue(sql, entry(thread, { route: place('g', thread) }), clock.now());
    });
    outbox.kick();
    await clock.flush();
    expect(database.read.all('SELECT key, state FROM outbox').map((row) => row.state)).toEqual([
      'delivered',
      'pending',
    ]);
    await outbox.flush(AbortSignal.abort());
    await clock.runUntil(restart().idle(), minute);
    expect(channel.texts()).toEqual(['1', '2']);
    expect(ended.map((one) => one.state)).toEqual(['delivered', 'delivered']);
  });

  it('costs one commit more only where the attempt cannot follow at once', async () => {
    const { outbox, database, clock } = world(blind, { limits: perSecond });
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    expect(database.commits).toBe(2);
    await outbox.enqueueNow(entry('b'));
    await clock.runUntil(outbox.idle(), minute);
    expect(database.commits).toBe(5);
  });

  it('goes on as soon as somebody else gives the place back', async () => {
    const { outbox, channel, pacer, clock } = world({}, { limits: () => [{ key: 'all', count: 1, perMs: 1000 }] });
    const permit = pacer.take(targetOf(adaptersOf(channel), place()), 'progress');
    await outbox.enqueueNow(entry('a'));
    await clock.advance(5000);
    expect(channel.texts()).toEqual([]);
    permit?.used();
    await clock.runUntil(() => channel.texts().length === 1, 1001);
  });
});

describe('a place in a window that was not used', () => {
  it('is given back when the message ends without an attempt', async () => {
    const { outbox, channel, clock, closed, ended } = world({}, { limits: perSecond });
    closed.note(place(), { status: 'refused', cause: 'x', reason: 'blocked', closed: true });
    await outbox.enqueueNow(entry('a'));
    await clock.runUntil(() => ended.length === 1, 1);
    await closed.reopen(place());
    await outbox.enqueueNow(entry('b'));
    await outbox.idle();
    expect(channel.texts()).toEqual(['b']);
  });
});

describe('a silence the platform asks for', () => {
  const silent = { retry: 30_000, silence: 'chat' } as const;

  it('holds everything in that chat, approvals in other threads too, and nothing elsewhere', async () => {
    const here = world();
    const { outbox, channel, clock } = here;
    channel.script(silent);
    await outbox.enqueueNow(entry('a', { route: place('g', '1') }));
    await outbox.idle();
    await outbox.enqueueNow(entry('ask', { route: place('g', '2'), priority: 'approval' }));
    await outbox.enqueueNow(entry('bob', { route: place('bob') }));
    await outbox.idle();
    outbox.wake('telegram:default');
    await clock.advance(29_000);
    expect(channel.texts()).toEqual(['bob']);
    await clock.advance(1000);
    expect(channel.texts()).toEqual(['bob', 'ask', 'a']);
  });

  it('holds the whole account when it is asked of the account', async () => {
    const { outbox, channel, clock } = world();
    channel.script({ ...silent, silence: 'account' });
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    await outbox.enqueueNow(entry('bob', { route: place('bob'), priority: 'approval' }));
    await clock.advance(29_999);
    expect(channel.attempts.length).toBe(1);
    await clock.advance(1);
    expect(channel.texts()).toEqual(['bob', 'a']);
  });

  it('also holds a message whose turn had come but that was not sent yet, and leaves no doubt about it', async () => {
    const { outbox, channel, clock, database } = world(blind);
    channel.script({ ...silent, silence: 'account' });
    await database.write((sql) => {
      outbox.enqueue(sql, entry('a'), clock.now());
      // Not foreseen to be sent at once, it is marked only now: a commit later than the first one is tried.
      channel.setHealth('disconnected');
      outbox.enqueue(sql, entry('bob', { route: place('bob') }), clock.now());
      channel.setHealth('connected');
    });
    outbox.kick();
    await outbox.idle();
    const rows = database.read.all('SELECT state, attempts FROM outbox WHERE ended_at IS NULL ORDER BY id');
    expect(channel.attempts.map((one) => one.key)).toEqual(['a:0']);
    expect(rows.map((row) => [row.state, row.attempts])).toEqual([
      ['pending', 1],
      ['pending', 0],
    ]);
    await clock.advance(30_000);
    expect(channel.texts()).toEqual(['a', 'bob']);
  });

  it('is not held against the message that met it either: only the time beyond it counts to the 30 minutes', async () => {
    const { outbox, channel, clock, ended } = world();
    channel.script({ retry: 29 * minute, silence: 'chat' }, { retry: 29 * minute, silence: 'chat' });
    channel.judge(() => ({ retry: 0 }));
    await outbox.enqueueNow(entry('a'));
    await clock.advance(87 * minute);
    expect(ended).toEqual([]);
    await clock.advance(2 * minute);
    expect(ended).toMatchObject([{ state: 'undelivered', reason: 'telegram did not accept it for 30 min' }]);
  });

  it('is not held against the messages that only wait for its end', async () => {
    const { outbox, channel, clock, ended } = world();
    channel.script({ retry: 29 * minute, silence: 'account' });
    await outbox.enqueueNow(entry('a'));
    await outbox.enqueueNow(entry('bob', { route: place('bob') }));
    await clock.advance(29 * minute);
    expect(channel.texts()).toEqual(['a', 'bob']);
    channel.script({ retry: 20 * minute, silence: 'account' }, { retry: 0 }, { retry: 0 });
    await outbox.enqueueNow(entry('c'));
    await outbox.enqueueNow(entry('d', { route: place('bob') }));
    await clock.advance(19 * minute);
    channel.judge(({ key }) => (key === 'd:0' ? { retry: 0 } : undefined));
    await clock.advance(25 * minute);
    expect(ended.map((one) => one.key)).toEqual(['a', 'bob', 'c']);
    await clock.advance(10 * minute);
    expect(ended.at(-1)).toMatchObject({ key: 'd', reason: 'telegram did not accept it for 30 min' });
  });

  it('is credited to a message only from when it came', async () => {
    const { outbox, channel, clock, ended } = world();
    const start = clock.now();
    channel.script({ retry: 25 * minute, silence: 'chat' });
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    await outbox.enqueueNow(entry('b', { route: place('ann', '2') }));
    await clock.advance(24 * minute);
    channel.judge(({ key }) => (key === 'late:0' ? { retry: 0 } : undefined));
    await outbox.enqueueNow(entry('late', { route: place('ann', '2') }));
    await clock.runUntil(() => ended.length === 3, 60 * minute);
    expect(ended.at(-1)).toMatchObject({ key: 'late', state: 'undelivered' });
    expect((clock.now() - start) / minute).toBeCloseTo(55, 0);
  });

  it('does not count as something due when the process ends', async () => {
    const { outbox, channel, clock } = world();
    channel.script(silent);
    await outbox.enqueueNow(entry('a'));
    await clock.flush();
    await outbox.enqueueNow(entry('b', { route: place('ann', '2') }));
    await outbox.flush(new AbortController().signal);
    expect([channel.texts(), outbox.stats().pending]).toEqual([[], 2]);
  });
});

describe('a queue that moves slowly', () => {
  it('gives up nothing that only waited its turn', async () => {
    const slow = (): RateLimit[] => [{ key: 'g', count: 1, perMs: 5 * minute }];
    const { outbox, channel, clock, ended } = world({}, { limits: slow });
    for (let n = 0; n < 9; n += 1) await outbox.enqueueNow(entry(`k${n}`));
    await clock.runUntil(() => channel.sent.length === 8, 36 * minute);
    channel.script({ retry: 0 });
    await clock.runUntil(() => ended.length === 9, 20 * minute);
    expect(ended.every((one) => one.state === 'delivered')).toBe(true);
  });
});
