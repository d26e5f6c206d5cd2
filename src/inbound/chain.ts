// Work per key, one piece after another; keys do not wait for each other. Used by receive.ts per conversation.

export class Chain {
  readonly #tails = new Map<string, Promise<void>>();

  /** `work` starts when everything run before for this key has ended. It must not reject. */
  run(key: string, work: () => Promise<void>): void {
    const tail = (this.#tails.get(key) ?? Promise.resolve()).then(work).finally(() => {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    });
    this.#tails.set(key, tail);
  }

  busy(): boolean {
    return this.#tails.size > 0;
  }

  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
