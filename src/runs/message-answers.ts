// How the end of a message reads for whoever sent it. Pure; used by messages.ts.
import type { SteerOutcome } from '../acp/steer.ts';
import type { ItemEnd } from '../agents/turn-types.ts';
import { assertNever, ok, type Result, refuse } from '../core/result.ts';
import type { SendResult, SteerResult } from '../core/services.ts';
import { cleanText } from '../sessions/history.ts';
import { isNoReply } from './completion.ts';

/** Stays stored: the next start goes on with it. */
export function kept(): Result<never> {
  return refuse('draining', 'Switchyard is restarting.', 'The message is kept and answered after the restart.');
}

export function notRead(): Result<never> {
  return refuse('stopped', 'Stopped before the message was read.', 'Send it again if it still matters.');
}

export function answerOf(end: ItemEnd): Result<SendResult> {
  if (end.kind === 'dropped') {
    if (end.why === 'draining') return kept();
    return ok({
      kind: 'failed',
      message: end.why === 'gone' ? 'its session is gone.' : 'stopped before it was answered.',
    });
  }
  if (end.result.cause === 'shutdown') return kept();
  const { outcome, answers } = end.result;
  switch (outcome.kind) {
    case 'success':
      return ok({ kind: 'answered', text: visibleText(answers) });
    case 'error':
      return ok({ kind: 'failed', message: outcome.message });
    case 'timeout':
      return ok({ kind: 'failed', message: 'it took too long and was stopped.' });
    case 'stopped':
      return ok({ kind: 'failed', message: 'stopped before it was answered.' });
  }
}

/** What a person reads of an answer; empty when there is nothing to read. */
function visibleText(answers: readonly string[]): string {
  return answers
    .filter((text) => !isNoReply(text))
    .map((text) => cleanText(text, Number.POSITIVE_INFINITY).trim())
    .filter((text) => text !== '')
    .join('\n\n');
}

/** @param outcome undefined: nobody knows yet */
export function steerResult(outcome: SteerOutcome | undefined): Result<SteerResult> {
  switch (outcome) {
    case undefined:
      return ok('pending');
    case 'steered':
      return ok('injected');
    case 'queued':
      return ok('preparing');
    case 'resent':
      return ok('resent');
    case 'sent':
      return ok('idle');
    case 'no-turn':
      return notRead();
    default:
      return assertNever(outcome);
  }
}
