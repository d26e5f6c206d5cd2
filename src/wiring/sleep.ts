// Sessions that had yielded when the last process ended sleep on: their children's results come together, as they asked.
// Called by recovery.ts, before any of those results is handed over.
import { isTerminal, type RunDelivery } from '../core/run.ts';
import type { Engine } from './engine.ts';
import { wakeItem } from './session-tools.ts';

/** The session has not taken such a result in. */
const unheard: readonly RunDelivery['state'][] = ['none', 'pending', 'handed'];

export async function sleepOn({ stores, layer, parts }: Pick<Engine, 'stores' | 'layer' | 'parts'>): Promise<void> {
  const { openTurns, registry, sessions, database } = stores;
  for (const { session: key, sleep } of openTurns.asleep()) {
    const session = await sessions.get(key);
    const own = registry.byChild(key);
    const children = sleep.runIds.flatMap((id) => registry.get(id) ?? []);
    const last = children.at(-1);
    if (session === undefined || last === undefined || (own !== undefined && isTerminal(own.state.status))) {
      await database.write((sql) => openTurns.awake(sql, key));
      continue;
    }
    const open = children.filter(({ delivery }) => unheard.includes(delivery.state));
    const wake = wakeItem({ parts, stores }, layer, session, sleep.due?.seconds ?? 0);
    const runIds = (open.length === 0 ? [last] : open).map(({ id }) => id);
    layer.turns.restore(session, { ...sleep, runIds }, wake);
    // The last process had not come to waking it.
    if (open.length === 0) await layer.announcer.settled(last);
  }
}
