// What the bot did that Discord punishes or loses: the tests end with this list empty. Filled by every part of the twin.
import type { Clock } from '../../../src/infra/clock.ts';

export type ViolationKind =
  | 'late ack'
  | 'double ack'
  | 'expired token'
  | 'rate limit exceeded'
  | 'identify too soon'
  | 'too many invalid requests'
  | 'too many gateway sends';

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
