// What an earlier process sent counts against the limits of the next one.
import { describe, expect, it } from 'vitest';
import type { RateLimit } from '../../src/core/channel.ts';
import { noteSend } from '../../src/delivery/earlier-sends.ts';
import { entry, place, world } from './world.ts';

const limit: RateLimit = { key: 'channel', count: 5, perMs: 5_000 };

describe('after a restart', () => {
  it('the messages sent last fill the windows, and those from before do not', async () => {
    const { outbox, clock, channel, restart } = world({ idempotentSend: true }, { limits: () => [limit] });
    for (let n = 0; n < 3; n += 1) await outbox.enqueueNow(entry(`old ${n}`));
    await outbox.idle();
    await clock.advance(5_100);
    for (let n = 0; n < 2; n += 1) await outbox.enqueueNow(entry(`late ${n}`));
    await outbox.idle();
    await outbox.flush(new AbortController().signal);
    const next = restart();
    for (let n = 0; n < 5; n += 1) await next.enqueueNow(entry(`new ${n}`));
    await clock.advance(10);
    expect(channel.texts()).toEqual(['old 0', 'old 1', 'old 2', 'late 0', 'late 1', 'new 0', 'new 1', 'new 2']);
    await clock.advance(5_100);
    expect(channel.texts().slice(8)).toEqual(['new 3', 'new 4']);
  });

  it('a message that was perhaps on its way counts as sent', async () => {
    const { outbox, clock, channel, restart } = world({ idempotentSend: true }, { limits: () => [limit] });
    channel.script({ hang: 'applied' });
    await outbox.enqueueNow(entry('on its way'));
    await clock.advance(10);
    void outbox.flush(AbortSignal.abort());
    const next = restart();
    for (let n = 0; n < 5; n += 1) await next.enqueueNow(entry(`new ${n}`));
    await clock.advance(10);
    // One counts twice: for the send before the restart and for the one after it.
    expect(channel.texts().filter((text) => text.startsWith('new'))).toEqual(['new 0', 'new 1', 'new 2']);
  });

  it('counts only what the limits of the very place look back for', async () => {
    const { outbox, clock, channel, restart } = world(
      { idempotentSend: true },
      { limits: ({ chat }) => [{ ...limit, key: chat }] },
    );
    for (let n = 0; n < 5; n += 1) await outbox.enqueueNow(entry(`ann ${n}`));
    await outbox.idle();
    await outbox.flush(new AbortController().signal);
    const next = restart();
    await next.enqueueNow(entry('to ann'));
    await next.enqueueNow(entry('to bob', { route: place('bob') }));
    await clock.advance(10);
    expect(channel.texts().slice(5)).toEqual(['to bob']);
  });

  it('progress counts that was noted before it was sent, and is forgotten after a while', async () => {
    const { database, outbox, clock, channel, restart } = world({}, { limits: () => [limit] });
    await outbox.flush(new AbortController().signal);
    for (let n = 0; n < 2; n += 1) await database.write((sql) => noteSend(sql, place(), clock.now()));
    const next = restart();
    for (let n = 0; n < 5; n += 1) await next.enqueueNow(entry(`new ${n}`));
    await clock.advance(10);
    expect(channel.texts()).toEqual(['new 0', 'new 1', 'new 2']);
    await clock.advance(10 * 60_000);
    await database.write((sql) => noteSend(sql, place(), clock.now()));
    expect(database.read.all('SELECT at FROM brief_sends')).toHaveLength(1);
  });
});
