// Forty runs that show what they do for five minutes, with Telegram's limits taken literally: the real outbox, the real adapter
// and library over the wire, in virtual time.
import { expect, it } from 'vitest';
import { TelegramAdapter } from '../../../channels/telegram/adapter.ts';
import { routeKey } from '../../../src/core/route.ts';
import { accountKey } from '../../../src/delivery/account.ts';
import { ClosedPlaces } from '../../../src/delivery/closed-places.ts';
import type { Ended } from '../../../src/delivery/deliver-row.ts';
import { Outbox } from '../../../src/delivery/outbox.ts';
import { Pacer } from '../../../src/delivery/pacer.ts';
import { Updates } from '../../../src/delivery/updates.ts';
import { openDatabase } from '../../../src/infra/database.ts';
import { keyedStores } from '../../../src/infra/keyed-store.ts';
import { silentLog } from '../../../src/infra/log.ts';
import { quantile } from '../../delivery/traffic.ts';
import { hears } from '../../fakes/channel-events.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { seededIds } from '../../fakes/ids.ts';
import { until } from '../../fakes/wait.ts';
import { telegramTwin } from '../../twins/telegram/twin.ts';
import { chat, forums } from './rig.ts';

const minutes = 5;
const tickMs = 100;

it('forty runs stay within every limit, their results are on time and in order', async () => {
  const clock = virtualClock(undefined, 1);
  const twin = await telegramTwin({ clock });
  twin.limits(true);
  const people = Array.from({ length: 6 }, (_, index) => twin.person(100 + index, `Person ${index}`));
  for (const index of [1, 2, 3]) twin.group(-index, { members: people });
  const forum = twin.group(-9, { members: people, forum: true, botRights: { can_manage_topics: true } });
  const topics = ['one', 'two', 'three'].map((name) => forum.topic(name));
  const routes = [
    ...people.map(({ id }) => chat(id)),
    ...[-1, -2, -3].map((id) => chat(id)),
    ...topics.map(({ id }) => chat(-9, id)),
  ];
  const adapter = new TelegramAdapter({
    ...{ account: 'default', token: twin.token, apiRoot: twin.url, clock, ids: seededIds(1), log: silentLog },
    ...{ forums: forums(), commands: [], owners: () => [], closedGroup: () => undefined },
  });
  await adapter.start(hears());
  for (const person of people) await person.says('/start');
  await until(() => twin.unconfirmed === 0, 'everybody to be known');

  const database = openDatabase(':memory:');
  const [pacer, adapters] = [new Pacer(clock), new Map([[accountKey(chat(1)), adapter]])];
  const closed = new ClosedPlaces({ stores: keyedStores(database, clock), clock, log: silentLog });
  const parts = { clock, adapters: () => adapters, log: silentLog, pacer, closed };
  const ended: (Ended & { readonly at: number })[] = [];
  const outbox = new Outbox({
    ...{ ...parts, database, reroute: async () => undefined },
    onEnded: (one) => ended.push({ ...one, at: clock.now() }),
  });
  outbox.resume();
  const updates = new Updates({ ...parts, note: async () => {}, waitsFor: (place) => outbox.waitsFor(place) });

  /** Everything on the wire has been answered but the poll, which waits for people. */
  const answered = (): boolean =>
    twin.calls.every(({ answered: how, method }) => how !== undefined || method === 'getUpdates');
  const enqueued = new Map<string, number>();
  const end = clock.now() + minutes * 60_000;
  for (let tick = 0; clock.now() < end; tick += 1) {
    for (let run = 0; run < 40; run += 1) {
      const route = routes[run % routes.length] ?? chat(100);
      updates.update(`run${run}`, route, { text: `run ${run}: step ${tick}` });
      // A result of each run every half minute, each at another moment.
      if ((tick * tickMs) % 30_000 !== run * 700) continue;
      const key = `${run}:${tick}`;
      enqueued.set(key, clock.now());
      void outbox.enqueueNow({ key, route, message: { text: `result ${key}` }, priority: 'final' });
    }
    await clock.advance(tickMs);
    while (!answered()) await clock.flush();
  }
  await clock.runUntil(() => ended.length === enqueued.size, 120_000);

  expect(twin.rejected429).toBe(0);
  expect(enqueued.size).toBe(400);
  expect(ended.map(({ state }) => state)).toEqual(ended.map(() => 'delivered'));
  const waits = ended.map(({ key, at }) => at - (enqueued.get(key) ?? 0));
  expect(quantile(waits, 0.95)).toBeLessThan(1_500);
  for (const route of routes) {
    const here = ended.filter((one) => routeKey(one.route) === routeKey(route)).map(({ key }) => key);
    const written = [...enqueued.keys()].filter((key) => here.includes(key));
    expect(here).toEqual(written);
  }
  expect(twin.calls.filter(({ method }) => method === 'editMessageText').length).toBeGreaterThan(500);
  await Promise.all([adapter.stop(), clock.runUntil(adapter.stop(), 60_000)]);
  await database.close();
  await twin.close();
}, 60_000);
