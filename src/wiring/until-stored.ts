// Repeats what a full disk or a locked file kept from being stored, so that nobody waits for an answer that exists.
// Used by turns.ts for the end of a turn, which nobody else would repeat.
import type { Clock } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';

export interface UntilStoredParts {
  readonly clock: Clock;
  readonly log: Log;
  /** The process ends: the next start goes on from what is stored. */
  readonly draining: () => boolean;
}

const firstMs = 1_000;
const longestMs = 5_000;

/** `work` stores in one transaction: one that failed has left nothing behind. Other errors are passed on. */
export async function untilStored<T>({ clock, log, draining }: UntilStoredParts, work: () => Promise<T>): Promise<T> {
  for (let wait = firstMs; ; wait = Math.min(wait * 2, longestMs)) {
    try {
      return await work();
    } catch (error) {
      if (!isStorageError(error)) throw error;
      log.error({ err: error, code: 'storage_failed' }, 'the end of a turn could not be stored, trying again');
      if (!draining()) await clock.sleep(wait);
      if (draining()) throw error;
    }
  }
}

/** SQLite's own: full, locked, read-only, broken off (sqlite.org/rescode.html). */
function isStorageError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR';
}
