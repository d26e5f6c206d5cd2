import { expect, test } from 'vitest';
import { movedAdapters } from '../../src/delivery/moved-adapters.ts';
import { fakeChannel } from '../fakes/channel.ts';
import { place } from './world.ts';

test('typing that began before the chat moved ends under both of its ids', () => {
  const channel = fakeChannel();
  let moved = false;
  const adapters = movedAdapters(() => new Map([['k', channel]]), {
    current: (route) => (moved && route.chat === 'old' ? place('new') : route),
    opening: (_parent, open) => open(),
  });
  const signal = (chat: string, sign: 'typing' | 'idle'): void => adapters().get('k')?.signal?.(place(chat), sign);
  signal('old', 'typing');
  moved = true;
  signal('old', 'typing');
  signal('old', 'idle');
  signal('other', 'idle');
  expect(channel.signs.map(({ route, sign }) => [route.chat, sign])).toEqual([
    ['old', 'typing'],
    ['new', 'typing'],
    ['new', 'idle'],
    ['old', 'idle'],
    ['other', 'idle'],
  ]);
});
