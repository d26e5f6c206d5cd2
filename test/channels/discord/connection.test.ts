import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/infra/clock.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import type { Person } from '../../twins/discord/people.ts';
import type { ChannelPlace } from '../../twins/discord/places.ts';
import { openRig, place, type Rig } from './rig.ts';

/** The library waits in real time; ours passes ten times as fast. */
const clock = fastClock(10);

let rig: Rig;
let ann: Person;
let general: ChannelPlace;
beforeEach(async () => {
  rig = await openRig({ clock }, { clock });
  ann = rig.twin.person('Ann');
  general = rig.twin.guild({ members: [ann] }).channel('general');
});
afterEach(async () => {
  const { violations } = rig.twin;
  await rig.close();
  expect(violations).toEqual([]);
});

const codes = (): readonly unknown[] => rig.log.lines.map((line) => line.fields.code);
const texts = (): readonly string[] => rig.taken.map((message) => message.text);
const heard = (text: string): Promise<void> => until(() => texts().includes(text), `«${text}»`, 15_000);
const connected = (): Promise<void> => until(() => rig.adapter.health().state === 'connected', 'the connection');

describe('connecting', () => {
  it('explains a token that Discord does not accept, once, and tries no further', async () => {
    const adapter = rig.another({ token: 'wrong' });
    await adapter.start(rig.events);
    expect(adapter.health()).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('Check channels.discord.token (or DISCORD_TOKEN)'),
    });
    expect(codes().filter((code) => code === 'discord_failed')).toHaveLength(1);
    expect(rig.twin.calls).toHaveLength(1);
  });

  it('names the switch when the bot may not read messages, and logs in no further', async () => {
    await rig.close();
    rig = await openRig({ clock }, { clock, privileged: { messageContent: false } });
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health()).toMatchObject({
      state: 'failed',
      detail: expect.stringContaining('switch on «Message Content Intent»'),
    });
    const { length } = rig.twin.calls;
    const end = clock.now() + 10_000;
    await until(() => clock.now() > end, 'time to pass');
    expect(rig.twin.calls).toHaveLength(length);
    expect(await rig.adapter.deliver(place(general), { text: 'x' }, 'k')).toMatchObject({ status: 'retry' });
  });

  it('stops with a reason when the token is revoked later', async () => {
    await rig.adapter.start(rig.events);
    rig.twin.revokeToken();
    await until(() => rig.adapter.health().state === 'failed', 'the end');
    expect(rig.adapter.health().detail).toContain('does not accept the token');
  });

  it('goes on by itself when the network is down at first', async () => {
    await rig.twin.down();
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health()).toMatchObject({
      state: 'disconnected',
      detail: expect.stringMatching(/^Discord cannot be reached for .*; trying again\.$/),
    });
    expect(codes()).toContain('discord_unreachable');
    expect(rig.events.connects).toBe(0);
    await rig.twin.up();
    await connected();
    expect(rig.events.connects).toBe(1);
  });

  it('waits while Discord allows hardly any login more', async () => {
    rig.twin.gateway.startsLeft = 3;
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health().detail).toContain('allows no more logins');
    expect(rig.twin.gateway.identifies).toHaveLength(0);
  });

  it('never shows the token, whatever fails', async () => {
    const { twin, adapter, events, log } = rig;
    for (const fault of ['reset-before', 'reset-after', 'html'] as const) {
      twin.fault('GET /gateway/bot', fault);
      twin.fault('POST /channels/:id/messages', fault);
    }
    await adapter.start(events);
    await connected();
    for (let i = 0; i < 4; i += 1) await adapter.deliver(place(general), { text: 'x' }, `k${i}`);
    expect(JSON.stringify([log.lines, adapter.health()])).not.toContain(twin.token);
  });
});

