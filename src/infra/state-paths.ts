// The files of the state folder. Used by app.ts and the CLI, so that both look in the same place.
import { join } from 'node:path';

export interface StatePaths {
  readonly home: string;
  readonly database: string;
  /** JSON copy of the log; the one before is `<log>.1`. */
  readonly log: string;
  readonly consoleHistory: string;
  /** Secret of the status page, where the config has none. */
  readonly webToken: string;
}

/** @param home the state folder, absolute */
export function statePaths(home: string): StatePaths {
  return {
    home,
    database: join(home, 'switchyard.db'),
    log: join(home, 'switchyard.log'),
    consoleHistory: join(home, 'console-history'),
    webToken: join(home, 'web-token'),
  };
}
