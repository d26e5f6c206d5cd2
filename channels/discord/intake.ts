// Messages into the inbox, those of a channel one after another: each is tried until it is stored, since Discord does not give
// it again. While a new session begins what comes is held until what was missed has been read, or for 10 s where Discord does
// not hand it out. Used by adapter.ts.
import type { Clock } from '../../src/infra/clock.ts';
import type { Log } from '../../src/infra/log.ts';
import { untilTaken } from '../shared/until-taken.ts';
import { causeOf } from './faults.ts';
import type { DiscordMessage } from './inbound.ts';
import type { Seen } from './seen.ts';

export interface IntakeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly seen: Seen;
  readonly isDirect: (message: DiscordMessage) => boolean;
  /** Resolves once stored, or once it is clear that it is nothing to us; rejects when it was not stored. */
  readonly take: (message: DiscordMessage, edited: boolean) => Promise<void>;
}

/** What is read again lies close to what was heard: few are enough to know it. */
const remembered = 2_000;

export class Intake {
  readonly #options: IntakeOptions;
  readonly #stop = new AbortController();
  readonly #taken = new Set<string>();
  readonly #queue: (() => Promise<void>)[] = [];
  #held = false;
  #working: Promise<void> | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** What the gateway tells. */
  push(message: DiscordMessage, edited = false): void {
    this.#queue.push(async () => void (await (edited ? this.#store(message, true) : this.take(message))));
    this.#work();
  }

  /** A new session begins: what comes from now on is newer than what was missed. */
  hold(): void {
    this.#held = true;
  }

  /** What waits goes on, also after this alone. @param missed hands what was missed to `take`, in order */
  release(missed: () => Promise<void>): void {
    this.#queue.unshift(missed);
    this.#held = false;
    this.#work();
  }

  get held(): boolean {
    return this.#held;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Takes a message unless it was taken before. Resolves when that is done, or when we stop. */
  async take(message: DiscordMessage): Promise<void> {
    if (this.#taken.has(message.id)) return;
    if (!(await this.#store(message, false))) return;
    this.#remember(message.id);
    const { seen, isDirect } = this.#options;
    const direct = isDirect(message) && message.author.bot !== true;
    seen.mark(message.channel_id, message.id, direct ? message.author.id : undefined);
  }

  /** Resolves when nothing is being stored any more; what waits is read again at the next start. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#working;
  }

  #remember(id: string): void {
    this.#taken.add(id);
    if (this.#taken.size <= remembered) return;
    const [oldest] = this.#taken;
    if (oldest !== undefined) this.#taken.delete(oldest);
  }

  #work(): void {
    this.#working ??= this.#drain().finally(() => {
      this.#working = undefined;
      // Something may have come between the last look and now.
      if (this.#queue.length > 0 && !this.#held && !this.signal.aborted) this.#work();
    });
  }

  async #drain(): Promise<void> {
    while (!this.#held && !this.signal.aborted) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      await job();
    }
  }

  #store(message: DiscordMessage, edited: boolean): Promise<boolean> {
    const { clock, log, take } = this.#options;
    return untilTaken(() => take(message, edited), {
      ...{ clock, signal: this.signal },
      failed: (error) => {
        const fields = { cause: causeOf(error), message: message.id, code: 'discord_intake' };
        log.error(fields, 'a message could not be stored; trying again');
      },
    });
  }
}