describe('a connection that breaks', () => {
  beforeEach(async () => {
    await rig.adapter.start(rig.events);
    await ann.says('before', { in: general });
    await heard('before');
  });

  it('is taken up again, and everything is heard once', async () => {
    rig.twin.gateway.drop();
    await ann.says('during the drop', { in: general });
    await heard('during the drop');
    rig.twin.gateway.op7();
    await ann.says('during the move', { in: general });
    await heard('during the move');
    expect(texts()).toEqual(['before', 'during the drop', 'during the move']);
    // What is replayed comes before the word that all of it was.
    await until(() => rig.adapter.health().state === 'connected', 'the connection');
  });

  it('loses nothing when the first reconnect is refused and the session with it', async () => {
    const direct = await ann.says('in private');
    await heard('in private');
    await rig.twin.down();
    await until(() => rig.adapter.health().state === 'connecting', 'the outage');
    await ann.says('are you there?', { in: general });
    await ann.says('hello?');
    const end = clock.now() + 15_000;
    await until(() => clock.now() > end, 'the outage to last');
    await rig.twin.up();
    await heard('hello?');
    await ann.says('after', { in: general });
    await heard('after');
    expect(texts()).toEqual(['before', 'in private', 'are you there?', 'hello?', 'after']);
    expect(new Set(rig.taken.map(({ id }) => id)).size).toBe(5);
    expect(direct).toBe(rig.taken[1]?.id);
  });

  it('loses nothing when Discord has forgotten the session', async () => {
    rig.twin.gateway.forgetsSessions();
    rig.twin.gateway.drop();
    await ann.says('forgotten', { in: general });
    await heard('forgotten');
    rig.twin.gateway.op9();
    await ann.says('invalid', { in: general });
    await heard('invalid');
    expect(texts()).toEqual(['before', 'forgotten', 'invalid']);
  });

  it('is built anew when RESUMED never comes', async () => {
    rig.twin.gateway.stallsResumes();
    rig.twin.gateway.drop();
    const since = clock.now();
    await ann.says('in between', { in: general });
    await heard('in between');
    expect(clock.now() - since).toBeLessThan(45_000);
    expect(texts()).toEqual(['before', 'in between']);
  });

  it('is built anew when Discord says nothing any more', async () => {
    await rig.close();
    const faster = fastClock(50);
    rig = await openRig({ clock: faster }, { clock: faster });
    ann = rig.twin.person('Ann');
    general = rig.twin.guild({ members: [ann] }).channel('general');
    await rig.adapter.start(rig.events);
    rig.twin.gateway.deaf();
    await ann.says('into the void', { in: general });
    await heard('into the void');
    expect(codes()).toContain('discord_unreachable');
  });
});

describe('a client that is given up', () => {
  /** The library pauses half a second before it connects again. */
  const reconnectMs = 1_500;
  const passes = (ms: number): Promise<void> => {
    const end = systemClock.now() + ms;
    return until(() => systemClock.now() > end, 'time to pass');
  };
  const left = () => [rig.twin.gateway.identifies.length, rig.twin.gateway.connections];

  it('opens no session when it was logging in', async () => {
    rig.twin.fault('GET /gateway/bot', { slow: 0 });
    rig.twin.fault('GET /gateway/bot', { slow: 10_000 });
    void rig.adapter.start(rig.events);
    await until(() => rig.twin.called('GET /gateway/bot').length === 2, 'the login');
    await rig.adapter.stop();
    await passes(reconnectMs);
    expect(left()).toEqual([0, 0]);
  });

  it('ends soon, at whatever moment of a login it comes', async () => {
    await rig.close();
    for (let ticks = 0; ticks < 40; ticks += 1) {
      const one = await openRig({}, { identifyMs: 0 });
      void one.adapter.start(one.events);
      await until(() => one.twin.gateway.connections > 0, 'the connection to the gateway');
      for (let tick = 0; tick < ticks; tick += 1) await new Promise((resolve) => setImmediate(resolve));
      await one.adapter.stop();
      await one.close();
    }
    rig = await openRig();
  });

  it('opens no session when it was about to connect again', async () => {
    await rig.adapter.start(rig.events);
    await connected();
    rig.twin.gateway.drop();
    await until(() => rig.adapter.health().state === 'connecting', 'the drop');
    await passes(100);
    await rig.adapter.stop();
    await passes(reconnectMs);
    expect(left()).toEqual([1, 0]);
  });

  it('leaves one session after a long outage of the gateway alone', async () => {
    await rig.close();
    const fast = fastClock(30);
    rig = await openRig({ clock: fast }, { clock: fast });
    await rig.twin.gateway.outage();
    void rig.adapter.start(rig.events);
    await until(() => rig.log.lines.filter(({ fields }) => fields.end === 'lost').length >= 2, 'two ends', 30_000);
    await rig.twin.gateway.up();
    await connected();
    await passes(reconnectMs);
    expect(left()).toEqual([1, 1]);
  });

  it('leaves no socket behind whose failure would end the process', async () => {
    const port = Number(new URL(String(rig.twin.gateway.describe().url)).port);
    await rig.adapter.start(rig.events);
    await rig.twin.gateway.outage();
    const held: Socket[] = [];
    const hole = createServer((socket) => held.push(socket.on('error', () => undefined).resume()));
    await new Promise<void>((resolve) => hole.listen(port, '127.0.0.1', resolve));
    await until(() => rig.log.lines.some(({ fields }) => fields.end === 'lost'), 'the end', 15_000);
    const [first] = held;
    await until(() => first?.destroyed === true, 'the socket to be closed');
    await rig.adapter.stop();
    for (const socket of held) socket.destroy();
    await new Promise((resolve) => hole.close(resolve));
  });
});
