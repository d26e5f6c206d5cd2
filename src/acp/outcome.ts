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

/**
 * What a harness that was opened means for its turn. One that has lost what a restart cut off must not be told anew: it
 * would do over again what it has done already.
 * @param id of the harness
 * @param lost it began anew, which nobody has been told
 * @param first nothing was asked in this turn yet
 */
export function opened(
  id: string,
  { lost, first, resumed }: { readonly lost: boolean; readonly first: boolean; readonly resumed: boolean },
): { readonly refused: Ending['refused']; readonly notices: readonly string[] } {
  if (lost && first && resumed) {
    const message = `a restart cut this off, and ${id} could not continue its session; check what it may have done in part, then say it again`;
    return { refused: { code: 'interrupted', message }, notices: [] };
  }
  const again = `${id} had ended and was started again.`;
  return { refused: undefined, notices: [...(lost ? [lostText(id)] : []), ...(first ? [] : [again])] };
}

export function lostText(harness: string): string {
  return `${harness} could not continue its earlier session, so what was said before is not in its memory.`;
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
