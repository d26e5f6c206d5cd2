// Ends bindings at the moment they are due: what the next round of the sweep would find late gets a timer of its own.
// Made by src/wiring/engine.ts, asked by the sweep.
import type { Clock, Timer } from '../infra/clock.ts';
import type { Log } from '../infra/log.ts';
import type { Bindings, Farewell } from './bindings.ts';
import { expiryOf } from './expiry.ts';

export interface ExpiryWatchOptions {
  readonly bindings: Pick<Bindings, 'all' | 'sweep'>;
  readonly clock: Clock;
  readonly log: Pick<Log, 'error'>;
  /** Says a last word; never throws. */
  readonly tell: (farewell: Farewell) => void;
  /** From one sweep to the next, in milliseconds: later ones are its business. */
  readonly everyMs: number;
}

export class ExpiryWatch {
  readonly #options: ExpiryWatchOptions;
  #timer: Timer | undefined;
  #closed = false;

  constructor(options: ExpiryWatchOptions) {
    this.#options = options;
  }

  /** Ends what is due, and arms the next end. @param now Unix time in milliseconds */
  async sweep(now: number): Promise<void> {
    const { bindings, tell } = this.#options;
    for (const farewell of await bindings.sweep(now)) tell(farewell);
    await this.watch();
  }

  /** Looks for the next end; also when one was brought forward. */
  async watch(): Promise<void> {
    const { bindings, clock, log, everyMs } = this.#options;
    const ends = (await bindings.all()).flatMap((binding) => expiryOf(binding)?.at ?? []);
    const next = Math.min(...ends) - clock.now();
    this.#timer?.cancel();
    if (this.#closed || next > everyMs) return;
    this.#timer = clock.after(Math.max(0, next), () => {
      this.sweep(clock.now()).catch((err: unknown) =>
        log.error({ err, code: 'expiry_failed' }, 'bindings were not ended'),
      );
    });
  }

  /** For the end of the process. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }
}
