// Waits for one run to end, however it ends. Told of every end by src/wiring/runs.ts; asked by the spawn test.
import { isTerminal, type Run } from '../core/run.ts';

export class Endings {
  readonly #waiting = new Map<string, (run: Run) => void>();
  readonly #read: (id: string) => Run | undefined;

  /** @param read the run as it is recorded */
  constructor(read: (id: string) => Run | undefined) {
    this.#read = read;
  }

  tell(run: Run): void {
    this.#waiting.get(run.id)?.(run);
  }

  /** The run once it has ended; undefined when `signal` aborts first. One waiter per run. */
  wait(id: string, signal: AbortSignal): Promise<Run | undefined> {
    return new Promise((resolve) => {
      const done = (run: Run | undefined): void => {
        this.#waiting.delete(id);
        signal.removeEventListener('abort', gaveUp);
        resolve(run);
      };
      const gaveUp = (): void => done(undefined);
      this.#waiting.set(id, done);
      signal.addEventListener('abort', gaveUp, { once: true });
      const now = this.#read(id);
      if (now !== undefined && isTerminal(now.state.status)) done(now);
      else if (signal.aborted) gaveUp();
    });
  }
}
