import { describe, expect, it } from 'vitest';
import { Bindings, type BindRequest } from '../../src/bindings/bindings.ts';
import { type BindingSettings, threadBindingSettings } from '../../src/bindings/expiry.ts';
import { endsText, introText, spanText, threadName } from '../../src/bindings/texts.ts';
import { bindingSchema } from '../../src/core/binding.ts';
import { refusalText } from '../../src/core/result.ts';
import { type Route, routeKey } from '../../src/core/route.ts';
import { configSchema } from '../../src/infra/config.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { virtualClock } from '../fakes/clock.ts';

const hour = 3_600_000;
const day: BindingSettings = {
  enabled: true,
  idleMs: 24 * hour,
  maxAgeMs: 0,
  spawnSessions: true,
  defaultSpawnContext: 'fork',
};
const ann = { id: 'telegram:ann', class: 'allowed' } as const;
const bob = { id: 'telegram:bob', class: 'allowed' } as const;
const owner = { id: 'telegram:own', class: 'owner' } as const;
const here: Route = { channel: 'telegram', account: 'default', chat: '1' };
const there: Route = { ...here, thread: '7' };

function world(settings: Partial<BindingSettings> = {}) {
  const clock = virtualClock();
  const database = openDatabase(':memory:');
  const stores = keyedStores(database, clock);
  const dead = new Set<string>();
  const make = (): Bindings =>
    new Bindings({
      stores,
      clock,
      settings: () => ({ ...day, ...settings }),
      alive: async (session) => !dead.has(session),
    });
  return { clock, database, stores, dead, bindings: make(), make };
}

function ask(session: string, more: Partial<BindRequest> = {}): BindRequest {
  return { route: here, session, agentId: 'main', label: session, by: ann, ...more };
}

const texts = (farewells: readonly { text: string }[]) => farewells.map((one) => one.text);

it('is idle when all that was asked of it is stored', async () => {
  const { bindings, make, clock } = world({ idleMs: hour });
  await bindings.bind(ask('a'));
  await clock.advance(hour / 2);
  const noted = clock.now();
  void bindings.touch(here, noted);
  await bindings.idle();
  expect(await make().at(here)).toMatchObject({ lastMessageAt: noted });
});

describe('binding', () => {
  it('is found by place and by session, also after a restart', async () => {
    const { bindings, make } = world();
    await bindings.bind(ask('docs'));
    for (const one of [bindings, make()]) {
      expect(await one.at(here)).toMatchObject({ session: 'docs', boundBy: 'telegram:ann', idleMs: 24 * hour });
      expect(await one.of('docs')).toMatchObject({ route: here });
      expect(await one.at(there)).toBeUndefined();
    }
  });

  it('moves a session with a farewell for its old place', async () => {
    const { bindings } = world();
    await bindings.bind(ask('docs'));
    const moved = await bindings.bind(ask('docs', { route: there }));
    expect(moved).toMatchObject({
      value: { farewells: [{ route: here, text: 'ℹ️ docs no longer answers here: it moved to another conversation.' }] },
    });
    expect([await bindings.at(here), (await bindings.of('docs'))?.route]).toEqual([undefined, there]);
  });

  it('gives a conversation to another session with a farewell for the former', async () => {
    const { bindings } = world();
    await bindings.bind(ask('docs'));
    const taken = await bindings.bind(ask('tests'));
    expect(taken.ok && texts(taken.value.farewells)).toEqual(['ℹ️ docs no longer answers here: tests took its place.']);
    expect([(await bindings.at(here))?.session, await bindings.of('docs')]).toEqual(['tests', undefined]);
  });

  it('lets only the binder or the owner take over a place or a session', async () => {
    const { bindings } = world();
    await bindings.bind(ask('docs'));
    const place = await bindings.bind(ask('tests', { by: bob }));
    const session = await bindings.bind(ask('docs', { by: bob, route: there }));
    expect([place, session]).toMatchObject([
      { ok: false, refusal: { code: 'bound_by_another' } },
      { ok: false, refusal: { code: 'bound_by_another' } },
    ]);
    expect(!place.ok && refusalText(place.refusal)).toContain('docs was bound by telegram:ann');
    expect((await bindings.bind(ask('tests', { by: owner }))).ok).toBe(true);
  });

  it('is refused where bindings are off', async () => {
    const { bindings } = world({ enabled: false });
    expect(await bindings.bind(ask('docs'))).toMatchObject({ ok: false, refusal: { code: 'bindings_off' } });
  });

  it('leaves one binding per place and per session, whatever races', async () => {
    const { bindings } = world();
    const routes = [here, there, { ...here, chat: '2' }];
    const sessions = ['a', 'b'];
    await Promise.all(
      Array.from({ length: 40 }, (_, n) =>
        bindings.bind(ask(sessions[n % 2] ?? 'a', { route: routes[(n * 7) % 3] ?? here })),
      ),
    );
    const all = await bindings.all();
    expect(new Set(all.map((one) => one.session)).size).toBe(all.length);
    expect(new Set(all.map((one) => routeKey(one.route))).size).toBe(all.length);
    for (const one of all) expect(await bindings.of(one.session)).toEqual(one);
  });

  it('goes to one of two people who focus at once, and the other is told', async () => {
    const { bindings } = world();
    const both = await Promise.all([bindings.bind(ask('docs')), bindings.bind(ask('tests', { by: bob }))]);
    expect(both.map((one) => one.ok)).toEqual([true, false]);
  });
});

