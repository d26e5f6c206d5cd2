// Brings what was written onto the disk itself, so that it outlasts the machine and not only the process. Called by
// src/sessions/transcript.ts and src/wiring/file-access.ts.
import { fdatasync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Flush {
  /** `file`: descriptor of an open file. Rejects when the disk refuses. */
  file(file: number): Promise<void>;
  /** Of a file made or renamed in it: until then its name may be lost. `path`: absolute. */
  folder(path: string): Promise<void>;
}

/** In the thread pool: files of several chats are brought there at once, and the event loop goes on. */
export const flushToDisk: Flush = {
  file: promisify(fdatasync),
  async folder(path) {
    // Not every file system lets folders be opened or flushed; those that do not keep names by themselves.
    const folder = await open(path, 'r').catch(() => undefined);
    if (folder === undefined) return;
    await folder.sync().catch(() => undefined);
    await folder.close();
  },
};
