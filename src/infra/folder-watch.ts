// Reports that something in a folder changed. Survives atomic renames and a folder that is absent for a while. Called by config-file.ts.
import { type FSWatcher, statSync, watch } from 'node:fs';
import type { Clock, Timer } from './clock.ts';

/** Editors write in bursts; one look after the last of them is enough. */
const quietMs = 150;
const retryMs = 2000;

/**
 * Watches the folder, not the file: a rename over the file would leave a watch on the file behind.
 * @param changed called after every burst of changes, and once whenever watching (re)starts
 * @returns stops watching
 */
export function watchFolder(folder: string, clock: Clock, changed: () => void): { close(): void } {
  let watcher: FSWatcher | undefined;
  let timer: Timer | undefined;
  let closed = false;

  function later(ms: number, next: () => void): void {
    timer?.cancel();
    timer = clock.after(ms, next);
  }
  function retry(): void {
    watcher?.close();
    watcher = undefined;
    if (!closed) later(retryMs, begin);
  }
  function begin(): void {
    try {
      const watched = statSync(folder).ino;
      watcher = watch(folder, { persistent: false }, () => later(quietMs, () => look(watched)));
      watcher.on('error', retry);
      later(quietMs, changed);
    } catch {
      retry(); // the folder does not exist yet
    }
  }

  /** A folder that was removed or replaced takes the watch with it. */
  function look(watched: number): void {
    if (inodeOf(folder) !== watched) retry();
    changed();
  }

  /** Undefined for a folder that is gone or closed to us. */
  function inodeOf(path: string): number | undefined {
    try {
      return statSync(path).ino;
    } catch {
      return undefined;
    }
  }

  begin();
  return {
    close: () => {
      closed = true;
      timer?.cancel();
      watcher?.close();
    },
  };
}
