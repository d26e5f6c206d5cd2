// Menus in messages that can be changed: a decided one shows what was chosen. Used by receiver.ts.
import { asksApproval } from '../approvals/broker.ts';
import { adapterFor } from '../delivery/account.ts';
import { readRow } from '../delivery/outbox-row.ts';
import type { DeliveryLayer } from './delivery.ts';
import type { Stores } from './stores.ts';

/** Best effort: the answer to the choice says the same. @param key of the message with the menu */
export function showDecided(
  { adapters, updates }: Pick<DeliveryLayer, 'adapters' | 'updates'>,
  { database }: Pick<Stores, 'database'>,
  { key, choice }: { readonly key: string; readonly choice: string },
): void {
  const row = readRow(database.read, { key });
  // What an agent asked for shows more than the line that was chosen.
  if (row === undefined || asksApproval(key)) return;
  const { route, message, messageIds } = row;
  const adapter = adapterFor(adapters, route);
  const [messageId, ...more] = messageIds;
  const label = message.choices?.find(({ id }) => id === choice)?.label;
  if (adapter?.can.edits !== true || messageId === undefined || more.length > 0 || label === undefined) return;
  const { choices: _decided, document, replyTo: _once, ...rest } = message;
  if (document !== undefined) return;
  const live = `decided:${key}`;
  updates.adopt(live, route, { messageId, message, everyMs: 0 });
  updates.finish(live, { ...rest, text: `${message.text}\n\n✔️ ${label}` });
}
