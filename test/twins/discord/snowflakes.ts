// Ids as Discord makes them: 17 to 19 digits that hold the time and rise (https://discord.com/developers/docs/reference
// #snowflakes). Used all over the twin.
import type { Clock } from '../../../src/infra/clock.ts';

/** The first second of 2015. */
const epochMs = 1_420_070_400_000;

export class Snowflakes {
  readonly #clock: Clock;
  #last = 0n;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next id; later ones are greater, also where the clock stands or goes back. */
  next(): string {
    const now = BigInt(this.#clock.now() - epochMs) << 22n;
    this.#last = now > this.#last ? now : this.#last + 1n;
    return String(this.#last);
  }
}

export const isSnowflake = (text: string): boolean => /^\d{17,19}$/.test(text);

/** Unix time in milliseconds at which an id was made. */
export const madeAt = (id: string): number => Number(BigInt(id) >> 22n) + epochMs;
