// What a crash or a bug left behind in the store, and what would put it right: listed by `tasks maintenance` and doctor.

export interface Leftover {
  /**
   * `stale`: a run that counts as active though nothing works on it; `orphan`: a record whose owner is gone;
   * `tombstone`: work given up after too many restarts whose session still carries the mark of it; `unreadable`: a record
   * that is damaged.
   */
  readonly kind: 'stale' | 'orphan' | 'tombstone' | 'unreadable';
  /** Run id, session key, binding key, or `set-aside:<number>`. */
  readonly id: string;
  /** What is wrong, as a sentence for the owner. */
  readonly what: string;
  /** What repairing does. */
  readonly repair: string;
}
