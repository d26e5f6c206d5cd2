// How a turn in a harness ended, for the engine and the person: success with its text, or an error with its code and next
// step. Pure; called by turn.ts.
import type { Outcome } from '../core/run.ts';
import type { Session } from '../core/session.ts';
import { type Denial, denialNext } from './asking.ts';
import { type AcpFault, acpErrorText, acpFault } from './errors.ts';
import type { PromptEnd } from './prompts.ts';

export interface Ending {
  readonly how: 'ended' | 'died' | 'stopped' | 'unready';
  readonly harness: string;
  readonly last: PromptEnd | undefined;
  /** What was said last. */
  readonly text: string;
  /** It came after the last tool call. */
  readonly answered: boolean;
  /** Last texts of all prompts of the turn that had one. */
  readonly answers: readonly string[];
  readonly denials: readonly { readonly title: string; readonly why: Denial }[];
  /** No prompt could be made. */
  readonly fault: AcpFault | undefined;
  /** The engine let no further prompt be made. */
  readonly refused: { readonly code: string; readonly message: string } | undefined;
}

export interface Settled {
  readonly outcome: Outcome;
  readonly fault: AcpFault | undefined;
  /** What a person should be told beside the outcome. */
  readonly notice: string | undefined;
}

export interface Circumstances {
  /** Why the turn was aborted. */
  readonly reason: unknown;
  readonly timedOut: boolean;
  readonly kind: Session['kind'];
}

export function outcomeOf(ending: Ending, { reason, timedOut, kind }: Circumstances): Settled {
  if (ending.how === 'stopped') return plain(timedOut ? timeout(ending) : { kind: 'stopped', by: stopper(reason) });
  if (ending.refused !== undefined) return plain({ kind: 'error', ...ending.refused });
  const fault = faultIn(ending);
  if (fault !== undefined)
    return { outcome: { kind: 'error', code: fault.code, message: acpErrorText(fault) }, fault, notice: undefined };
  // In a chat every answer of the turn counts; a run's result is its last text only.
  const text = kind === 'chat' ? ending.answers.join('\n\n') : (ending.answers.at(-1) ?? '');
  return { outcome: { kind: 'success', text }, fault: undefined, notice: noticeFor(ending) };
}

/** The end of a turn that was to go on with one a restart cut off, in a harness that has lost its session. */
export function cannotGoOn(harness: string): NonNullable<Ending['refused']> {
  const message = `a restart cut it off, and ${harness} could not continue its session; check what it may have done in part, then say it again`;
  return { code: 'interrupted', message };
}

function plain(outcome: Outcome): Settled {
  return { outcome, fault: undefined, notice: undefined };
}

function timeout({ text }: Ending): Outcome {
  return { kind: 'timeout', ...(text === '' ? {} : { partial: text }) };
}

function faultIn({ how, harness, last, answered, denials, fault }: Ending): AcpFault | undefined {
  if (how === 'unready') return fault ?? acpFault.initFailed(harness, 'it gave no reason.');
  if (last === undefined) return acpFault.turnFailed(harness, 'it was given no prompt.');
  if (last.kind !== 'ended') return last.fault;
  const denial = denials.at(-1);
  if (denial !== undefined && (last.stop === 'cancelled' || !answered)) {
    const what = `${harness} stopped after "${denial.title}" was not allowed.`;
    return acpFault.denied(what, denialNext(denial.why));
  }
  if (last.stop === 'refusal') return acpFault.turnFailed(harness, 'the model refused to go on. Rephrase the request.');
  return last.stop === 'cancelled' ? acpFault.turnFailed(harness, 'it cancelled the turn by itself.') : undefined;
}

function noticeFor({ harness, last, text }: Ending): string | undefined {
  const stop = last?.kind === 'ended' ? last.stop : 'end_turn';
  if (stop === 'max_tokens') return `${harness} stopped because its answer grew too long; send "go on" to continue.`;
  if (stop === 'max_turn_requests')
    return `${harness} stopped after as many steps as it may take; send "go on" to continue.`;
  return text === '' ? `${harness} returned no text.` : undefined;
}

function stopper(reason: unknown): Extract<Outcome, { kind: 'stopped' }>['by'] {
  return (['cascade', 'budget', 'shutdown'] as const).find((word) => word === reason) ?? 'user';
}
