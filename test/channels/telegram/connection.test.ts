import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hears } from '../../fakes/channel-events.ts';
import { fastClock } from '../../fakes/fast-clock.ts';
import { until } from '../../fakes/wait.ts';
import { openRig, type Rig } from './rig.ts';

/** A minute passes in a second, here and at Telegram: a busy machine still answers well within the waits of the adapter. */
const clock = fastClock(60);

let rig: Rig;
beforeEach(async () => {
  rig = await openRig({ clock }, { clock });
});
afterEach(() => rig.close());

const codes = (): readonly unknown[] => rig.log.lines.map((line) => line.fields.code);
const texts = (): readonly string[] => rig.taken.map((message) => message.text);

describe('connecting', () => {
  it('explains a token that Telegram does not accept, once, and tries no further', async () => {
    const adapter = rig.another({ token: '4242:wrong' });
    await adapter.start(rig.events);
    expect(adapter.health()).toEqual({
      state: 'failed',
      detail:
        'Telegram does not accept the token. Check channels.telegram.token (or TELEGRAM_TOKEN); BotFather shows it with /token.',
    });
    expect(codes().filter((code) => code === 'telegram_failed')).toHaveLength(1);
    expect(rig.twin.calls).toHaveLength(1);
  });

  it('goes on by itself when the network is down at first', async () => {
    await rig.twin.down();
    const { adapter, twin, events } = rig;
    await adapter.start(events);
    expect(adapter.health()).toMatchObject({
      state: 'disconnected',
      detail: expect.stringMatching(/^Telegram cannot be reached for .*; trying again\.$/),
    });
    expect(codes()).toContain('telegram_unreachable');
    expect(events.connects).toBe(0);
    await twin.up();
    await until(() => adapter.health().state === 'connected', 'the connection', 15_000);
    expect(events.connects).toBe(1);
  });

  it('comes back after an outage, says so, and takes what came meanwhile, marked as having waited', async () => {
    const adapter = rig.another();
    await adapter.start(rig.events);
    const ann = rig.twin.person(7, 'Ann');
    await rig.twin.down();
    await until(() => adapter.health().state === 'disconnected', 'the outage');
    const since = clock.now();
    await ann.says('are you there?', { date: since + 1_000 });
    await until(() => clock.now() > since + 120_000, 'two minutes to pass');
    await rig.twin.up();
    await until(() => rig.taken.length === 1, 'the message', 15_000);
    expect(rig.taken[0]).toMatchObject({ text: 'are you there?', backlog: true });
    expect(rig.events.connects).toBe(2);
    // One line for the outage, however often it was tried.
    const told = rig.log.lines.filter(
      ({ level, fields }) => level === 'warn' && fields.code === 'telegram_unreachable',
    );
    expect(told).toHaveLength(1);
    // What holds as it did before is not said again.
    expect(rig.log.lines.filter(({ message }) => message.startsWith('privacy mode is on'))).toHaveLength(1);
  });

  it('is not blind to a server that never answers a poll', async () => {
    const adapter = rig.another();
    await adapter.start(rig.events);
    rig.twin.fault('getUpdates', 'hang');
    await rig.twin.person(7, 'Ann').says('first');
    await until(() => texts().includes('first'), 'the message');
  });

  it('explains another program on the same token, leaves it alone, and recovers when it is gone', async () => {
    const [one, two] = [rig.another(), rig.another()];
    await one.start(rig.events);
    await two.start(hears());
    await until(() => one.health().state === 'conflict', 'the conflict');
    expect(one.health().detail).toContain('another program receives for this bot');
    expect(codes()).toContain('telegram_conflict');
    // Receiving is what the other one takes away: there is an answer, so sending goes on.
    await rig.twin.person(9, 'Cy').says('hi');
    const cy = { channel: 'telegram', account: 'default', chat: '9' } as const;
    expect(await one.deliver(cy, { text: 'hello' }, 'k')).toMatchObject({ status: 'sent' });
    await two.stop();
    await until(() => one.health().state === 'connected', 'the recovery');
    await rig.twin.person(7, 'Ann').says('hello');
    await until(() => texts().includes('hello'), 'the message');
  });

  it('takes a webhook away that would keep every poll from being answered', async () => {
    await fetch(`${rig.twin.url}/bot${rig.twin.token}/setWebhook?url=${encodeURIComponent('http://127.0.0.1:9/')}`);
    await rig.adapter.start(rig.events);
    expect(rig.adapter.health().state).toBe('connected');
  });

  it('never shows the token, whatever fails', async () => {
    const { twin, adapter, events, log } = rig;
    for (const fault of ['reset-before', 'reset-after', 'html', 'cut'] as const) {
      twin.fault('getMe', fault);
      twin.fault('sendMessage', fault);
    }
    await adapter.start(events);
    await until(() => adapter.health().state === 'connected', 'the connection');
    await twin.person(7, 'Ann').says('hi');
    await until(() => rig.taken.length === 1, 'the message');
    for (let i = 0; i < 5; i += 1)
      await adapter.deliver({ channel: 'telegram', account: 'default', chat: '7' }, { text: 'x' }, `k${i}`);
    await twin.down();
    await until(() => adapter.health().state === 'disconnected', 'the outage');
    expect(JSON.stringify([log.lines, adapter.health()])).not.toContain('twin-token');
  });
});

describe('stopping and starting', () => {
  it('fifty times never has two polls open, and loses and repeats nothing', async () => {
    const ann = rig.twin.person(7, 'Ann');
    for (let round = 0; round < 50; round += 1) {
      const adapter = rig.another();
      await adapter.start(rig.events);
      await ann.says(`message ${round}`);
      if (round % 2 === 0) await until(() => texts().includes(`message ${round}`), 'the message');
      await adapter.stop();
    }
    const last = rig.another();
    await last.start(rig.events);
    await until(() => texts().includes('message 49'), 'the last message');
    expect(texts()).toEqual(Array.from({ length: 50 }, (_, round) => `message ${round}`));
    expect(rig.twin.polls).toMatchObject({ overlaps: 0, answered409: 0 });
  });

  it('takes no time, also while Telegram holds the poll', async () => {
    await rig.adapter.start(rig.events);
    await until(() => rig.twin.polls.open === 1, 'the held poll');
    await rig.adapter.stop();
    await until(() => rig.twin.polls.open === 0, 'Telegram to notice');
    expect(rig.adapter.health().state).toBe('stopped');
  });

  it('gets an update again that a process received and did not live to store', async () => {
    const ann = rig.twin.person(7, 'Ann');
    const killed = rig.another();
    const [received, stored] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await killed.start(
      hears(() => {
        received.resolve();
        return stored.promise;
      }),
    );
    await ann.says('do it');
    await received.promise;
    // What a killed process leaves behind: nothing confirmed, its connections gone.
    await rig.twin.down();
    await rig.twin.up();
    await rig.adapter.start(rig.events);
    await until(() => texts().length > 0, 'the update');
    expect(texts()).toEqual(['do it']);
    stored.reject(new Error('killed'));
  });
});
