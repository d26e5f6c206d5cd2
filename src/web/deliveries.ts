// What is on its way to people, what did not arrive, and what arrived last. Called by snapshot.ts.
import { clip, oneLine } from '../core/format.ts';
import type { Run } from '../core/run.ts';
import type { OutboxState } from '../delivery/outbox-row.ts';
import { endedMessages, failedMessages, type MessageView, openMessages } from '../delivery/outbox-view.ts';
import type { Engine } from '../wiring/engine.ts';
import type { DeliveryRow, Tone } from './view.ts';
import { placeWords } from './words.ts';

type Parts = Pick<Engine, 'stores'>;

const most = { failed: 50, open: 50, owed: 50, ended: 10 } as const;
const textChars = 120;

/** What a person may have to act on first, then what is on its way, then the last that ended. */
export function deliveryRows({ stores }: Parts): readonly DeliveryRow[] {
  const { read } = stores.database;
  const failed = failedMessages(read, most.failed);
  const open = openMessages(read, most.open);
  const known = new Set([...failed, ...open].flatMap(({ runs }) => runs));
  // What is being sent has a message, among those above or beyond their number.
  const owed = stores.registry
    .owed()
    .filter(({ id, delivery }) => delivery.state !== 'sending' && !known.has(id))
    .slice(-most.owed);
  return [
    ...failed.map(messageRow),
    ...open.map(messageRow),
    ...owed.map(owedRow),
    ...endedMessages(read, most.ended).map(messageRow),
  ];
}

function messageRow(message: MessageView): DeliveryRow {
  const { key, route, state, text, attempts, nextAt, reason, runs, at } = message;
  const waits = state === 'pending' && attempts > 0;
  return {
    key,
    run: runs[0],
    // Marks of Markdown say nothing in one line.
    what: clip(oneLine(text.replaceAll(/`{3,}|\*\*/g, ' ')), textChars),
    place: placeWords(route),
    state,
    tone: tones[state],
    attempts,
    at: message.endedAt ?? at,
    nextAt: waits ? nextAt : undefined,
    reason,
    open: state !== 'delivered' && state !== 'skipped',
  };
}

/** A result that no message was made of yet: its requester takes it in first, or it has no place to go. */
function owedRow({ id, label, origin, delivery, state }: Run): DeliveryRow {
  return {
    run: id,
    what: `result of ${label}`,
    place: placeWords(origin),
    state: delivery.state,
    tone: 'idle',
    attempts: delivery.attempts,
    at: 'endedAt' in state ? state.endedAt : 0,
    nextAt: delivery.nextAt,
    reason: delivery.reason,
    open: true,
  };
}

const tones: Readonly<Record<OutboxState, Tone>> = {
  pending: 'busy',
  sending: 'busy',
  delivered: 'good',
  skipped: 'idle',
  ambiguous: 'bad',
  undelivered: 'bad',
};
