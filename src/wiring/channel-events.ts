// What an adapter tells, and where it goes. Used by engine.ts.
import type { ChannelAdapter, ChannelEvents } from '../core/channel.ts';
import type { Route } from '../core/route.ts';
import { accountKey } from '../delivery/account.ts';
import { keysGivenUp } from '../delivery/outbox-row.ts';
import { chatKey } from '../delivery/pacer.ts';
import type { Engine } from './engine.ts';
import { sendAgain } from './messages-again.ts';
import type { Meet, Who } from './persons.ts';

type Parts = Pick<Engine, 'delivery' | 'stores' | 'parts'>;

/** A change that takes longer goes on by itself. */
const editWithinMs = 1_000;

export function channelEvents(
  { receiver, delivery, stores, parts }: Parts & Pick<Engine, 'receiver'>,
  adapter: Pick<ChannelAdapter, 'id' | 'account'>,
  meet: Meet,
): ChannelEvents {
  const { log } = parts;
  const whole = <T extends Who>(said: T): T => {
    const sender = stores.persons.whole(said.route.channel, said.sender);
    return sender === said.sender ? said : { ...said, sender };
  };
  /** Hands on what somebody said, at once where nothing new is known of them. */
  const from = <T extends Who, R>(said: T, hand: (said: T) => Promise<R>): Promise<R> => {
    const known = whole(said);
    const settled = stores.persons.settled(known.route.channel, known.sender);
    return settled ? hand(known) : meet(known).then(() => hand(known));
  };
  /** Whoever writes from a chat has let us in again. */
  const reopen = (route: Route): void => {
    // It may have closed under an id it had before.
    for (const each of stores.moves.all(route))
      reopened(each).catch((error: unknown) =>
        log.error({ err: error }, 'it was not stored that a closed chat is open again'),
      );
  };
  /** Results that were given up while the chat was closed are sent after all: somebody asked for them. */
  const reopened = async (route: Route): Promise<void> => {
    if (!(await delivery.closed.reopen(route))) return;
    for (const key of keysGivenUp(stores.database.read, chatKey(route)))
      await sendAgain({ delivery, stores, parts }, key);
  };
  /** Not through the channel that has failed; where there is no other one, the log and the status have it. */
  const tellElsewhere = async (key: string, text: string): Promise<void> => {
    const route = await delivery.owner.get(accountKey({ channel: adapter.id, account: adapter.account }));
    if (route === undefined) return;
    await delivery.outbox.enqueueNow({ key, route, message: { text: `⚠️ ${text}` }, priority: 'approval' });
  };
  return {
    message: (message) => {
      reopen(message.route);
      return from(message, (known) => receiver.accept(known));
    },
    // Waited for only so long: its place may be behind a slow command, and everybody else's messages are behind it.
    edited: async (message) => {
      const over = new AbortController();
      const stored = receiver.edited(whole(message));
      stored.catch((error: unknown) => log.error({ err: error }, 'a change of a message was not stored'));
      await Promise.race([stored, parts.clock.sleep(editWithinMs, over.signal)]).finally(() => over.abort());
    },
    pressed: (press) => {
      reopen(press.route);
      return receiver.pressed(whole(press));
    },
    reacted: async (reaction) => {
      reopen(reaction.route);
      await from(reaction, (known) => receiver.reacted(known));
    },
    standing: (message) => receiver.standing(whole(message)),
    suggest: (ask) =>
      parts.suggest(whole(ask)).catch((error: unknown) => {
        log.error({ err: error, command: ask.command, code: 'suggest_failed' }, 'nothing could be suggested');
        return [];
      }),
    moved: async (from, to) => {
      try {
        const news = await stores.moves.moved(from, to);
        await delivery.bindings.moveChat(from, to);
        if (news)
          log.info(
            { from: from.chat, to: to.chat, channel: from.channel, code: 'chat_moved' },
            'a chat has another id now',
          );
      } catch (error) {
        log.error({ err: error, from: from.chat, to: to.chat, code: 'move_failed' }, 'a moved chat was not recorded');
      }
    },
    gone: (route, reason) => delivery.places.gone(route, reason),
    opened: reopen,
    alarm: (key, text) => {
      tellElsewhere(key, text).catch((error: unknown) =>
        log.error({ err: error }, 'the owner was not told of a channel that failed'),
      );
    },
    connected: () => {
      const account = accountKey({ channel: adapter.id, account: adapter.account });
      delivery.outbox.wake(account);
      delivery.places.connected(account);
    },
  };
}
