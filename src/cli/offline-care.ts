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
import { silentLog } from '../infra/log.ts';
import { statePaths } from '../infra/state-paths.ts';
import { lookThrough } from '../wiring/look-through.ts';
import { leftovers, offlineUpkeep, reconcile } from '../wiring/maintenance.ts';
import { openStores } from '../wiring/stores.ts';
import type { MaintenanceFinding } from './engine-port.ts';
import { lockState } from './state-lock.ts';
import { Unreadables } from './unreadables.ts';

/**
 * Undefined: there is no state yet. Refused: `already_running`, where a process that does not answer holds the state.
 * @param forget deletes what is kept of damaged records as well
 */
export async function reconcileOffline(
  env: Env,
  workingDirectory: string,
  forget: boolean,
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
    // Whoever waits for something damaged hears of it from the next start, which sets it aside: here it stays where it is.
    const damaged = new Unreadables();
    const parts = { home, clock, ids: systemIds, log: silentLog, config: () => config.current };
    const stores = await openStores(parts, async (found) => damaged.add(found));
    try {
      const bindings = new Bindings({
        ...{ stores: stores.keyed, clock, settings: (route) => threadBindingSettings(config.current, route) },
        alive: async (session) => (await stores.sessions.get(session)) !== undefined,
      });
      const upkeep = offlineUpkeep(stores, bindings, clock);
      const found = await leftovers(upkeep);
      lookThrough(stores);
      const due = found.filter(({ kind }) => forget || kind !== 'unreadable');
      const done = new Set(await reconcile(upkeep, due));
      return ok([...found, ...damaged.leftovers()].map((one) => ({ ...one, reconciled: done.has(one) })));
    } finally {
      await stores.database.close();
    }
  } finally {
    unlock();
  }
}
