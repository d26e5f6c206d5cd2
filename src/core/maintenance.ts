// What a crash or a bug left behind in the store, and what would put it right: listed by `tasks maintenance` and doctor.

export interface Leftover {
  /**
   * `stale`: a run that counts as active though nothing works on it; `orphan`: a record whose owner is gone;
   * `tombstone`: work given up after too many restarts whose session still carries the mark of it; `unreadable`: a record
   * that is damaged.
   */
  readonly kind: 'stale' | 'orphan' | 'tombstone' | 'unreadable';
  /** Run id, session key or binding key; of a damaged record `set-aside:<number>`, or `<table> <key>` until it is set aside. */
  readonly id: string;
  /** What is wrong, as a sentence for the owner. */
  readonly what: string;
  /** What repairing does. */
  readonly repair: string;
}

export const setAsidePrefix = 'set-aside:';

/** It is kept until a person has it deleted. Other damaged records are set aside by the next start. */
export function isSetAside({ id }: Pick<Leftover, 'id'>): boolean {
  return id.startsWith(setAsidePrefix);
}
