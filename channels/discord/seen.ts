// Up to where every channel was read, kept across restarts, so that nothing said while we were away is missed. Written at most
// once a second: what is read twice is recognised. Used by intake.ts and backfill.ts.
import type { Clock, Timer } from '../../src/infra/clock.ts';
import { isNewer, snowflakeAt } from './snowflake.ts';

export interface SeenMark {
  /** Id of the last message that was stored or is nothing to us. */
  readonly message: string;
  /** The person a direct chat is with. */
  readonly person?: string | undefined;
}

/** Where marks are kept, of one account. */
export interface SeenMemory {
  /** By channel id, as of the start. */
  readonly known: ReadonlyMap<string, SeenMark>;
  /** Never rejects. */
  save(changes: ReadonlyMap<string, SeenMark | undefined>): Promise<void>;
}

/** Under it, when we were last connected: for channels in which nothing was said before. */
const everywhere = 'connected';
const saveEveryMs = 1_000;
/** A moment in which something may have been on its way when the connection broke. */
const overlapMs = 5_000;

interface Held {
  /** A further one begins with each new session. */
  readers: number;
  /** Taken meanwhile. */
  newest: SeenMark | undefined;
}

export class Seen {
  readonly #memory: SeenMemory;
  readonly #clock: Clock;
  readonly #marks: Map<string, SeenMark>;
  readonly #held = new Map<string, Held>();
  readonly #changed = new Map<string, SeenMark | undefined>();
  #timer: Timer | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(memory: SeenMemory, clock: Clock) {
    this.#memory = memory;
    this.#clock = clock;
    this.#marks = new Map(memory.known);
  }

  /**
   * What lies behind this message is being read: until `release` the channel's mark stays there, whatever is told meanwhile,
   * so that the next process reads on from it.
   */
  hold(channel: string, after: string): void {
    const held = this.#held.get(channel);
    if (held !== undefined) {
      held.readers += 1;
      return;
    }
    // Without a mark of its own it would move on with the connection.
    if (!this.#marks.has(channel)) this.#change(channel, { message: after });
    this.#held.set(channel, { readers: 1, newest: undefined });
  }

  /** Everything was read, or never can be. */
  release(channel: string): void {
    const held = this.#held.get(channel);
    if (held === undefined) return;
    held.readers -= 1;
    if (held.readers > 0) return;
    this.#held.delete(channel);
    if (held.newest !== undefined) this.mark(channel, held.newest.message, held.newest.person);
  }

  mark(channel: string, message: string, person?: string): void {
    const held = this.#held.get(channel);
    if (held !== undefined) {
      const { newest } = held;
      if (newest === undefined || isNewer(message, newest.message))
        held.newest = { message, person: person ?? newest?.person };
      return;
    }
    const before = this.#marks.get(channel);
    if (before !== undefined && !isNewer(message, before.message)) return;
    const who = person ?? before?.person;
    this.#change(channel, who === undefined ? { message } : { message, person: who });
  }

  /** The channel is no more. */
  forget(channel: string): void {
    this.#held.delete(channel);
    if (this.#marks.has(channel)) this.#change(channel, undefined);
  }

  /**
   * The first start of all: what is said from this moment on, Unix ms, is for us, also if the process ends before it has stored
   * anything. Kept at once.
   */
  begin(ms: number): void {
    if (this.#marks.has(everywhere)) return;
    this.mark(everywhere, snowflakeAt(ms));
    this.#save();
  }

  /** Resolves once what was to be kept so far is kept. */
  async kept(): Promise<void> {
    await this.#saving;
  }

  /** Everything up to this moment, Unix ms, has been told or read. */
  upTo(ms: number): void {
    this.mark(everywhere, snowflakeAt(ms - overlapMs));
  }

  /** The message after which to read on; undefined: we have never been connected. */
  after(channel: string): string | undefined {
    return (this.#marks.get(channel) ?? this.#marks.get(everywhere))?.message;
  }

  /** The person a direct chat is with, if anybody has written there. */
  person(channel: string): string | undefined {
    return this.#marks.get(channel)?.person;
  }

  directs(): readonly string[] {
    return [...this.#marks].filter(([, { person }]) => person !== undefined).map(([channel]) => channel);
  }

  /** Resolves once everything is kept. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#save();
    await this.#saving;
  }

  #change(channel: string, mark: SeenMark | undefined): void {
    if (mark === undefined) this.#marks.delete(channel);
    else this.#marks.set(channel, mark);
    this.#changed.set(channel, mark);
    this.#timer ??= this.#clock.after(saveEveryMs, () => {
      this.#timer = undefined;
      this.#save();
    });
  }

  #save(): void {
    if (this.#changed.size === 0) return;
    const changes = new Map(this.#changed);
    this.#changed.clear();
    this.#saving = this.#saving.then(() => this.#memory.save(changes));
  }
}
