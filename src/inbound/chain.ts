// Work per key, one piece after another; keys do not wait for each other. Used by receive.ts per conversation.

export class Chain {
  readonly #tails = new Map<string, Promise<void>>();

  /** `work` starts when everything run before for this key has ended, however. Resolves or rejects as it does. */
  run(key: string, work: () => Promise<void>): Promise<void> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const done = before.then(work);
    const tail = done
      .catch(() => undefined)
      .then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    this.#tails.set(key, tail);
    return done;
  }

  busy(): boolean {
    return this.#tails.size > 0;
  }

  /** Keys with work under way. */
  size(): number {
    return this.#tails.size;
  }

  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
