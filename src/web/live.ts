// What is shown, kept current for everybody who looks: one look a second for all of them, and only what changed is passed on.
// Nobody looks: nothing is looked up. Made by server.ts.
import type { Clock } from '../infra/clock.ts';
import type { LogRow } from './view.ts';

/** Sections by name, any JSON. */
type Shown = Readonly<Record<string, unknown>>;

export interface LiveParts {
  readonly look: () => Promise<Shown>;
  /** The newest lines of the log. */
  readonly log: () => Promise<readonly LogRow[]>;
  readonly clock: Pick<Clock, 'after'>;
  /** A look failed. */
  readonly onError: (error: unknown) => void;
}

/** Both empty: nothing happened for a while, so that whoever waits knows the connection lives. */
export interface News {
  readonly sections: Shown;
  readonly lines: readonly LogRow[];
}

const lookEveryMs = 1_000;
/** Proxies give up on silent connections after a minute or so. */
const keepAliveMs = 20_000;

export class Live {
  readonly #parts: LiveParts;
  /** JSON by section: what is compared is what would be sent. */
  #sections: ReadonlyMap<string, string> = new Map();
  #log: readonly LogRow[] = [];
  #watchers = 0;
  #changed = Promise.withResolvers<void>();
  /** The look under way, or the pause after it. */
  #turn: Promise<void> | undefined;

  constructor(parts: LiveParts) {
    this.#parts = parts;
  }

  /** People who look now. */
  get watchers(): number {
    return this.#watchers;
  }

  /** First everything, then what changed, as fast as the caller takes it. Ends when `signal` aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<News, void> {
    this.#watchers += 1;
    try {
      await this.#begin();
      let sent: ReadonlyMap<string, string> = new Map();
      let lastLine = 0;
      while (!signal.aborted) {
        const changed = this.#changed.promise;
        const now = this.#sections;
        const sections = [...now].filter(([name, json]) => sent.get(name) !== json);
        const lines = this.#log.filter(({ n }) => n > lastLine);
        sent = now;
        lastLine = lines.at(-1)?.n ?? lastLine;
        if (sections.length + lines.length > 0) {
          yield { sections: Object.fromEntries(sections.map(([name, json]) => [name, JSON.parse(json)])), lines };
        } else if (!(await this.#waits(changed, signal))) yield { sections: {}, lines: [] };
      }
    } finally {
      this.#watchers -= 1;
    }
  }

  /** Resolves after a look that began now, or is under way. */
  #begin(): Promise<void> {
    if (this.#turn !== undefined && this.#sections.size > 0) return Promise.resolve();
    this.#turn ??= this.#look();
    return this.#turn;
  }

  async #look(): Promise<void> {
    const { look, log, clock, onError } = this.#parts;
    try {
      const [sections, lines] = [await look(), await log()];
      const next = new Map(Object.entries(sections).map(([name, value]) => [name, JSON.stringify(value)]));
      const same =
        next.size === this.#sections.size && [...next].every(([name, json]) => this.#sections.get(name) === json);
      const quiet = same && lines.at(-1)?.n === this.#log.at(-1)?.n;
      this.#sections = next;
      this.#log = lines;
      if (!quiet) this.#tell();
    } catch (error) {
      onError(error);
    }
    clock.after(lookEveryMs, () => {
      this.#turn = this.#watchers === 0 ? undefined : this.#look();
      // What was seen before is old by the time somebody comes back.
      if (this.#turn === undefined) this.#sections = new Map();
    });
  }

  #tell(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  /** False: nothing changed for long enough to say so. */
  async #waits(changed: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#parts.clock.after(keepAliveMs, () => resolve(false));
    const stop = (): void => resolve(true);
    signal.addEventListener('abort', stop, { once: true });
    const news = await Promise.race([promise, changed.then(() => true)]);
    timer.cancel();
    signal.removeEventListener('abort', stop);
    return news;
  }
}