describe('unbinding', () => {
  it('is for the binder and the owner', async () => {
    const { bindings } = world();
    await bindings.bind(ask('docs'));
    expect(await bindings.unbind(here, bob)).toMatchObject({ refusal: { code: 'not_binder' } });
    const done = await bindings.unbind(here, ann);
    expect(done.ok && done.value.farewell.text).toBe('ℹ️ docs no longer answers here: unbound by hand.');
    expect(await bindings.unbind(here, owner)).toMatchObject({ refusal: { code: 'not_bound' } });
    expect(await bindings.of('docs')).toBeUndefined();
  });

  it('happens to an ended session and to a place that is gone', async () => {
    const { bindings } = world();
    await bindings.bind(ask('docs'));
    expect((await bindings.dropFor('docs'))?.text).toBe('ℹ️ docs no longer answers here: its session ended.');
    expect(await bindings.dropFor('docs')).toBeUndefined();
    await bindings.bind(ask('docs'));
    expect(await bindings.dropAt(here)).toMatchObject({ session: 'docs' });
    expect(await bindings.all()).toEqual([]);
  });
});

describe('expiry', () => {
  it('counts idle time from the last message, and says so in the farewell', async () => {
    const { bindings, clock } = world();
    await bindings.bind(ask('docs'));
    await clock.advance(23 * hour);
    await bindings.touch(here, clock.now());
    await clock.advance(23 * hour);
    expect(await bindings.sweep(clock.now())).toEqual([]);
    await clock.advance(hour);
    expect(texts(await bindings.sweep(clock.now()))).toEqual(['ℹ️ docs no longer answers here: no messages for 24 h.']);
    expect(await bindings.sweep(clock.now())).toEqual([]);
  });

  it('counts the age from binding, whatever is said meanwhile', async () => {
    const { bindings, clock } = world({ maxAgeMs: 72 * hour });
    await bindings.bind(ask('docs'));
    for (let n = 0; n < 72; n += 1) {
      await clock.advance(hour);
      await bindings.touch(here, clock.now());
    }
    expect(texts(await bindings.sweep(clock.now()))).toEqual([
      'ℹ️ docs no longer answers here: its time of 3 days is over.',
    ]);
  });

  it('counts every message at once, but does not store each', async () => {
    const { bindings, clock, stores, make } = world();
    const stored = async () => (await stores('bindings', bindingSchema).get(routeKey(here)))?.lastMessageAt;
    await bindings.bind(ask('docs'));
    const bound = clock.now();
    await clock.advance(10_000);
    await bindings.touch(here, clock.now());
    expect([(await bindings.at(here))?.lastMessageAt, await stored()]).toEqual([bound + 10_000, bound]);
    await clock.advance(10_000);
    await bindings.touch(here, clock.now());
    expect((await make().at(here))?.lastMessageAt).toBe(bound + 20_000);
  });

  it('is changed by the binder and answers what is stored', async () => {
    const { bindings, clock } = world();
    await bindings.bind(ask('docs'));
    expect(await bindings.setExpiry(here, bob, { idleMs: 0 })).toMatchObject({ refusal: { code: 'not_binder' } });
    expect(await bindings.setExpiry(there, ann, { idleMs: 0 })).toMatchObject({ refusal: { code: 'not_bound' } });
    const set = await bindings.setExpiry(here, ann, { idleMs: hour });
    expect(set.ok && set.value).toEqual(await bindings.at(here));
    await clock.advance(hour);
    expect((await bindings.sweep(clock.now())).length).toBe(1);
  });

  it('confirms nothing that could not be stored', async () => {
    const { bindings, database } = world();
    await bindings.bind(ask('docs'));
    const full = Object.assign(database, {
      write: () => Promise.reject(new Error('disk full')),
    } satisfies Partial<Database>);
    expect(full).toBe(database);
    expect(await bindings.setExpiry(here, ann, { idleMs: hour })).toMatchObject({ refusal: { code: 'store_failed' } });
  });

  it('ends what is dead with one farewell each and leaves the rest', async () => {
    const { bindings, make, clock, dead } = world();
    for (let n = 0; n < 10; n += 1) {
      await bindings.bind(ask(`s${n}`, { route: { ...here, chat: `c${n}` } }));
      if (n < 3) dead.add(`s${n}`);
    }
    const next = make();
    expect((await next.sweep(clock.now())).map((one) => one.route.chat)).toEqual(['c0', 'c1', 'c2']);
    expect(await next.sweep(clock.now())).toEqual([]);
    expect((await next.all()).length).toBe(7);
  });

  it('mends what a crash left half changed', async () => {
    const { bindings, stores, clock } = world();
    await bindings.bind(ask('docs'));
    const places = stores('bindings', bindingSchema);
    const one = await places.get(routeKey(here));
    if (one === undefined) throw new Error('not bound');
    await places.set(routeKey(there), { ...one, route: there });
    await places.set('telegram:default:9', { ...one, session: 'lost', route: { ...here, chat: '9' } });
    expect(await bindings.of('lost')).toBeUndefined();
    expect((await bindings.sweep(clock.now())).map((farewell) => farewell.route)).toEqual([there]);
    expect(await bindings.of('lost')).toMatchObject({ session: 'lost' });
  });
});

