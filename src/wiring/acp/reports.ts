// What became of texts that were put into a working coding agent, for whoever sent them: a command waits for it, a plain
// message gets a sentence. Made by layer.ts.
import { type SteerOutcome, steerWords } from '../../acp/steer.ts';
import type { MailItem } from '../../agents/mailbox.ts';
import type { Route } from '../../core/route.ts';

/** A plain message whose text became a prompt of its own is answered like any other. */
const untold: readonly SteerOutcome[] = ['sent', 'no-turn'];

export class SteerReports {
  readonly #notify: (key: string, route: Route, text: string) => void;
  /** By item id. */
  readonly #waiting = new Map<string, (outcome: SteerOutcome) => void>();

  constructor(notify: (key: string, route: Route, text: string) => void) {
    this.#notify = notify;
  }

  /** For a command, which says it in its reply. Call it before the item can be taken in. */
  expect(id: string): Promise<SteerOutcome> {
    const { promise, resolve } = Promise.withResolvers<SteerOutcome>();
    this.#waiting.set(id, resolve);
    return promise;
  }

  /** The item is over, or nobody waits any more. */
  forget(id: string): void {
    this.#waiting.get(id)?.('no-turn');
    this.#waiting.delete(id);
  }

  /** A plain message goes into the running turn. */
  message({ id, kind, route }: Pick<MailItem, 'id' | 'kind' | 'route'>): void {
    if (kind !== 'message' || route === undefined || this.#waiting.has(id)) return;
    this.#waiting.set(id, (outcome) => {
      if (!untold.includes(outcome)) this.#notify(`steered:${id}`, route, steeredText(outcome));
    });
  }

  became(ids: readonly string[], outcome: SteerOutcome): void {
    for (const id of ids) {
      const tell = this.#waiting.get(id);
      this.#waiting.delete(id);
      tell?.(outcome);
    }
  }

  /** Texts nobody knows the fate of. */
  get size(): number {
    return this.#waiting.size;
  }
}

function steeredText(outcome: SteerOutcome): string {
  return `${outcome === 'queued' ? '⏳' : '✅'} ${steerWords[outcome]}`;
}
