// Counts of turns run in harnesses since the start: how many, how long, which errors. Made by the wiring; fed by runtime.ts,
// shown by doctor-text.ts.
import type { AcpCode } from './errors.ts';

export interface StatsView {
  readonly activeTurns: number;
  readonly completed: number;
  readonly failed: number;
  readonly averageMs: number;
  readonly longestMs: number;
  readonly errorCodes: ReadonlyMap<AcpCode, number>;
}

export class AcpStats {
  #active = 0;
  #completed = 0;
  #failed = 0;
  #totalMs = 0;
  #longestMs = 0;
  readonly #codes = new Map<AcpCode, number>();

  /** Call what it returns once, at the end of the turn; without a code it was completed. */
  begin(): (tookMs: number, code: AcpCode | undefined) => void {
    this.#active += 1;
    return (tookMs, code) => {
      this.#active -= 1;
      this.#totalMs += tookMs;
      this.#longestMs = Math.max(this.#longestMs, tookMs);
      if (code === undefined) this.#completed += 1;
      else {
        this.#failed += 1;
        this.count(code);
      }
    };
  }

  /** An error outside of a turn. */
  count(code: AcpCode): void {
    this.#codes.set(code, (this.#codes.get(code) ?? 0) + 1);
  }

  view(): StatsView {
    const ended = this.#completed + this.#failed;
    return {
      ...{ activeTurns: this.#active, completed: this.#completed, failed: this.#failed, longestMs: this.#longestMs },
      averageMs: ended === 0 ? 0 : Math.round(this.#totalMs / ended),
      errorCodes: new Map(this.#codes),
    };
  }
}
