// One process per state folder: a lock the kernel gives back when its holder dies, however it dies. Taken by control.ts.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** SQLite's own code for "somebody else holds the lock" (sqlite.org/rescode.html#busy). */
const busy = 5;

/**
 * Takes the lock of a folder that exists. Node has no file locks of its own; an empty SQLite file brings them.
 * @returns gives it back; undefined when another process, or this one, holds it
 */
export function lockState(stateDir: string): (() => void) | undefined {
  const path = join(stateDir, 'control.lock');
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    // Nothing is ever written, so that a journal would only lie about, readable for everybody.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    chmodSync(path, 0o600);
  } catch (error) {
    lock.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return undefined;
    throw error;
  }
  return () => {
    if (lock.isOpen) lock.close();
  };
}
