// What a power failure does to transcripts: what was written and not flushed may be gone, the newest first. Made by store.ts for
// plans whose crashes are power failures. The database flushes every commit and loses nothing.
import type { Entry } from '../../src/core/agent.ts';
import type { TranscriptStore } from '../../src/sessions/transcript.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** A flush takes up to this long; now and then the disk is busy. */
const longestFlushMs = 3;
const busyMs = 2_000;
const busy = 0.2;

export interface FlushParts {
  readonly timeline: Timeline;
  /** How long flushes take, and what is lost. */
  readonly random: Random;
  /** Takes the last entries of a transcript away. */
  readonly lose: (sessionId: string, entries: number) => void;
}

export class Flushes {
  readonly #parts: FlushParts;
  /** How many entries each write brought that is not flushed yet, oldest first, by session. */
  readonly #open = new Map<string, { readonly entries: number }[]>();

  constructor(parts: FlushParts) {
    this.#parts = parts;
  }

  /** Its writes resolve when they are flushed; what they bring can be read at once. */
  over(store: TranscriptStore): TranscriptStore {
    return {
      path: (id) => store.path(id),
      read: (id) => store.read(id),
      readCounted: (id) => store.readCounted(id),
      append: async (id, entries) => {
        const flushed = this.#written(id, entries);
        await store.append(id, entries);
        await flushed;
      },
      fork: (from, to, turn) => store.fork(from, to, turn),
      archive: (id, kind, at) => {
        this.#open.delete(id);
        return store.archive(id, kind, at);
      },
    };
  }

  /** The machine loses power. @returns how many entries are lost */
  fail(): number {
    let all = 0;
    for (const [sessionId, open] of this.#open) {
      const lost = open.splice(this.#parts.random.int(0, open.length));
      const entries = lost.reduce((sum, write) => sum + write.entries, 0);
      if (entries > 0) this.#parts.lose(sessionId, entries);
      all += entries;
    }
    this.#open.clear();
    return all;
  }

  #written(sessionId: string, entries: Entry | readonly Entry[]): Promise<void> {
    const { timeline, random } = this.#parts;
    const write = { entries: Array.isArray(entries) ? entries.length : 1 };
    const open = this.#open.get(sessionId) ?? [];
    this.#open.set(sessionId, open);
    open.push(write);
    return new Promise((resolve) => {
      timeline.after(random.int(0, random.chance(busy) ? busyMs : longestFlushMs), () => {
        // What was written before is flushed with it.
        open.splice(0, open.indexOf(write) + 1);
        resolve();
      });
    });
  }
}
