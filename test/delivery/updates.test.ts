import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../src/core/channel.ts';
import type { Receipt } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';
import { afterShowing, editEveryMs, pauseMs } from '../../src/delivery/after-showing.ts';
import { ClosedPlaces } from '../../src/delivery/closed-places.ts';
import { Pacer } from '../../src/delivery/pacer.ts';
import { Updates } from '../../src/delivery/updates.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { type FakeChannelOptions, fakeChannel } from '../fakes/channel.ts';
import { virtualClock } from '../fakes/clock.ts';
import { telegramLimits } from './strict-platform.ts';
import { adaptersOf, place, quiet } from './world.ts';

function world(options: FakeChannelOptions = {}) {
  const clock = virtualClock();
  const channel = fakeChannel(options);
  const start = clock.now();
  /** Edits with their time; the next receipts of edits, `sent` when there are none. */
  const edits: string[] = [];
  const receipts: Receipt[] = [];
  const change = channel.edit?.bind(channel);
  const edit: typeof change = async (route, id, message) => {
    edits.push(`${clock.now() - start} ${message.text}`);
    return receipts.shift() ?? (await change?.(route, id, message)) ?? { status: 'refused', cause: 'no edits' };
  };
  Object.assign(channel, { edit });
  const closed = new ClosedPlaces({ stores: keyedStores(openDatabase(':memory:'), clock), clock, log: quiet });
  const owed = new Set<string>();
  const pacer = new Pacer(clock);
  const waitsFor = (chat: string): boolean => owed.has(chat);
  /** What was about to be sent, and how much had been shown by then. */
  const notes: string[] = [];
  const note = async ({ chat }: Route): Promise<void> => {
    notes.push(`${chat} after ${channel.attempts.length + edits.length}`);
  };
  const updates = new Updates({ note, clock, adapters: adaptersOf(channel), log: quiet, pacer, closed, waitsFor });
  const say = (text: string, key = 'k', route = place()): void => updates.update(key, route, { text });
  return { clock, channel, updates, say, edits, receipts, owed, closed, pacer, notes };
}

