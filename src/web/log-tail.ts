// The newest lines of the log file, numbered, with whatever was added since the last look. Made by server.ts.
import { open } from 'node:fs/promises';
import { clip, oneLine } from '../core/format.ts';
import { parseLogLine, readableLogLine } from '../infra/log-line.ts';
import { redactText } from '../infra/redact.ts';
import type { LogRow } from './view.ts';

const mostLines = 200;
const mostChars = 600;
/** Read at the first look, and at most at each later one. */
const mostBytes = 256 * 1024;

export class LogTail {
  readonly #path: string;
  #rows: readonly LogRow[] = [];
  #count = 0;
  #at: number | undefined;
  #rest = '';

  constructor(path: string) {
    this.#path = path;
  }

  /** Oldest first. A file that is not there, or was turned over, has no lines to add. */
  async read(): Promise<readonly LogRow[]> {
    const lines = await this.#added().catch(() => []);
    if (lines.length === 0) return this.#rows;
    const rows = lines.slice(-mostLines).map((line) => {
      this.#count += 1;
      return rowOf(line, this.#count);
    });
    this.#rows = [...this.#rows, ...rows].slice(-mostLines);
    return this.#rows;
  }

  async #added(): Promise<readonly string[]> {
    const file = await open(this.#path);
    try {
      const { size } = await file.stat();
      if (size === this.#at) return [];
      const turnedOver = this.#at !== undefined && size < this.#at;
      const from = Math.max(turnedOver ? 0 : (this.#at ?? 0), size - mostBytes);
      const cut = from > 0 && from !== this.#at;
      const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
      const before = cut || turnedOver ? '' : this.#rest;
      const lines = (before + buffer.toString('utf8', 0, bytesRead)).split('\n');
      this.#at = from + bytesRead;
      this.#rest = lines.pop() ?? '';
      return lines.slice(cut ? 1 : 0).filter((line) => line !== '');
    } finally {
      await file.close();
    }
  }
}

/** What wrote the line took secrets out of it; what was written by an older version is looked at again. */
function rowOf(line: string, n: number): LogRow {
  const record = parseLogLine(line);
  const level = typeof record?.level === 'string' ? record.level : 'info';
  const text = record === undefined ? line : readableLogLine(record, false);
  return { n, level, text: clip(oneLine(redactText(text)), mostChars) };
}
