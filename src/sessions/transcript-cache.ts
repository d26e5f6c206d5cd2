// Parsed transcripts of the sessions spoken with lately, so that a long conversation is not read and parsed anew for every
// message. Only believed while the file is the one that was left. Used by transcript.ts.
import type { BigIntStats } from 'node:fs';
import type { Entry } from '../core/agent.ts';

export interface Parsed {
  readonly entries: Entry[];
  /** Damaged lines in the middle that were left out. */
  readonly skipped: number;
}

interface Kept extends Parsed {
  readonly bytes: number;
  readonly stamp: string;
}

export class TranscriptCache {
  readonly #maxBytes: number;
  /** Least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** `maxBytes`: of the files whose content is kept. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What the file with these stats holds, if that is known. */
  get(sessionId: string, stats: BigIntStats): Parsed | undefined {
    const kept = this.#kept.get(sessionId);
    if (kept === undefined) return undefined;
    this.#kept.delete(sessionId);
    if (kept.stamp !== stampOf(stats)) {
      this.#bytes -= kept.bytes;
      return undefined;
    }
    this.#kept.set(sessionId, kept);
    return kept;
  }

  set(sessionId: string, stats: BigIntStats, { entries, skipped }: Parsed): void {
    this.drop(sessionId);
    const bytes = Number(stats.size);
    this.#kept.set(sessionId, { entries, skipped, bytes, stamp: stampOf(stats) });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.drop(oldest);
    }
  }

  drop(sessionId: string): void {
    this.#bytes -= this.#kept.get(sessionId)?.bytes ?? 0;
    this.#kept.delete(sessionId);
  }
}

/** Differs once anybody else wrote to the file or put another in its place. */
function stampOf({ ino, size, mtimeNs }: BigIntStats): string {
  return `${ino}:${size}:${mtimeNs}`;
}
