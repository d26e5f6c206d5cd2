// Small words the sections of the status page share. Pure; used by work.ts, deliveries.ts and snapshot.ts.
import { tokens, usd } from '../core/format.ts';
import type { Route } from '../core/route.ts';
import type { Usage } from '../core/session.ts';
import type { Spent } from './view.ts';

/** `telegram 42`, `discord 77 · thread 5`; the account is named where it is not the only one. */
export function placeWords(route: Route): string {
  const account = route.account === 'default' ? '' : ` (${route.account})`;
  const thread = route.thread === undefined ? '' : ` · thread ${route.thread}`;
  return `${route.channel}${account} ${route.chat}${thread}`;
}

/** Without units: the page has a column for each. */
export function spentWords(usage: Usage): Spent {
  return {
    tokens: usage.reported ? tokens(usage.input + usage.output) : 'n/a',
    cost: usd(usage.reported ? usage.costUsd : null),
  };
}
