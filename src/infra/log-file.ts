// The copy of the log in the state folder: JSON lines, readable by its owner only, turned over once by size. Used by log.ts.
import { chmodSync, closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs';

export interface LogFile {
  write(line: string): void;
  close(): void;
}

/**
 * Opens `path` for appending. A full or read-only disk loses lines but never breaks the caller.
 * @param maxBytes at this size the file becomes `<path>.1`, replacing the one before
 */
export function openLogFile(path: string, maxBytes: number): LogFile {
  let fd: number | undefined;
  let size = 0;
  let closed = false;

  function open(): number | undefined {
    try {
      const opened = openSync(path, 'a', 0o600);
      // The mode above only holds for a new file.
      chmodSync(path, 0o600);
      size = fstatSync(opened).size;
      return opened;
    } catch {
      return undefined;
    }
  }

  function turnOver(): void {
    if (fd !== undefined) closeSync(fd);
    try {
      renameSync(path, `${path}.1`);
    } catch {
      // Somebody removed the file: a new one is opened below.
    }
    fd = open();
  }

  fd = open();
  return {
    write(line) {
      if (closed) return;
      const bytes = Buffer.byteLength(line);
      if (size > 0 && size + bytes > maxBytes) turnOver();
      fd ??= open();
      if (fd === undefined) return;
      try {
        // Synchronous on purpose: the last lines before a crash are the ones that matter.
        writeSync(fd, line);
        size += bytes;
      } catch {
        closeSync(fd);
        fd = undefined;
      }
    },
    close() {
      closed = true;
      if (fd !== undefined) closeSync(fd);
      fd = undefined;
    },
  };
}
