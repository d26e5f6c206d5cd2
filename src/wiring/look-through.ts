// Reads what a start goes by, so that damaged records come up before anything is taken up. Called by engine.ts, and by
// src/cli while no process runs.
import { openApprovals } from '../approvals/rows.ts';
import { readOpenRows } from '../delivery/outbox-row.ts';
import type { Stores } from './stores.ts';

export function lookThrough({
  database: { read },
  inbox,
  openTurns,
  registry,
}: Pick<Stores, 'database'> & {
  readonly inbox: Pick<Stores['inbox'], 'open'>;
  readonly openTurns: Pick<Stores['openTurns'], 'all' | 'asleep'>;
  readonly registry: Pick<Stores['registry'], 'active' | 'owed'>;
}): void {
  inbox.open();
  openTurns.all();
  openTurns.asleep();
  registry.active();
  registry.owed();
  openApprovals(read);
  readOpenRows(read);
}
