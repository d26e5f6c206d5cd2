// What an adapter under test tells: messages go to the given handler, the rest is recorded. Used wherever `start` is called.
import type { ChannelEvents } from '../../src/core/channel.ts';
import type { InboundMessage, Press, PressAnswer, Reaction } from '../../src/core/message.ts';
import type { Route } from '../../src/core/route.ts';

export interface HeardEvents extends ChannelEvents {
  readonly edits: readonly InboundMessage[];
  readonly presses: readonly Press[];
  readonly reactions: readonly Reaction[];
  readonly moves: readonly { readonly from: Route; readonly to: Route }[];
  readonly gones: readonly { readonly route: Route; readonly reason: string }[];
  readonly opens: readonly Route[];
  /** What the owner was told. */
  readonly alarms: readonly string[];
  /** How often the adapter said that it is connected. */
  readonly connects: number;
}

/** @param answer what every press is answered with */
export function hears(
  message: ChannelEvents['message'] = async () => undefined,
  answer: PressAnswer = { decided: false },
): HeardEvents {
  const edits: InboundMessage[] = [];
  const presses: Press[] = [];
  const reactions: Reaction[] = [];
  const moves: { from: Route; to: Route }[] = [];
  const gones: { route: Route; reason: string }[] = [];
  const opens: Route[] = [];
  const alarms: string[] = [];
  let connects = 0;
  return {
    message,
    edited: async (edited) => void edits.push(edited),
    pressed: async (press) => {
      presses.push(press);
      return answer;
    },
    reacted: async (reaction) => void reactions.push(reaction),
    standing: () => 'owner',
    suggest: async () => [],
    moved: async (from, to) => void moves.push({ from, to }),
    gone: async (route, reason) => void gones.push({ route, reason }),
    opened: (route) => void opens.push(route),
    alarm: (_key, text) => void alarms.push(text),
    connected: () => {
      connects += 1;
    },
    ...{ edits, presses, reactions, moves, gones, opens, alarms },
    get connects() {
      return connects;
    },
  };
}
