// Events pushed by one side and read in order by the other. Made by runtime.ts for each turn.

export class EventQueue<T> implements AsyncIterable<T> {
  #waiting: T[] = [];
  #wake: (() => void) | undefined;
  #end: { readonly error?: unknown } | undefined;

  push(event: T): void {
    if (this.#end !== undefined) return;
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** What was pushed before is still read. */
  end(): void {
    this.#end ??= {};
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    for (;;) {
      const events = this.#waiting;
      this.#waiting = [];
      yield* events;
      if (this.#waiting.length > 0) continue;
      if (this.#end !== undefined) {
        if ('error' in this.#end) throw this.#end.error;
        return;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
