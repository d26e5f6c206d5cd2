// What a turn in a harness needs from outside, and what it is about. Used by turn.ts and whoever makes one.
import type { TurnEvent, TurnPrompt } from '../core/agent.ts';
import type { Session } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { FileReader } from './content.ts';
import type { ProgressView } from './progress.ts';
import type { HarnessSession } from './session.ts';
import type { HarnessSessions } from './sessions.ts';
import type { SteerOutcome } from './steer.ts';

export interface TurnDeps {
  readonly sessions: Pick<HarnessSessions, 'acquire' | 'release'>;
  readonly clock: Clock;
  readonly readFile: FileReader;
  /** Seconds one turn may take where the session sets nothing; 0: no limit. */
  readonly timeoutSeconds: () => number;
  /** What the harness is doing has changed. */
  readonly progress: (session: Session, turn: string, view: ProgressView) => void;
  /** It waits for people or for a process (`true`), or not any more: meanwhile it needs no slot that others could use. */
  readonly waiting: (session: Session, waits: boolean) => void;
  /** What became of messages that were taken in while it ran. */
  readonly steered: (session: Session, ids: readonly string[], outcome: SteerOutcome) => void;
}

export interface TurnInput {
  readonly session: Session;
  readonly harness: HarnessSession;
  readonly prompt: TurnPrompt;
  readonly signal: AbortSignal;
  readonly emit: (event: TurnEvent) => void;
}
