// Which waiting items go together into one turn, and which must wait for others. Pure; called by mailbox.ts.
import { type Route, sameRoute } from '../core/route.ts';
import type { QueueSettings } from '../core/session.ts';
import type { MailItem } from './mailbox.ts';

/** The items without those that are not complete yet, and without the messages of the same place that came after one. */
export function notHeldUp(items: readonly MailItem[]): readonly MailItem[] {
  const pending = items.filter((item) => item.pending === true);
  if (pending.length === 0) return items;
  return items.filter((item, index) => {
    if (item.kind !== 'message') return true;
    return !items.slice(0, index + 1).some((each) => each.pending === true && samePlace(each.route, item.route));
  });
}

/** A wake only matters when nothing else wakes the session. */
export function headOf(items: readonly MailItem[]): MailItem | undefined {
  return items.find((item) => item.kind !== 'wake') ?? items[0];
}

/** Which of the waiting items make up the next turn: the head decides. Wakes ride along with what wakes anyway. */
export function batchOf(items: readonly MailItem[], mode: QueueSettings['mode']): readonly MailItem[] {
  const head = headOf(items);
  if (head === undefined || head.kind === 'task') return head === undefined ? [] : [head];
  const wakes = items.filter((item) => item.kind === 'wake');
  const rest = items.filter((item) => item.kind !== 'wake');
  if (head.kind === 'completion') {
    const together = rest.filter(
      (item) => item.kind === 'completion' && item.group === head.group && samePlace(item.route, head.route),
    );
    return [...together, ...wakes];
  }
  if (head.kind === 'wake') return wakes;
  if (mode === 'followup' || !joins(head, head)) return [head, ...wakes];
  const end = rest.findIndex((item) => !joins(item, head));
  return [...rest.slice(0, end === -1 ? rest.length : end), ...wakes];
}

function joins(item: MailItem, head: MailItem): boolean {
  const joinable = item.kind === 'message' || (item.kind === 'note' && item.steerable);
  return joinable && samePlace(item.route, head.route);
}

export function samePlace(a: Route | undefined, b: Route | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameRoute(a, b);
}
