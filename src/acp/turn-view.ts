// What people are shown of one turn while it works, kept up to date from what the harness tells. Made by turn.ts.
import { noProgress, type ProgressView, progressAfter } from './progress.ts';
import type { HarnessUpdate, ToolCall } from './updates.ts';

export class TurnView {
  readonly #show: (view: ProgressView) => void;
  #view: ProgressView = noProgress;
  #over = false;

  constructor(show: (view: ProgressView) => void) {
    this.#show = show;
  }

  update(update: HarnessUpdate, call: ToolCall | undefined, now: number): void {
    const view = progressAfter(this.#view, update, call, now);
    if (view !== this.#view) this.#set(view);
  }

  waits(waiting: ProgressView['waiting']): void {
    this.#set({ ...this.#view, waiting });
  }

  promptEnded(): void {
    if (this.#view !== noProgress) this.#set(noProgress);
  }

  /** The turn is over. A question it asked may be withdrawn after that, which nobody needs to see. */
  end(): void {
    this.#over = true;
  }

  #set(view: ProgressView): void {
    if (this.#over) return;
    this.#view = view;
    this.#show(view);
  }
}
