import { describe, expect, it } from 'vitest';
import { ClosedPlaces } from '../../src/delivery/closed-places.ts';
import { fallbackRoute } from '../../src/delivery/resolve-route.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { virtualClock } from '../fakes/clock.ts';
import { until } from '../fakes/wait.ts';
import { entry, place, quiet, world } from './world.ts';

const blocked = { refused: 'the person has blocked the bot', closed: true } as const;
const receipt = { status: 'refused', cause: 'x', reason: 'the person has blocked the bot', closed: true } as const;

function places() {
  const [database, clock] = [openDatabase(':memory:'), virtualClock()];
  const open = (): ClosedPlaces => new ClosedPlaces({ stores: keyedStores(database, clock), clock, log: quiet });
  const stored = (): unknown => database.read.get("SELECT count(*) AS n FROM keyv WHERE key LIKE '%closed-places%'")?.n;
  return { database, open, stored };
}

describe('closed places', () => {
  it('close at once for every thread of the chat, and for no other chat', () => {
    const closed = places().open();
    closed.note(place('ann', '7'), receipt);
    expect(closed.reason(place('ann'))).toBe('the person has blocked the bot');
    expect(closed.reason(place('ann', '8'))).toBe('the person has blocked the bot');
    expect(closed.reason(place('bob'))).toBeUndefined();
  });

  it('are not closed by a refusal of one message or one thread', () => {
    const closed = places().open();
    closed.note(place('ann'), { status: 'refused', cause: 'x', reason: 'the topic is closed' });
    closed.note(place('ann'), { status: 'retry', afterMs: 1, cause: 'x' });
    expect(closed.reason(place('ann'))).toBeUndefined();
  });

  it('are remembered across a restart until something comes from there', async () => {
    const { open } = places();
    const first = open();
    first.note(place('ann'), receipt);
    first.note(place('bob'), receipt);
    await first.reopen(place('bob'));
    const second = open();
    await second.loading();
    expect([second.reason(place('ann')), second.reason(place('bob'))]).toEqual([receipt.reason, undefined]);
    await second.reopen(place('ann', '3'));
    const third = open();
    await third.loading();
    expect([third.loading(), third.reason(place('ann'))]).toEqual([undefined, undefined]);
  });

  it('tell those who show something there', () => {
    const closed = places().open();
    const told: string[] = [];
    closed.watch((chat) => told.push(chat.chat));
    closed.note(place('ann', '7'), receipt);
    expect(told).toEqual(['ann']);
  });
});

describe('an outbox and closed chats', () => {
  it('says why a message has no route', async () => {
    const { outbox, channel, ended } = world();
    channel.script(blocked);
    await outbox.enqueueNow(entry('a'));
    await outbox.idle();
    expect(ended).toMatchObject([{ state: 'undelivered', reason: 'no route (the person has blocked the bot)' }]);
  });

  it('does not try later messages there, also after a restart, until something comes from the chat', async () => {
    const { outbox, channel, ended, restart, closed, clock } = world();
    channel.script(blocked);
    for (const key of ['a', 'b']) await outbox.enqueueNow(entry(key));
    await outbox.idle();
    expect([channel.attempts.length, ended.map((one) => one.reason)]).toEqual([
      1,
      ['no route (the person has blocked the bot)', 'no route (the person has blocked the bot)'],
    ]);
    await outbox.flush(AbortSignal.abort());
    const next = restart();
    await next.enqueueNow(entry('c', { route: place('ann', '7') }));
    await next.idle();
    expect([channel.attempts.length, ended.length]).toEqual([1, 3]);
    await closed.reopen(place());
    await clock.flush();
    await restart().enqueueNow(entry('d'));
    await until(() => channel.texts().includes('d'), 'the message');
  });

  it('asks for another place once, and never for the main room of the same chat', async () => {
    const asked: (readonly string[])[] = [];
    const last = place('home');
    const { outbox, channel } = world(
      {},
      {
        reroute: async (row) => {
          asked.push(row.gone);
          return fallbackRoute(row.route, row.gone, last);
        },
      },
    );
    channel.script(blocked);
    await outbox.enqueueNow(entry('a', { route: place('g', '7') }));
    await outbox.idle();
    expect(asked).toEqual([['telegram:default:g:7', 'telegram:default:g']]);
    expect(channel.texts(last)).toEqual(['ℹ️ the place this belongs to is gone: the person has blocked the bot\n\na']);
  });
});
