// One life of the process: from its start until it crashes or has drained. Everything it does to the world outside goes through
// a facade that asks whether it lives. Made by world.ts.

/** A crash of the plan: at which point of its life, and for how long the process is then away. */
export interface Crash {
  /** Only points whose name begins so are counted; `any`: all. */
  readonly at: string;
  /** Counted from the start of this life, first 1. */
  readonly point: number;
  readonly downMs: number;
}

export class Life {
  /** First 1. */
  readonly number: number;
  readonly #crash: Crash | undefined;
  readonly #crashed: (life: Life, point: string) => void;
  #alive = true;
  #points = 0;

  constructor(number: number, crash: Crash | undefined, crashed: (life: Life, point: string) => void) {
    this.number = number;
    this.#crash = crash;
    this.#crashed = crashed;
  }

  readonly alive = (): boolean => this.#alive;

  /** The process may be killed here. True when it is, or was before: nothing that follows may reach anything. */
  point(name: string): boolean {
    if (!this.#alive) return true;
    const crash = this.#crash;
    if (crash === undefined || (crash.at !== 'any' && !name.startsWith(crash.at))) return false;
    this.#points += 1;
    if (this.#points !== crash.point) return false;
    this.#alive = false;
    this.#crashed(this, name);
    return true;
  }

  /** After a drain: nothing of it is left. */
  end(): void {
    this.#alive = false;
  }
}

/** What a dead process waits for. */
export function never<T>(): Promise<T> {
  return new Promise(() => undefined);
}
