// Presses of buttons waiting for their answer. Called by methods.ts (the bot answers) and people.ts (somebody presses).
import type { Clock } from '../../../src/infra/clock.ts';
import type { Params } from './params.ts';
import { badRequest } from './refusal.ts';

/** How long the button shows that it waits; commonly observed, not published. */
const patienceMs = 15_000;

export class Callbacks {
  readonly #clock: Clock;
  readonly #open = new Map<string, (text: string | undefined) => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the id, and what the presser is shown: a text, '' for nothing, undefined when no answer came in time */
  ask(): { readonly id: string; readonly answer: Promise<string | undefined> } {
    this.#count += 1;
    const id = `press-${this.#count}`;
    const answer = new Promise<string | undefined>((resolve) => {
      const timer = this.#clock.after(patienceMs, () => this.#settle(id, undefined));
      this.#open.set(id, (text) => {
        timer.cancel();
        resolve(text);
      });
    });
    return { id, answer };
  }

  /** answerCallbackQuery */
  answer(params: Params): true {
    const text = params.text('text') ?? '';
    if (text.length > 200) throw badRequest('MESSAGE_TOO_LONG');
    if (!this.#settle(params.text('callback_query_id') ?? '', text))
      throw badRequest('query is too old and response timeout expired or query ID is invalid');
    return true;
  }

  /** Nobody answers any more. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.#settle(id, undefined);
  }

  #settle(id: string, text: string | undefined): boolean {
    const settle = this.#open.get(id);
    this.#open.delete(id);
    settle?.(text);
    return settle !== undefined;
  }
}
