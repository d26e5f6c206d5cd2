// What the client did that WhatsApp punishes or loses: tests end with this list empty. Filled by every part of the twin.
import type { Clock } from '../../../src/infra/clock.ts';

export type ViolationKind =
  | 'first contact'
  | 'too fast'
  | 'available'
  | 'id reused'
  | 'unreadable'
  | 'incomplete'
  | 'no such recipient'
  | 'unknown query'
  | 'bad keys'
  | 'edit not possible'
  | 'nonsense';

export interface Violation {
  readonly kind: ViolationKind;
  readonly detail: string;
  /** Unix time in milliseconds. */
  readonly at: number;
}

export class Violations {
  readonly all: Violation[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(kind: ViolationKind, detail: string): void {
    this.all.push({ kind, detail, at: this.#clock.now() });
  }
}
