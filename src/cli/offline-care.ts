// Puts right what a crash left in the store while no process runs: opens the state for itself alone. Opened by main.ts for
// `tasks maintenance --apply`.
import { existsSync } from 'node:fs';
import { Bindings } from '../bindings/bindings.ts';
import { threadBindingSettings } from '../bindings/expiry.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import { systemClock } from '../infra/clock.ts';
import { ConfigFile } from '../infra/config-file.ts';
import type { Env } from '../infra/env.ts';
import { systemIds } from '../infra/ids.ts';
import { statePaths } from '../infra/state-paths.ts';
import { leftovers, offlineUpkeep, reconcile } from '../wiring/maintenance.ts';
import { openStores } from '../wiring/stores.ts';
import type { MaintenanceFinding } from './engine-port.ts';
import { lockState } from './state-lock.ts';

/** Undefined: there is no state yet. Refused: `already_running`, where a process that does not answer holds the state. */
export async function reconcileOffline(
  env: Env,
  workingDirectory: string,
): Promise<Result<readonly MaintenanceFinding[]> | undefined> {
  const { home } = env;
  if (!existsSync(statePaths(home).database)) return undefined;
  const unlock = lockState(home);
  if (unlock === undefined)
    return refuse(
      'already_running',
      `Switchyard is in use (state folder ${home}) and does not answer: it still starts, or links a phone.`,
      'Try again in a moment.',
    );
  try {
    const clock = systemClock;
    const config = new ConfigFile({ env, clock, workingDirectory });
    await config.load();
    const stores = await openStores({ home, clock, ids: systemIds, config: () => config.current });
    try {
      const bindings = new Bindings({
        ...{ stores: stores.keyed, clock, settings: (route) => threadBindingSettings(config.current, route) },
        alive: async (session) => (await stores.sessions.get(session)) !== undefined,
      });
      const upkeep = offlineUpkeep(stores, bindings, clock);
      const found = await leftovers(upkeep);
      const done = new Set(await reconcile(upkeep, found));
      return ok(found.map((one) => ({ ...one, reconciled: done.has(one) })));
    } finally {
      await stores.database.close();
    }
  } finally {
    unlock();
  }
}
