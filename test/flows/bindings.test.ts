// How long a conversation stays bound: /session, and how bindings end by themselves.
import { afterEach, describe, expect, test } from 'vitest';
import { notice, say } from '../fakes/script.ts';
import { annsChat, ended, inGroup, lines, openPeople, startsWork, typed } from './people.ts';
import { openWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

const hour = 3_600_000;

describe('/session', () => {
  test('shows both limits with their exact ends; a change is stored before it is confirmed', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    expect(await typed(world, '/session')).toBe(
      '⚠️ This conversation is not bound to a session. /focus <label> binds it.',
    );
    expect(await typed(world, '/session idle 2h')).toBe(
      '⚠️ This conversation is not bound to a session. /focus <label> binds it.',
    );
    await typed(world, '/focus docs');
    expect(await typed(world, '/session')).toBe(
      lines(
        'Session:',
        '-----',
        'bound to: docs (main)',
        'bound by: console:ann',
        'idle: 24h, next expiry 2026-01-02T00:00:00Z (in 1d)',
        'max age: off',
      ),
    );
    for (const off of ['off', 'disable', 'disabled', 'none', '0']) {
      expect(await typed(world, `/session idle ${off}`)).toBe('✅ idle: off');
    }
    expect(await typed(world, '/session max-age 3')).toBe('✅ max age: 3h, next expiry 2026-01-01T03:00:00Z (in 3h)');
    await world.restart('kill');
    expect(await typed(world, '/session')).toContain(
      'idle: off\nmax age: 3h, next expiry 2026-01-01T03:00:00Z (in 3h)',
    );
  });

  test('has no word of success when the change could not be stored', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await typed(world, '/focus docs');
    const { bindings } = world.engine.delivery;
    bindings.setExpiry = async () => ({
      ok: false,
      refusal: {
        code: 'store_failed',
        message: 'The change could not be stored, so nothing changed.',
        fix: 'Check disk space with /doctor, then try again.',
      },
    });
    expect(await typed(world, '/session idle 1h')).toBe(
      '⚠️ The change could not be stored, so nothing changed. Check disk space with /doctor, then try again.',
    );
  });
});

describe('a binding ends by itself', () => {
  test('after the idle time without a message either way', async () => {
    world = await openWorld({ config: { session: { threadBindings: { idleHours: 1 } } } });
    await ended(world, 'docs');
    await typed(world, '/focus docs');
    await world.clock.advance(hour - 60_000);
    world.agent.once(
      /^slow$/,
      [...Array(4).fill({ do: 'wait', ms: 10 * 60_000 - 1 }), say('finally')].flatMap((step) => [
        step,
        notice('at it'),
      ]),
    );
    await world.say('slow');
    await world.until(() => world.agent.active.size === 1, 'the turn');
    for (let i = 0; i < 40; i += 1) await world.clock.advance(60_000);
    await world.channel.next('finally');
    await world.until(() => world.engine.delivery.outbox.stats().pending === 0, 'the receipt');
    for (let i = 0; i < 50; i += 1) await world.clock.advance(60_000);
    expect(await world.engine.delivery.bindings.all()).toHaveLength(1);
    for (let i = 0; i < 11; i += 1) await world.clock.advance(60_000);
    expect((await world.channel.next('no longer')).text).toBe('ℹ️ docs no longer answers here: no messages for 1 h.');
    await world.say('hello?');
    await world.until(() => world.agent.turns.at(-1)?.session === annsChat, 'main to answer');
  });

  test('exactly then: neither with the next round of the sweep, nor a moment early', async () => {
    world = await openWorld({ config: { session: { threadBindings: { idleHours: 1 } } } });
    await ended(world, 'docs');
    // Between two rounds of the sweep.
    await world.clock.advance(20_000);
    await typed(world, '/focus docs');
    await world.until(() => world.engine.delivery.outbox.stats().pending === 0, 'the receipt');
    await world.clock.advance(hour - 1);
    expect(await world.engine.delivery.bindings.all()).toHaveLength(1);
    await world.clock.advance(1);
    expect((await world.channel.next('no longer')).text).toContain('no messages for 1 h');
  });

  test('exactly when a shorter limit says, though it was set after the last round', async () => {
    world = await openWorld();
    await ended(world, 'docs');
    await world.clock.advance(20_000);
    await typed(world, '/focus docs');
    expect(await typed(world, '/session max-age 30s')).toContain('✅ max age: 30s');
    await world.clock.advance(29_999);
    expect(await world.engine.delivery.bindings.all()).toHaveLength(1);
    await world.clock.advance(1);
    expect((await world.channel.next('no longer')).text).toContain('its time of 30 s is over');
  });

  test('at its max age, however busy', async () => {
    world = await openWorld({ config: { session: { threadBindings: { idleHours: 0, maxAgeHours: 48 } } } });
    await ended(world, 'docs');
    expect(await typed(world, '/focus docs')).toContain('idle: off; max age: 2d.');
    await world.clock.advance(47 * hour);
    expect(await world.engine.delivery.bindings.all()).toHaveLength(1);
    await world.clock.advance(hour + 60_000);
    expect((await world.channel.next('no longer')).text).toBe(
      'ℹ️ docs no longer answers here: its time of 2 days is over.',
    );
  });

  test('while the process was down: at the next start, with one farewell', async () => {
    world = await openWorld({ config: { session: { threadBindings: { idleHours: 1 } } } });
    await ended(world, 'docs', 'tests');
    await typed(world, '/focus docs');
    await world.restart('kill');
    expect(await typed(world, '/session')).toContain('bound to: docs');
    await world.engine.delivery.bindings.at(world.channel.direct());
    await world.restart('drain');
    await world.clock.advance(2 * hour);
    expect((await world.channel.next('no longer')).text).toContain('no messages for 1 h');
    expect(world.channel.texts().filter((text) => text.includes('no longer answers'))).toHaveLength(1);
  });

  test('with the kill of its run, not with a stop of its turn', async () => {
    world = await openPeople();
    const here = inGroup(world);
    await startsWork(world, 'docs');
    const { child } = world.run('docs');
    await typed(world, `/focus ${child}`, here);
    expect(await typed(world, '/stop', here)).toContain('✅ stopped: 1 turn here.');
    expect(await typed(world, '/session', here)).toContain('bound to: docs (main)');
    expect(await typed(world, '/subagents kill docs')).toBe('ℹ️ nothing was running: already finished 1');
    expect((await world.channel.next('no longer')).text).toBe('ℹ️ docs no longer answers here: its session ended.');
    expect(await typed(world, '/session', here)).toContain('not bound');
  });
});
