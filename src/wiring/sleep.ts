// Sessions that had yielded when the last process ended sleep on: their children's results come together, as they asked.
// Called by recovery.ts, before any of those results is handed over.
import type { RunDelivery } from '../core/run.ts';
import type { Engine } from './engine.ts';
import { wakeItem } from './session-tools.ts';

/** The session has not taken such a result in. */
const unheard: readonly RunDelivery['state'][] = ['none', 'pending', 'handed'];

export async function sleepOn({ stores, layer, parts }: Pick<Engine, 'stores' | 'layer' | 'parts'>): Promise<void> {
  const { openTurns, registry, sessions } = stores;
  for (const { session: key, sleep } of openTurns.asleep()) {
    const session = await sessions.get(key);
    const runIds = sleep.runIds.filter((id) => unheard.includes(registry.get(id)?.delivery.state ?? 'skipped'));
    if (session === undefined || runIds.length === 0) continue;
    const wake = wakeItem({ parts, stores }, layer, session, sleep.due?.seconds ?? 0);
    layer.turns.restore(session, { ...sleep, runIds }, wake);
  }
}
