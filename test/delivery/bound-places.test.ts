import { describe, expect, it } from 'vitest';
import type { Binding } from '../../src/core/binding.ts';
import { type Route, routeKey } from '../../src/core/route.ts';
import { accountKey } from '../../src/delivery/account.ts';
import { BoundPlaces } from '../../src/delivery/bound-places.ts';
import { fakeChannel } from '../fakes/channel.ts';
import { virtualClock } from '../fakes/clock.ts';
import { adaptersOf, quiet } from './world.ts';

const thread = (n: number): Route => ({ channel: 'discord', account: 'default', chat: 'g', thread: `t${n}` });

function world(count: number) {
  const clock = virtualClock();
  const channel = fakeChannel({ id: 'discord', can: { threads: true } });
  const kept = new Map<string, Binding>();
  for (let n = 0; n < count; n += 1) {
    const times = { boundAt: n, lastMessageAt: n, idleMs: 0, maxAgeMs: 0 };
    const binding = { route: thread(n), session: `s${n}`, agentId: 'main', label: `run${n}`, boundBy: 'a', ...times };
    kept.set(routeKey(thread(n)), binding);
  }
  /** What happens, in order. */
  const story: string[] = [];
  const bindings = {
    all: async () => [...kept.values()],
    dropAt: async (route: Route) => {
      const binding = kept.get(routeKey(route));
      kept.delete(routeKey(route));
      story.push(`dropped ${binding?.label}`);
      return binding;
    },
  };
  const tell = async (key: string): Promise<void> => void story.push(`told ${key}`);
  const options = { bindings, adapters: adaptersOf(channel), clock, log: quiet, tell };
  return { clock, channel, story, bindings, places: new BoundPlaces(options), again: () => new BoundPlaces(options) };
}

const account = accountKey(thread(0));

describe('places that are asked about', () => {
  it('are never more than 4 at once, nor more than 40 a second', async () => {
    const { clock, channel, places } = world(100);
    let [now, most] = [0, 0];
    const times: number[] = [];
    channel.reaches = async () => {
      now += 1;
      most = Math.max(most, now);
      times.push(clock.now());
      await clock.sleep(20);
      now -= 1;
      return 'there';
    };
    places.connected(account);
    await clock.runUntil(places.idle(), 60_000);
    expect([times.length, most]).toEqual([100, 4]);
    const inSecond = times.map((at) => times.filter((other) => other > at - 1_000 && other <= at).length);
    expect(Math.max(...inSecond)).toBeLessThanOrEqual(40);
  });

  it('are let be when the process ends', async () => {
    const { clock, channel, places, story } = world(100);
    for (let n = 0; n < 100; n += 1) channel.missing.set(routeKey(thread(n)), 'unknown');
    places.connected(account);
    await clock.advance(500);
    await places.close();
    expect(channel.asked.length).toBeLessThan(30);
    expect([story, clock.pending()]).toEqual([[], 0]);
  });
});

it('the last word is stored before the bindings go, under the same key when both are repeated after a crash', async () => {
  const { clock, channel, places, again, bindings, story } = world(3);
  for (const n of [0, 2]) channel.missing.set(routeKey(thread(n)), 'gone');
  const { dropAt } = bindings;
  bindings.dropAt = async () => Promise.reject(new Error('the disk is full'));
  places.connected(account);
  await clock.runUntil(places.idle(), 60_000);
  bindings.dropAt = dropAt;
  const next = again();
  next.connected(account);
  await clock.runUntil(next.idle(), 60_000);
  const told = 'told gone:discord:default:g:t0@0,t2@2';
  expect(story).toEqual([told, told, 'dropped run0', 'dropped run2']);
});

it('nothing is said in a chat that is gone itself', async () => {
  const { clock, channel, places, story } = world(2);
  for (const n of [0, 1]) channel.missing.set(routeKey(thread(n)), 'gone');
  channel.missing.set('discord:default:g', 'gone');
  places.connected(account);
  await clock.runUntil(places.idle(), 60_000);
  expect(story).toEqual(['dropped run0', 'dropped run1']);
});
