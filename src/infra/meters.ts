// Numbers that only grow, counted since the process started. Counted by the wiring; shown by /metrics of the status page.

/** Name of a counter -> its values by label. */
export type Counted = Readonly<Record<string, readonly { readonly labels: Labels; readonly value: number }[]>>;
export type Labels = Readonly<Record<string, string>>;

export class Meters {
  readonly #counts = new Map<string, Map<string, { readonly labels: Labels; value: number }>>();

  /** @param labels few different ones: each is kept for as long as the process lives */
  count(name: string, labels: Labels): void {
    const key = JSON.stringify(labels);
    const values = this.#counts.get(name) ?? new Map<string, { readonly labels: Labels; value: number }>();
    const known = values.get(key) ?? { labels, value: 0 };
    known.value += 1;
    values.set(key, known);
    this.#counts.set(name, values);
  }

  counted(): Counted {
    return Object.fromEntries([...this.#counts].map(([name, values]) => [name, [...values.values()]]));
  }
}
