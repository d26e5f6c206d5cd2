// An outbox on a real database, a fake channel and a virtual clock. Used by the delivery tests.
import type { Capabilities } from '../../src/core/channel.ts';
import type { Route } from '../../src/core/route.ts';
import { type Adapters, accountKey } from '../../src/delivery/account.ts';
import { ClosedPlaces } from '../../src/delivery/closed-places.ts';
import type { Ended } from '../../src/delivery/deliver-row.ts';
import { Outbox, type OutboxOptions } from '../../src/delivery/outbox.ts';
import type { OutboxEntry } from '../../src/delivery/outbox-row.ts';
import { Pacer } from '../../src/delivery/pacer.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { type FakeChannel, type FakeChannelOptions, fakeChannel } from '../fakes/channel.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

export const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

export interface World {
  readonly clock: VirtualClock;
  readonly channel: FakeChannel;
  /** Counts its commits. */
  readonly database: Database & { readonly commits: number };
  readonly ended: Ended[];
  readonly outbox: Outbox;
  readonly pacer: Pacer;
  readonly closed: ClosedPlaces;
  /** Another process on the same database. */
  restart(options?: Partial<OutboxOptions>): Outbox;
}

export type WorldOptions = Partial<OutboxOptions> & Pick<FakeChannelOptions, 'limits'>;

export function world(can: Partial<Capabilities> = {}, { limits, ...options }: WorldOptions = {}): World {
  const clock = virtualClock();
  const channel = fakeChannel({ can, limits });
  const database = counting(openDatabase(':memory:'));
  const ended: Ended[] = [];
  const pacer = new Pacer(clock);
  const places = { stores: keyedStores(database, clock), clock, log: quiet };
  const closed = new ClosedPlaces(places);
  const make = (more: Partial<OutboxOptions> = {}): Outbox =>
    new Outbox({
      ...{ database, clock, log: quiet, pacer, closed },
      adapters: adaptersOf(channel),
      reroute: async () => undefined,
      onEnded: (one) => ended.push(one),
      ...options,
      ...more,
    });
  const outbox = make();
  outbox.resume();
  const restart = (more?: Partial<OutboxOptions>): Outbox => {
    const next = make({ pacer: new Pacer(clock), closed: new ClosedPlaces(places), ...more });
    next.resume();
    return next;
  };
  return { clock, channel, database, ended, outbox, pacer, closed, restart };
}

export function adaptersOf(...channels: FakeChannel[]): Adapters {
  const map = new Map(channels.map((one) => [accountKey({ channel: one.id, account: one.account }), one]));
  return () => map;
}

export function place(chat = 'ann', thread?: string): Route {
  return { channel: 'telegram', account: 'default', chat, ...(thread === undefined ? {} : { thread }) };
}

export function entry(key: string, more: Partial<OutboxEntry> & { readonly text?: string } = {}): OutboxEntry {
  const { text = key, ...rest } = more;
  return { key, route: place(), message: { text }, priority: 'reply', ...rest };
}

function counting(database: Database): Database & { readonly commits: number } {
  let commits = 0;
  let open = false;
  return {
    read: database.read,
    onUnreadable: (listener) => database.onUnreadable(listener),
    write: (work) => {
      if (!open) {
        open = true;
        commits += 1;
        // Work of one event loop turn shares a commit; the database schedules it the same way.
        setImmediate(() => {
          open = false;
        });
      }
      return database.write(work);
    },
    close: () => database.close(),
    get commits() {
      return commits;
    },
  };
}
