// What a channel tells the engine must not hold up what else it has to tell.
import { expect, test } from 'vitest';
import type { InboundMessage } from '../../src/core/message.ts';
import { channelEvents } from '../../src/wiring/channel-events.ts';
import { fakeChannel } from '../fakes/channel.ts';
import { virtualClock } from '../fakes/clock.ts';
import { recordingLog } from '../fakes/recording-log.ts';

const message: InboundMessage = {
  ...{ id: 'm', route: fakeChannel().direct(), sender: { id: 'ann', name: 'Ann' }, chat: 'direct', text: 'x' },
  ...{ mentionsBot: true, attachments: [], sentAt: 0 },
};

function events(edited: () => Promise<void>) {
  const [clock, log] = [virtualClock(), recordingLog()];
  const engine = {
    receiver: { edited },
    delivery: {},
    stores: { persons: { whole: (_channel: string, sender: object) => sender } },
    parts: { clock, log },
  };
  return { clock, log, told: channelEvents(engine as never, fakeChannel(), async () => undefined) };
}

test('a change that has to wait for its turn is left alone after a second', async () => {
  const { clock, told } = events(() => new Promise(() => undefined));
  let over = false;
  void told.edited(message).then(() => {
    over = true;
  });
  await clock.advance(999);
  expect(over).toBe(false);
  await clock.advance(1);
  expect(over).toBe(true);
});

test('a change that is taken at once waits for nothing, and leaves no timer', async () => {
  const { clock, told } = events(async () => undefined);
  await told.edited(message);
  expect(clock.pending()).toBe(0);
});

test('a change that could not be stored is told to the log, also when nobody waits for it any more', async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const { clock, log, told } = events(() => promise);
  const taken = told.edited(message);
  await clock.advance(1_000);
  await taken;
  reject(new Error('disk full'));
  await clock.flush();
  expect(log.lines.map((line) => line.level)).toEqual(['error']);
});

test('an alarm reaches the owner through another channel than the one that has failed', async () => {
  const sent: unknown[] = [];
  const elsewhere = { channel: 'telegram', account: 'default', chat: '7' };
  const engine = {
    delivery: {
      owner: { get: async (without: string) => (without === 'telegram:default' ? undefined : elsewhere) },
      outbox: { enqueueNow: async (entry: unknown) => void sent.push(entry) },
    },
    parts: { clock: virtualClock(), log: recordingLog() },
  };
  const from = (channel: 'telegram' | 'whatsapp') =>
    channelEvents(engine as never, { id: channel, account: 'default' }, async () => undefined);
  from('whatsapp').alarm('k', 'It was unlinked.');
  from('telegram').alarm('k2', 'Lost.');
  await engine.parts.clock.flush();
  expect(sent).toEqual([{ key: 'k', route: elsewhere, message: { text: '⚠️ It was unlinked.' }, priority: 'approval' }]);
});
