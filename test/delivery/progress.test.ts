import { describe, expect, it } from 'vitest';
import { ClosedPlaces } from '../../src/delivery/closed-places.ts';
import { Pacer } from '../../src/delivery/pacer.ts';
import { Progress } from '../../src/delivery/progress.ts';
import { Updates } from '../../src/delivery/updates.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { type FakeChannelOptions, fakeChannel } from '../fakes/channel.ts';
import { virtualClock } from '../fakes/clock.ts';
import { adaptersOf, place, quiet } from './world.ts';

function world(can: FakeChannelOptions['can'] = {}) {
  const clock = virtualClock();
  const channel = fakeChannel({ can });
  const adapters = adaptersOf(channel);
  const closed = new ClosedPlaces({ stores: keyedStores(openDatabase(':memory:'), clock), clock, log: quiet });
  const updates = new Updates({
    ...{ clock, adapters, log: quiet, closed, pacer: new Pacer(clock) },
    note: async () => {},
    waitsFor: () => false,
  });
  const progress = new Progress({ clock, adapters, updates, closed });
  return { clock, channel, progress, closed, signs: () => channel.signs.map((one) => one.sign) };
}

const tool = (name: string, phase: 'start' | 'end') => ({ name, callId: name, phase });

describe('progress of a turn', () => {
  it('types from the beginning to the end', () => {
    const { progress, signs, clock } = world();
    progress.begin('t', place());
    expect(signs()).toEqual(['typing']);
    progress.end('t');
    progress.end('t');
    expect(signs()).toEqual(['typing', 'idle']);
    expect(clock.pending()).toBe(0);
  });

  it('types until the last turn of a place ended', () => {
    const { progress, signs } = world();
    for (const turn of ['a', 'b']) progress.begin(turn, place());
    progress.end('a');
    expect(signs()).toEqual(['typing']);
    progress.end('b');
    expect(signs()).toEqual(['typing', 'idle']);
  });

  it('puts a sign on the message that asked after ten seconds, and another one when it is done', async () => {
    const { progress, signs, clock } = world({ signs: true });
    for (const [turn, succeeded] of [
      ['done', true],
      ['failed', false],
    ] as const) {
      progress.begin(turn, place(), 'm1');
      await clock.advance(9_999);
      expect(signs().at(-1)).toBe('typing');
      await clock.advance(1);
      expect(signs().at(-1)).toBe('working');
      progress.end(turn, succeeded);
    }
    expect(signs()).toEqual(['typing', 'working', 'done', 'idle', 'typing', 'working', 'idle', 'idle']);
    expect(clock.pending()).toBe(0);
  });

  it('puts no sign on what was quick, on nothing, or where the channel knows none', async () => {
    for (const [can, asked, ms] of [
      [{ signs: true }, 'm1', 9_000],
      [{ signs: true }, undefined, 30_000],
      [{}, 'm1', 30_000],
    ] as const) {
      const { progress, signs, clock } = world(can);
      progress.begin('t', place(), asked);
      await clock.advance(ms);
      progress.end('t', true);
      expect(signs()).toEqual(['typing', 'idle']);
    }
  });

  it('stays quiet where typing is unknown', () => {
    const { progress, signs } = world({ typing: false });
    progress.begin('t', place());
    progress.end('t');
    expect(signs()).toEqual([]);
  });

  it('says after a minute of silence what it does and for how long, and changes that one note', async () => {
    const { progress, channel, clock } = world();
    progress.begin('t', place());
    await clock.advance(15_000);
    progress.tool('t', tool('exec', 'start'));
    await clock.advance(44_999);
    expect(channel.texts()).toEqual([]);
    await clock.advance(1);
    expect(channel.texts()).toEqual(['⏳ still going (1m00s): exec, 45s']);
    progress.tool('t', tool('exec', 'end'));
    await clock.advance(60_000);
    expect(channel.texts()).toEqual(['⏳ still going (2m00s): thinking']);
    progress.end('t');
    await clock.advance(1500);
    expect(channel.texts()).toEqual(['ℹ️ worked for 2m00s']);
    expect(clock.pending()).toBe(0);
  });

  it('sends one note and no more where notes cannot be changed', async () => {
    const { progress, channel, clock } = world({ edits: false });
    progress.begin('t', place());
    await clock.advance(600_000);
    progress.end('t');
    expect(channel.texts()).toEqual(['⏳ still going (1m00s): thinking']);
  });

  it('waits a minute from what the person saw last', async () => {
    const { progress, channel, clock } = world();
    progress.begin('t', place());
    await clock.advance(50_000);
    progress.shown('t');
    await clock.advance(59_000);
    expect(channel.texts()).toEqual([]);
    await clock.advance(1000);
    expect(channel.texts().length).toBe(1);
    progress.end('t');
  });

  it('stops typing and telling in a chat that is closed, and begins nothing there', async () => {
    const { progress, channel, closed, clock, signs } = world();
    progress.begin('t', place('ann', '1'));
    progress.begin('other', place('bob'));
    await clock.advance(60_000);
    closed.note(place('ann'), {
      status: 'refused',
      cause: 'x',
      reason: 'the person has blocked the bot',
      closed: true,
    });
    expect(signs()).toEqual(['typing', 'typing', 'idle']);
    progress.begin('u', place('ann'));
    await clock.advance(60_000);
    for (const turn of ['t', 'u', 'other']) progress.end(turn);
    await clock.advance(60_000);
    expect(channel.signs.map((one) => one.route.chat)).toEqual(['ann', 'bob', 'ann', 'bob']);
    expect(channel.texts(place('ann', '1'))).toEqual(['⏳ still going (1m00s): thinking']);
    expect([channel.texts(place('bob')), clock.pending()]).toEqual([['ℹ️ worked for 2m00s'], 0]);
  });

  it('survives a channel that refuses the note or is not connected', async () => {
    const { progress, channel, clock } = world();
    channel.script('refused');
    progress.begin('t', place());
    await clock.advance(120_000);
    progress.end('t');
    channel.setHealth('disconnected');
    progress.begin('u', place());
    await clock.advance(120_000);
    progress.end('u');
    expect(channel.texts()).toEqual([]);
    expect(channel.attempts.length).toBe(1);
  });
});
