// Mail and the moments at which it arrives. Used by the mailbox tests of this folder.
import type { MailItem, OfferContext } from '../../src/agents/mailbox.ts';
import type { Route } from '../../src/core/route.ts';
import type { QueueSettings } from '../../src/core/session.ts';

export const here: Route = { channel: 'telegram', account: 'default', chat: '1' };
export const elsewhere: Route = { channel: 'telegram', account: 'default', chat: '2' };

export type MakeItem = (kind: MailItem['kind'], text: string, more?: Partial<MailItem>) => MailItem;

/** Makes items i1, i2, … from Anna, here, at 1000. */
export function itemMaker(): MakeItem {
  let serial = 0;
  return (kind, text, more = {}) => {
    serial += 1;
    const steerable = kind !== 'task';
    return { id: `i${serial}`, kind, text, at: 1000, from: 'Anna', route: here, tree: 't', steerable, ...more };
  };
}

function settings(more: Partial<QueueSettings>): QueueSettings {
  return { mode: 'steer', debounceMs: 500, cap: 20, drop: 'summarize', ...more };
}

/** No turn is active. */
export function idle(more: Partial<QueueSettings> = {}): OfferContext {
  return { active: false, settings: settings(more), canInject: false };
}

/** A turn that answers here is active. */
export function busy(more: Partial<QueueSettings> = {}, canInject = true): OfferContext {
  return { active: true, activeRoute: here, settings: settings(more), canInject };
}

export function texts(items: readonly MailItem[]): string[] {
  return items.map((each) => each.text);
}
