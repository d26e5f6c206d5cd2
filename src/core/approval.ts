// Questions of agents whether they may do something: what is decided about them, and what commands see of them. Used by
// src/approvals, which asks and decides, and by the commands.
import type { CommandPlace } from './command.ts';
import type { Result } from './result.ts';

/** `session`: the same thing stays allowed in that session. */
export type Verdict = 'once' | 'session' | 'deny';

/**
 * How a question ended that nobody answered. `expired`: its time was over; `cancelled`: what it was for has ended;
 * `restarted`: so has the process that asked; `unreached`: nobody could be shown it.
 */
export type Lapse = 'expired' | 'cancelled' | 'restarted' | 'unreached';

/** A question that waits for its answer. */
export interface OpenApproval {
  readonly id: string;
  /** What people type for it. */
  readonly code: string;
  /** Who asks, e.g. `claude`. */
  readonly asker: string;
  /** A few words. */
  readonly title: string;
  /** It was asked in this conversation, or by the session that answers here. */
  readonly here: boolean;
  /** Unix time in milliseconds; undefined: it waits as long as it takes. */
  readonly expires: number | undefined;
}

export interface ApprovalServices {
  /** Open questions this person may answer, oldest first. */
  open(place: Pick<CommandPlace, 'caller' | 'route' | 'session'>): readonly OpenApproval[];
  /**
   * Answers one question. The first answer counts.
   * @param which its code or id; undefined: the only one of this conversation
   * Refused: `none_pending`, `code_needed`, `unknown_code`, `not_approver`, `expired`, `withdrawn`, `decided`,
   * `session_not_offered`.
   */
  decide(place: CommandPlace, which: string | undefined, verdict: Verdict): Promise<Result<OpenApproval>>;
}