describe('settings and texts', () => {
  it('takes the override of the channel, else the general setting', () => {
    const config = configSchema.parse({
      session: { threadBindings: { idleHours: 2 } },
      channels: { discord: { threadBindings: { idleHours: 0.5, enabled: false } } },
    });
    expect(threadBindingSettings(config, 'discord')).toMatchObject({ enabled: false, idleMs: hour / 2, maxAgeMs: 0 });
    expect(threadBindingSettings(config, 'console')).toMatchObject({ enabled: true, idleMs: 2 * hour });
  });

  it('introduces who is here, for how long, and the way out', () => {
    const binding = { label: 'docs', idleMs: 24 * hour, maxAgeMs: 0 };
    expect(introText({ binding })).toBe(
      'docs is active here (ends after 24 h without messages). Messages here go to this session. /unfocus to leave.',
    );
    expect(introText({ binding, acp: { cwd: '/srv', mode: 'persistent', permissions: 'approve-reads' } })).toContain(
      'It works in /srv (persistent, approve-reads), not sandboxed.',
    );
  });

  it('spells spans exactly', () => {
    expect([90 * 60_000, hour, 24 * hour, 72 * hour, 1500].map(spanText)).toEqual([
      '90 min',
      '1 h',
      '24 h',
      '3 days',
      '1500 ms',
    ]);
    expect(endsText({ idleMs: 0, maxAgeMs: 0 })).toBe('no time limit');
  });

  it('names threads in one line of at most 100 characters', () => {
    expect(threadName(' fix\n the   build ')).toBe('🤖 fix the build');
    expect([...threadName('x'.repeat(200))].length).toBe(100);
  });
});
