// «typing …» on WhatsApp: repeated while somebody works, taken back at the end.
import { expect, test } from 'vitest';
import { whatsappLimits } from '../../../channels/whatsapp/limits.ts';
import { Typing } from '../../../channels/whatsapp/typing.ts';
import { virtualClock } from '../../fakes/clock.ts';
import { FakeSocket, parts } from './fake-socket.ts';

const chat = '491511111111@s.whatsapp.net';
const route = { channel: 'whatsapp', account: 'default', chat } as const;

function rig() {
  const clock = virtualClock();
  const fake = new FakeSocket();
  const typing = new Typing({ ...parts(clock), socket: () => fake.socket });
  return { clock, fake, typing };
}

test('typing is shown every ten seconds until it ends', async () => {
  const { clock, fake, typing } = rig();
  typing.begin(route);
  typing.begin(route);
  await clock.advance(25_000);
  expect(fake.presences).toEqual(Array(3).fill(`composing ${chat}`));
  typing.end(route);
  typing.end(route);
  await clock.advance(60_000);
  expect(fake.presences.slice(3)).toEqual([`paused ${chat}`]);
  expect(clock.pending()).toBe(0);
});

test('nothing is shown after the end of the channel, and no lost connection does harm', async () => {
  const { clock, fake, typing } = rig();
  fake.sendPresenceUpdate = () => Promise.reject(new Error('Connection Closed'));
  typing.begin(route);
  await clock.advance(1);
  typing.close();
  typing.begin(route);
  expect(clock.pending()).toBe(0);
});

test('a chat takes one message a second, the account twenty a minute', () => {
  expect(whatsappLimits(route)).toEqual([
    { key: `chat:${chat}`, count: 1, perMs: 1_000 },
    { key: 'account', count: 20, perMs: 60_000 },
  ]);
});