describe('a message that changes', () => {
  it('is sent at once and then shows the newest text only, every 1.5 s', async () => {
    const { clock, channel, say, edits } = world();
    for (let n = 0; n < 40; n += 1) {
      say(`step ${n}`);
      await clock.advance(100);
    }
    await clock.advance(1500);
    expect(channel.attempts.map((one) => [one.key, one.text])).toEqual([['k:0', 'step 0']]);
    expect(edits).toEqual(['1500 step 14', '3000 step 29', '4500 step 39']);
    expect(clock.pending()).toBe(0);
  });

  it('is noted before each send, which the next process must know of', async () => {
    const { clock, say, notes } = world();
    say('one');
    await clock.advance(1600);
    say('two');
    await clock.advance(1600);
    expect(notes).toEqual(['ann after 0', 'ann after 1']);
  });

  it('changes every 3 s in a group and never takes more than half of what the group allows', async () => {
    const { clock, say, edits } = world({ limits: telegramLimits });
    for (let n = 0; n < 120_000; n += 500) {
      say(`at ${n}`, 'k', place('-1'));
      await clock.advance(500);
    }
    const times = edits.map((one) => Number(one.split(' ')[0]));
    expect(times.slice(0, 3)).toEqual([3000, 6000, 9000]);
    const inMinute = times.map((at) => times.filter((other) => other > at - 60_000 && other <= at).length);
    expect(Math.max(...inMinute)).toBe(10);
  });

  it('takes turns with the others of its chat', async () => {
    const { clock, channel, say } = world({ limits: telegramLimits });
    for (let n = 0; n < 300; n += 1) {
      for (const key of ['a', 'b', 'c']) say(`${key} ${n}`, key);
      await clock.advance(100);
    }
    expect(channel.sent.map((one) => Number(one.text.slice(2))).every((n) => n > 230)).toBe(true);
  });

  it('waits while something owed waits for its chat', async () => {
    const { clock, channel, say, owed } = world();
    owed.add('telegram:default:ann');
    say('a');
    say('b', 'other', place('bob'));
    await clock.advance(10_000);
    expect(channel.texts()).toEqual(['b']);
    owed.clear();
    await clock.advance(1000);
    expect(channel.texts()).toEqual(['b', 'a']);
  });

  it('waits for the connection, and shows what is newest then', async () => {
    const { clock, channel, say } = world();
    channel.setHealth('disconnected');
    say('old');
    await clock.advance(5000);
    say('new');
    channel.setHealth('connected');
    await clock.advance(1000);
    expect(channel.texts()).toEqual(['new']);
  });

  it('is not changed when the text is the same', async () => {
    const { clock, say, edits } = world();
    say('a');
    await clock.advance(2000);
    say('a');
    await clock.advance(2000);
    expect(edits).toEqual([]);
  });

  it('shows its last text however long that takes, within reason, and is then forgotten', async () => {
    const { clock, channel, say, updates, receipts } = world();
    say('a');
    await clock.flush();
    receipts.push({ status: 'retry', afterMs: 60_000, cause: 'x' });
    updates.finish('k', { text: 'done' });
    await clock.advance(61_600);
    expect(channel.texts()).toEqual(['done']);
    expect(clock.pending()).toBe(0);
    say('b', 'l');
    await clock.flush();
    receipts.push(...Array.from({ length: 99 }, (): Receipt => ({ status: 'retry', afterMs: 60_000, cause: 'x' })));
    updates.finish('l', { text: 'never' });
    await clock.advance(12 * 60_000);
    expect([channel.texts(), clock.pending()]).toEqual([['done', 'b'], 0]);
  });

  it('ends without a word where nothing of it was seen', async () => {
    const { clock, channel, say, updates } = world();
    channel.script({ retry: 5000 });
    say('a');
    await clock.flush();
    updates.finish('k', { text: 'done' });
    await clock.advance(60_000);
    expect([channel.texts(), clock.pending()]).toEqual([[], 0]);
  });

  it('ends with the last text also when its first one is still on the way', async () => {
    const { clock, channel, say, updates } = world();
    say('a');
    updates.finish('k', { text: 'done' });
    await clock.advance(1500);
    expect([channel.texts(), updates.size]).toEqual([['done'], 0]);
  });

  it('ends without a word when the first one on the way is not taken', async () => {
    const { clock, channel, say, updates } = world();
    channel.script({ retry: 5000 });
    say('a');
    updates.finish('k', { text: 'done' });
    await clock.advance(60_000);
    expect([channel.texts(), updates.size, clock.pending()]).toEqual([[], 0, 0]);
  });

  it('keeps a silence the platform asks for, for others too', async () => {
    const { clock, channel, say, edits } = world();
    channel.script({ retry: 20_000, silence: 'chat' });
    say('a');
    await clock.advance(10_000);
    say('b', 'other', place('ann', '2'));
    say('newer');
    await clock.advance(9_999);
    expect(channel.texts()).toEqual([]);
    await clock.advance(1);
    expect([channel.texts(), edits]).toEqual([['newer', 'b'], []]);
  });

  it('becomes a new message once when it cannot be changed any more, and is then given up', async () => {
    const { clock, channel, say, receipts } = world();
    say('a');
    await clock.advance(2000);
    receipts.push({ status: 'refused', cause: 'deleted' }, { status: 'refused', cause: 'deleted' });
    for (const text of ['b', 'c', 'd']) {
      say(text);
      await clock.advance(5000);
    }
    expect(channel.attempts.map((one) => [one.key, one.text])).toEqual([
      ['k:0', 'a'],
      ['k:1', 'b'],
    ]);
    expect(clock.pending()).toBe(0);
  });

  it('does not hold what is owed while an adapter never answers', async () => {
    const { clock, channel, say, pacer } = world({ limits: () => [{ key: 'c', count: 1, perMs: 1000 }] });
    channel.script({ hang: 'not-applied' });
    say('a');
    await clock.advance(10_000);
    const target = { account: 'telegram:default', chat: 'c', limits: [{ key: 'c', count: 1, perMs: 1000 }] };
    expect(pacer.freeAt(target, 'owed') - clock.now()).toBe(1001);
  });

  it('stops in a chat that is closed', async () => {
    const { clock, channel, say, closed } = world();
    channel.script({ refused: 'the person has blocked the bot', closed: true });
    say('a');
    await clock.flush();
    say('b', 'other', place('ann', '2'));
    say('c');
    await clock.advance(60_000);
    expect([channel.attempts.length, closed.reason(place()), clock.pending()]).toEqual([
      1,
      'the person has blocked the bot',
      0,
    ]);
  });
});

describe('what a receipt means for a changing message', () => {
  const sent: Receipt = { status: 'sent', messageIds: ['m'] };
  const refused: Receipt = { status: 'refused', cause: 'x' };
  const lost: Receipt = { status: 'ambiguous', cause: 'x' };
  it.each<[string, Receipt, string | undefined, number, string, string | undefined]>([
    ['a send tells the id', sent, undefined, 1, 'shown', 'm'],
    ['a send without an id cannot be changed', { status: 'sent', messageIds: [] }, undefined, 1, 'over', undefined],
    ['a send that may be there is not repeated', lost, undefined, 1, 'over', undefined],
    ['a change that may be there is repeated', lost, 'm', 1, 'again', 'm'],
    ['a refused change leads to a new message', refused, 'm', 1, 'again', undefined],
    ['but to one only', refused, 'm', 2, 'over', undefined],
    ['and to none in a closed chat', { ...refused, closed: true }, 'm', 1, 'over', undefined],
    ['a refused send ends it', refused, undefined, 1, 'over', undefined],
  ])('%s', (_name, receipt, messageId, sends, next, id) => {
    expect(afterShowing(receipt, { messageId, sends })).toEqual({ next, messageId: id });
  });

  it('takes the pace of changes from the limits', () => {
    const minute: RateLimit[] = [{ key: 'g', count: 20, perMs: 60_000 }];
    expect([editEveryMs([]), editEveryMs(telegramLimits(place())), editEveryMs(minute)]).toEqual([1500, 1500, 3000]);
  });

  it('waits as long as asked, and longer after each failure', () => {
    const retry: Receipt = { status: 'retry', afterMs: 30_000, cause: 'x' };
    expect([pauseMs(1500, sent, 0), pauseMs(1500, retry, 1), pauseMs(1500, lost, 2), pauseMs(1500, lost, 60)]).toEqual([
      1500, 30_000, 6000, 60_000,
    ]);
  });
});
