// A text on its way into a turn that is running, with the one report its sender gets. Made by turn.ts.
import type { Message } from './content.ts';
import type { SteerOutcome } from './steer.ts';

export interface Said extends Message {
  readonly report: (outcome: SteerOutcome) => void;
}

/** Who was told that a text waits needs no second answer about what became of it. */
export function reportOnce(report: Said['report']): Said['report'] {
  let told = false;
  return (outcome) => {
    if (told) return;
    told = true;
    report(outcome);
  };
}
