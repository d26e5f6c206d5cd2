// What an adapter tells, and where it goes. Used by engine.ts.
import type { ChannelAdapter, ChannelEvents } from '../core/channel.ts';
import type { Route } from '../core/route.ts';
import { accountKey } from '../delivery/account.ts';
import type { Engine } from './engine.ts';

export function channelEvents(
  { receiver, delivery, stores, parts }: Pick<Engine, 'receiver' | 'delivery' | 'stores' | 'parts'>,
  adapter: Pick<ChannelAdapter, 'id' | 'account'>,
): ChannelEvents {
  const { log } = parts;
  /** Whoever writes from a chat has let us in again. */
  const reopen = (route: Route): void => {
    // It may have closed under an id it had before.
    Promise.all(stores.moves.all(route).map((each) => delivery.closed.reopen(each))).catch((error: unknown) =>
      log.error({ err: error }, 'it was not stored that a closed chat is open again'),
    );
  };
  return {
    message: (message) => {
      reopen(message.route);
      return receiver.accept(message);
    },
    edited: (message) => receiver.edited(message),
    pressed: (press) => {
      reopen(press.route);
      return receiver.pressed(press);
    },
    moved: async (from, to) => {
      try {
        await stores.moves.moved(from, to);
        await delivery.bindings.moveChat(from, to);
        log.info({ from: from.chat, to: to.chat, channel: from.channel }, 'a chat has another id now');
      } catch (error) {
        log.error({ err: error, from: from.chat, to: to.chat, code: 'move_failed' }, 'a moved chat was not recorded');
      }
    },
    opened: reopen,
    connected: () => delivery.outbox.wake(accountKey({ channel: adapter.id, account: adapter.account })),
  };
}
