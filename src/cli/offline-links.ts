// Links accounts while no process runs: opens the state for itself alone, so that a process that is started meanwhile does not
// connect with the same credentials. Opened by main.ts for `pair whatsapp`.
import { mkdirSync } from 'node:fs';
import { ok, type Result, refuse } from '../core/result.ts';
import { systemClock } from '../infra/clock.ts';
import { ConfigFile } from '../infra/config-file.ts';
import { openDatabase } from '../infra/database.ts';
import type { Env } from '../infra/env.ts';
import { systemIds } from '../infra/ids.ts';
import { createLog } from '../infra/log.ts';
import { statePaths } from '../infra/state-paths.ts';
import { Linkers } from '../wiring/whatsapp.ts';
import type { LinkDesk } from './engine-port.ts';
import { lockState } from './state-lock.ts';

/** Refused: `already_running`, `state_folder`. */
export async function openOfflineLinks(env: Env, workingDirectory: string): Promise<Result<LinkDesk>> {
  const paths = statePaths(env.home);
  let unlock: (() => void) | undefined;
  try {
    mkdirSync(env.home, { recursive: true, mode: 0o700 });
    unlock = lockState(env.home);
    if (unlock === undefined)
      return refuse(
        'already_running',
        `Switchyard is in use (state folder ${env.home}) and does not answer: it still starts, or links a phone elsewhere.`,
        'Try again in a moment, or stop it first.',
      );
    const release = unlock;
    const clock = systemClock;
    const config = new ConfigFile({ env, clock, workingDirectory });
    await config.load();
    const { log, close } = createLog({ level: config.current.logging.level, clock, file: paths.log });
    const database = openDatabase(paths.database);
    const linkers = new Linkers({
      ...{ home: env.home, database, clock, log, ids: systemIds },
      config: () => config.current,
      adapterLink: () => undefined,
      adaptersMade: async () => undefined,
    });
    return ok({
      begin: (account, ask) => linkers.begin(account, ask),
      next: (account, after) => linkers.next(account, after),
      close: async () => {
        await linkers.close();
        await database.close();
        close();
        release();
      },
    });
  } catch (error) {
    unlock?.();
    const why = error instanceof Error ? error.message : String(error);
    return refuse(
      'state_folder',
      `The state folder ${env.home} cannot be used: ${why}.`,
      'Let it be a folder that belongs to this account, or set SWITCHYARD_HOME to another one.',
    );
  }
}
