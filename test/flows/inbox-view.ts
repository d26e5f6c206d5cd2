// What became of the messages, read from the inbox table. Used by the flows of queue, steering, lanes and intake.
import type { World } from './world.ts';

export interface InboxView {
  readonly ticket: number;
  readonly text: string;
  readonly state: string;
  readonly reason: string | null;
}

/** Every message stored, oldest first; notes that commands put into sessions show as `> text`. */
export function inboxRows(world: World): InboxView[] {
  return world.engine.stores.database.read
    .all('SELECT ticket, state, reason, message FROM inbox ORDER BY ticket')
    .map((row) => {
      const stored = JSON.parse(String(row.message));
      const text = stored.kind === 'message' ? stored.message.text : `> ${stored.item.text}`;
      return {
        ticket: Number(row.ticket),
        text,
        state: String(row.state),
        reason: row.reason === null ? null : String(row.reason),
      };
    });
}

/** `text: state reason` per message. */
export function inboxStory(world: World): string[] {
  return inboxRows(world).map(({ text, state, reason }) => `${text}: ${state}${reason === null ? '' : ` (${reason})`}`);
}

/** Answers to messages, without replies to commands. */
export function answers(world: World): string[] {
  return world.channel.sent.filter((one) => !one.key.startsWith('command:')).map((one) => one.text);
}

/** What is remembered while work goes on; all zero when nothing is. */
export function remembered(world: World): Record<string, number> {
  const { receiver, layer } = world.engine;
  return {
    ...layer.turns.stats(),
    ...receiver.stats(),
    ...layer.messages.stats(),
    lanes: layer.scheduler.stats().sessions,
  };
}
