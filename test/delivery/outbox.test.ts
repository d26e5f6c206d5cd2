import { describe, expect, it } from 'vitest';
import { fakeChannel } from '../fakes/channel.ts';
import { virtualClock } from '../fakes/clock.ts';
import { adaptersOf, entry, place, world } from './world.ts';

const minute = 60_000;
const once = { idempotentSend: true };
const blind = { idempotentSend: false };

describe('sending', () => {
  it('delivers a message and records the end with its runs', async () => {
    const { outbox, channel, ended, clock } = world();
    await outbox.enqueueNow(entry('announce:r1', { text: 'done', runs: ['r1'], session: 's' }));
    await clock.runUntil(outbox.idle(), 1000);
    expect(channel.sent).toMatchObject([{ text: 'done', key: 'announce:r1:0' }]);
    expect(ended).toEqual([
      {
        key: 'announce:r1',
        route: place(),
        runs: ['r1'],
        session: 's',
        state: 'delivered',
        reason: undefined,
        messageIds: ['m1'],
      },
    ]);
    expect(outbox.ofRun('r1')).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('takes a key once', async () => {
    const { outbox, channel } = world();
    const ids = [await outbox.enqueueNow(entry('a')), await outbox.enqueueNow(entry('a', { text: 'again' }))];
    await outbox.idle();
    expect(ids).toEqual([1, undefined]);
    expect(channel.texts()).toEqual(['a']);
  });

  it('leaves nothing behind when the caller’s transaction fails', async () => {
    const { outbox, channel, database, clock } = world();
    const failing = database.write((sql) => {
      outbox.enqueue(sql, entry('a'), clock.now());
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    outbox.kick();
    await outbox.idle();
    expect([channel.texts(), outbox.stats().pending]).toEqual([[], 0]);
  });

  it.each([
    ['recognises repeats', once],
    ['does not', blind],
  ])('costs two commits per message where the platform %s', async (_name, can) => {
    const { outbox, database } = world(can);
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    expect(database.commits).toBe(2);
  });

  it('cuts long text, quotes with the first part and puts buttons on the last', async () => {
    const { outbox, channel } = world({ maxText: 10 });
    const choices = [{ label: 'ok', id: 'x' }];
    await outbox.enqueueNow({ ...entry('a'), message: { text: 'one two\nthree four\nfive', replyTo: 'q', choices } });
    await outbox.idle();
    expect(channel.sent.map((one) => one.key)).toEqual(['a:0', 'a:1', 'a:2']);
    expect(channel.sent.map((one) => [one.message.replyTo, one.message.choices])).toEqual([
      ['q', undefined],
      [undefined, undefined],
      [undefined, choices],
    ]);
  });

  it('keeps order in one place while another place goes on', async () => {
    const { outbox, channel, clock } = world();
    channel.judge(({ key }) => (key === 'a:0' && clock.now() < start + 2000 ? { retry: 0 } : undefined));
    const start = clock.now();
    for (const one of [entry('a'), entry('b'), entry('c', { route: place('bob') })]) await outbox.enqueueNow(one);
    await outbox.idle();
    expect(channel.texts()).toEqual(['c']);
    await clock.advance(2000);
    await outbox.idle();
    expect(channel.texts(place())).toEqual(['a', 'b']);
  });

  it('lets an approval overtake a waiting reply, but not between the parts of one', async () => {
    const { outbox, channel, clock } = world({ maxText: 4 });
    channel.script('sent', { retry: 0 });
    await outbox.enqueueNow(entry('r1', { text: 'aaaabbbb' }));
    await outbox.enqueueNow(entry('r2'));
    await outbox.enqueueNow(entry('ask', { priority: 'approval' }));
    await clock.runUntil(() => channel.sent.length === 4, minute);
    expect(channel.texts()).toEqual(['aaaa', 'bbbb', 'ask', 'r2']);
  });

  it('sends no more than its share of one account at once', async () => {
    const { outbox, channel, clock } = world({}, { concurrency: 3 });
    channel.judge(() => ({ hang: 'not-applied' }));
    for (let n = 0; n < 10; n += 1) await outbox.enqueueNow(entry(`k${n}`, { route: place(`c${n}`) }));
    await clock.flush();
    expect(channel.attempts.length).toBe(3);
  });
});

describe('failures', () => {
  it('retries after 2 s doubling to 5 min for 30 min, then gives up visibly', async () => {
    const { outbox, channel, clock, ended } = world();
    const start = clock.now();
    const times: number[] = [];
    channel.judge(() => {
      times.push((clock.now() - start) / 1000);
      return { retry: 0 };
    });
    await outbox.enqueueNow(entry('a', { runs: ['r'] }));
    await clock.runUntil(() => ended.length === 1, 60 * minute);
    expect(times).toEqual([0, 2, 6, 14, 30, 62, 126, 254, 510, 810, 1110, 1410, 1710, 1800]);
    expect(ended[0]).toMatchObject({ state: 'undelivered', reason: 'telegram did not accept it for 30 min' });
    expect(outbox.stats()).toEqual({ pending: 0, undelivered: 1 });
  });

  it('waits as long as the platform asks, and a reconnect does not shorten that', async () => {
    const { outbox, channel, clock } = world();
    channel.script({ retry: 90_000 });
    await outbox.enqueueNow(entry('a'));
    await clock.flush();
    await clock.advance(60_000);
    outbox.wake('telegram:default');
    await clock.advance(29_000);
    expect(channel.texts()).toEqual([]);
    await clock.advance(1000);
    expect(channel.texts()).toEqual(['a']);
  });

  it('tries at once on reconnect', async () => {
    const { outbox, channel, clock } = world();
    channel.script({ retry: 0 }, { retry: 0 }, { retry: 0 }, { retry: 0 }, { retry: 0 }, { retry: 0 });
    await outbox.enqueueNow(entry('a'));
    await clock.advance(70_000);
    expect(channel.texts()).toEqual([]);
    outbox.wake('telegram:default');
    await outbox.idle();
    expect(channel.texts()).toEqual(['a']);
  });

  it('waits for a channel that is not there', async () => {
    const channels = new Map<string, ReturnType<typeof fakeChannel>>();
    const { outbox, clock, channel } = world({}, { adapters: () => channels });
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    channels.set('telegram:default', channel);
    await clock.advance(2000);
    expect(channel.texts()).toEqual(['a']);
  });

  it('gives nothing up while its channel cannot be reached, however long, and sends it after the reconnect', async () => {
    const { outbox, channel, clock, ended } = world(blind);
    channel.setHealth('disconnected');
    channel.judge(() => ({ retry: 0 }));
    for (const key of ['a', 'b']) await outbox.enqueueNow(entry(key));
    await clock.advance(3 * 60 * minute);
    expect([ended, outbox.stats().pending]).toEqual([[], 2]);
    channel.setHealth('connected');
    channel.judge(undefined);
    outbox.wake('telegram:default');
    await outbox.idle();
    expect(channel.texts()).toEqual(['a', 'b']);
  });

  it('begins the 30 minutes anew at the reconnect: the rush after it may meet a limit', async () => {
    const { outbox, channel, clock, ended } = world();
    channel.setHealth('disconnected');
    channel.judge(() => ({ retry: 0 }));
    for (const key of ['a', 'b']) await outbox.enqueueNow(entry(key));
    await clock.advance(60 * minute);
    channel.setHealth('connected');
    channel.judge(undefined);
    channel.script({ retry: 3_000, silence: 'chat' }, 'sent', { retry: 0 });
    outbox.wake('telegram:default');
    await clock.advance(5_000);
    await clock.advance(minute);
    await outbox.idle();
    expect(channel.texts()).toEqual(['a', 'b']);
    expect(ended.map(({ state }) => state)).toEqual(['delivered', 'delivered']);
  });

  it('waits for 40 minutes where the platform asks for that, but gives up one that is to wait for more than a day', async () => {
    const { outbox, channel, clock, ended } = world();
    const day = 24 * 60 * minute;
    channel.script({ retry: 40 * minute });
    await outbox.enqueueNow(entry('a'));
    await clock.advance(41 * minute);
    channel.script({ retry: day });
    await outbox.enqueueNow(entry('b'));
    await clock.advance(day);
    channel.script({ retry: day + 1 });
    await outbox.enqueueNow(entry('c'));
    await outbox.idle();
    expect(channel.texts()).toEqual(['a', 'b']);
    expect(ended.at(-1)).toMatchObject({ key: 'c', state: 'undelivered', reason: 'telegram asks to wait 1441 min' });
  });

  it('waits no longer than it would have when the clock is put back', async () => {
    let back = 0;
    const clock = virtualClock();
    const { outbox, channel } = world({}, { clock: { ...clock, now: () => clock.now() - back } });
    channel.script({ retry: 0 });
    await outbox.enqueueNow(entry('a'));
    await clock.advance(100);
    back = 60 * minute;
    await outbox.enqueueNow(entry('b'));
    await clock.advance(2_000);
    expect(channel.texts()).toEqual(['a', 'b']);
  });

  it('repeats an unknown outcome with the same key where that is recognised', async () => {
    const { outbox, channel, clock, ended } = world(once);
    channel.script('lost-ack');
    await outbox.enqueueNow(entry('a'));
    await clock.runUntil(() => ended.length === 1, minute);
    expect(channel.attempts.map((one) => one.key)).toEqual(['a:0', 'a:0']);
    expect([channel.texts(), ended[0]?.state]).toEqual([['a'], 'delivered']);
  });

  it('marks an unknown outcome and never repeats it where repeats are not recognised', async () => {
    const { outbox, channel, clock, ended } = world(blind);
    channel.script('lost');
    await outbox.enqueueNow(entry('a'));
    await clock.advance(40 * minute);
    expect(channel.attempts.length).toBe(1);
    expect(ended).toMatchObject([{ state: 'ambiguous', reason: 'telegram never confirmed it; it may have arrived' }]);
  });

  it('sends the parts after a doubtful one and says which part it was', async () => {
    const { outbox, channel, ended } = world({ ...blind, maxText: 4 });
    channel.script('sent', 'lost');
    await outbox.enqueueNow(entry('a', { text: 'aaaabbbbcccc' }));
    await outbox.idle();
    expect(channel.texts()).toEqual(['aaaa', 'cccc']);
    expect(ended[0]).toMatchObject({ state: 'ambiguous', messageIds: ['m1', 'm2'] });
    expect(ended[0]?.reason).toContain('part 2 of 3');
  });

  it('counts an adapter that never answers as an unknown outcome', async () => {
    const { outbox, channel, clock, ended } = world(once);
    channel.script({ hang: 'applied' });
    await outbox.enqueueNow(entry('a'));
    await clock.runUntil(() => ended.length === 1, 5 * minute);
    expect([channel.texts(), ended[0]?.state]).toEqual([['a'], 'delivered']);
  });

  it('goes elsewhere with a note when the place is gone, whole and under another key', async () => {
    const tried: (readonly string[])[] = [];
    const { outbox, channel, ended } = world(
      { maxText: 20 },
      {
        reroute: async (row) => {
          tried.push(row.gone);
          return { route: place('ann'), note: 'ℹ️ thread gone' };
        },
      },
    );
    channel.script('sent', 'refused');
    await outbox.enqueueNow(entry('a', { route: place('ann', '7'), text: 'aaaaaaaaaaaaaaaaaaaabbbb' }));
    await outbox.idle();
    expect(tried).toEqual([['telegram:default:ann:7']]);
    expect(channel.texts(place('ann')).join('')).toBe('ℹ️ thread gone\n\naaaaaaaaaaaaaaaaaaaabbbb');
    expect(channel.sent.at(-1)?.key).toMatch(/^a~1:/);
    expect(ended).toMatchObject([{ state: 'delivered', route: place('ann') }]);
  });

  it('ends what is refused for itself with the reason, asks for no other place, and leaves the place as it is', async () => {
    let asked = 0;
    const { outbox, channel, ended } = world(
      {},
      {
        reroute: async () => {
          asked += 1;
          return { route: place('bob'), note: 'elsewhere' };
        },
      },
    );
    channel.script({ refused: 'Telegram does not accept it', only: 'this' });
    for (const key of ['a', 'b']) await outbox.enqueueNow(entry(key));
    await outbox.idle();
    expect(ended).toMatchObject([
      { key: 'a', state: 'undelivered', reason: 'Telegram does not accept it' },
      { key: 'b', state: 'delivered', route: place() },
    ]);
    expect([asked, channel.texts()]).toEqual([0, ['b']]);
  });

  it('says no route when every place refused', async () => {
    const { outbox, channel, ended } = world();
    channel.script('refused');
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    expect(ended).toMatchObject([{ state: 'undelivered', reason: 'no route' }]);
  });

  it('repeats the record, never the send, when the record fails', async () => {
    let failures = 2;
    const { outbox, channel, clock } = world(
      {},
      {
        onEnded: () => {
          failures -= 1;
          if (failures >= 0) throw new Error('disk full');
        },
      },
    );
    await outbox.enqueueNow(entry('a'));
    await clock.runUntil(() => outbox.stats().pending === 0, minute);
    expect(channel.attempts.length).toBe(1);
    expect(failures).toBe(-1);
  });
});

describe('restart', () => {
  it('continues with the first part not delivered', async () => {
    const { outbox, channel, clock, restart } = world({ ...blind, maxText: 4 });
    channel.script('sent', { retry: 60_000 });
    await outbox.enqueueNow(entry('a', { text: 'aaaabbbb' }));
    await outbox.idle();
    await outbox.flush(AbortSignal.abort());
    await restart().idle();
    expect(channel.texts()).toEqual(['aaaa']);
    await clock.advance(60_000);
    expect(channel.texts()).toEqual(['aaaa', 'bbbb']);
  });

  it('tells the channel since when an earlier process may have sent a part, and only of that part', async () => {
    const { outbox, channel, clock, restart } = world({ maxText: 4 });
    const told: (number | undefined)[] = [];
    const { deliver } = channel;
    channel.deliver = (route, message, key) => {
      told.push(message.sentSince);
      return deliver(route, message, key);
    };
    channel.script({ retry: 60_000 });
    const enqueuedAt = clock.now();
    await outbox.enqueueNow(entry('a', { text: 'aaaabbbb' }));
    await outbox.idle();
    await outbox.flush(AbortSignal.abort());
    restart();
    await clock.advance(10 * minute);
    expect(told).toEqual([undefined, enqueuedAt, undefined]);
  });

  it('holds the time it was down against nobody', async () => {
    const { outbox, channel, clock, restart, ended } = world();
    channel.script({ retry: 0 }, { retry: 0 });
    await outbox.enqueueNow(entry('a'));
    await clock.flush();
    await outbox.flush(AbortSignal.abort());
    await clock.advance(60 * minute);
    restart();
    await clock.advance(minute);
    expect(ended).toMatchObject([{ state: 'delivered' }]);
  });

  it('marks what was being sent when the process died, where repeats are not recognised', async () => {
    const { outbox, channel, clock, restart, ended } = world(blind);
    channel.script({ hang: 'applied' });
    await outbox.enqueueNow(entry('a'));
    await clock.flush();
    await restart().idle();
    expect(channel.texts()).toEqual(['a']);
    expect(ended).toMatchObject([{ state: 'ambiguous' }]);
  });

  it('does so even when the channel comes back only after another restart', async () => {
    const { outbox, channel, clock, restart, ended } = world(blind);
    channel.script({ hang: 'applied' });
    await outbox.enqueueNow(entry('a'));
    await clock.flush();
    const without = restart({ adapters: () => new Map() });
    await without.idle();
    await without.flush(AbortSignal.abort());
    await clock.advance(minute);
    await restart().idle();
    expect([channel.texts(), ended.map((one) => one.state)]).toEqual([['a'], ['ambiguous']]);
  });

  it('sends after a clean stop what was marked but not tried', async () => {
    const { outbox, channel, clock, database, restart } = world(blind);
    await database.write((sql) => outbox.enqueue(sql, entry('a'), clock.now()));
    await outbox.flush(AbortSignal.abort());
    await restart().idle();
    expect(channel.texts()).toEqual(['a']);
  });
});

describe('drain and idle', () => {
  it('flush sends what is due and leaves what waits for the next start', async () => {
    const { outbox, channel, database, clock } = world();
    channel.script({ retry: 0 });
    await outbox.enqueueNow(entry('a'));
    await clock.flush();
    await database.write((sql) => outbox.enqueue(sql, entry('b', { route: place('bob') }), clock.now()));
    await outbox.flush(new AbortController().signal);
    await clock.advance(minute);
    expect(channel.texts()).toEqual(['b']);
    expect(outbox.stats().pending).toBe(1);
  });

  it('flush ends when its time is over', async () => {
    const { outbox, channel, clock } = world();
    channel.script({ hang: 'not-applied' });
    await outbox.enqueueNow(entry('a'));
    const limit = new AbortController();
    const flushed = outbox.flush(limit.signal);
    await clock.flush();
    limit.abort();
    await flushed;
    expect(outbox.stats().pending).toBe(1);
  });

  it('is idle while a message only waits for a later attempt', async () => {
    const { outbox, channel } = world();
    channel.script({ retry: 10_000 });
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    expect(outbox.stats().pending).toBe(1);
  });
});

describe('looking after it', () => {
  it('tells once of a backlog over 25, and again after it fell', async () => {
    const told: number[] = [];
    const { outbox, channel, clock } = world({}, { onBacklog: (n) => told.push(n) });
    channel.judge(() => (told.length < 2 && clock.now() === start ? { retry: 0 } : undefined));
    const start = clock.now();
    const fill = async (name: string): Promise<void> => {
      for (let n = 0; n < 30; n += 1) await outbox.enqueueNow(entry(`${name}${n}`));
    };
    await fill('a');
    expect(told).toEqual([26]);
    await clock.runUntil(() => channel.sent.length === 30, 3000);
    await outbox.idle();
    channel.judge(() => ({ retry: 0 }));
    await fill('b');
    expect(told).toEqual([26, 26]);
  });

  it('sends a given-up message again on request, in one transaction with what hangs on it', async () => {
    const { outbox, channel, clock } = world(blind);
    channel.script('lost');
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    const seen: string[] = [];
    expect(await outbox.retry('a', (_sql, row) => seen.push(row.state))).toBe(true);
    await outbox.idle();
    expect([seen, channel.texts()]).toEqual([['pending'], ['a']]);
    expect([await outbox.retry('a'), await outbox.retry('unknown')]).toEqual([false, false]);
    expect(clock.pending()).toBe(0);
  });

  it('dismisses a waiting message and lets the next one go', async () => {
    const { outbox, channel, ended } = world();
    channel.script({ retry: 100_000 });
    await outbox.enqueueNow(entry('a'));
    await outbox.enqueueNow(entry('b'));
    await outbox.idle();
    expect(await outbox.dismiss('a')).toBe(true);
    await outbox.idle();
    expect(channel.texts()).toEqual(['b']);
    expect(ended.map((one) => [one.key, one.state])).toEqual([
      ['a', 'skipped'],
      ['b', 'delivered'],
    ]);
  });

  it('forgets ended messages after 7 days', async () => {
    const { outbox, clock } = world();
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    expect(await outbox.sweep(clock.now() + 6 * 24 * 60 * minute)).toBe(0);
    expect(await outbox.sweep(clock.now() + 8 * 24 * 60 * minute)).toBe(1);
  });

  it('reaches the adapter of the account in the route', async () => {
    const work = fakeChannel({ account: 'work' });
    const { outbox, channel } = world({}, { adapters: adaptersOf(work) });
    await outbox.enqueueNow(entry('a', { route: { ...place(), account: 'work' } }));
    await outbox.idle();
    expect([work.texts(), channel.texts()]).toEqual([['a'], []]);
  });
});
