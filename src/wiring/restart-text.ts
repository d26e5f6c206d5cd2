// What the owner is told after a start that found work cut off. Pure; called by recovery.ts.
import { clip, oneLine } from '../core/format.ts';
import { type Run, shortId } from '../core/run.ts';

/** Runs named at most. */
const named = 5;
const labelChars = 40;

export interface CutOffWork {
  readonly resumed: readonly Pick<Run, 'id' | 'label'>[];
  readonly ended: readonly Pick<Run, 'id' | 'label'>[];
  /** Turns of chats, which have no names. */
  readonly answers: { readonly resumed: number; readonly ended: number };
}

/** Undefined: nothing was cut off. */
export function restartText({ resumed, ended, answers }: CutOffWork): string | undefined {
  const goesOn = listed(resumed, answers.resumed);
  const over = listed(ended, answers.ended);
  if (goesOn === undefined && over === undefined) return undefined;
  return [
    'ℹ️ Switchyard was restarted in the middle of work.',
    ...(goesOn === undefined ? [] : [`Goes on, told to check what was done in part: ${goesOn}.`]),
    ...(over === undefined ? [] : [`Ended, check what it may have done in part: ${over}.`]),
    '/tasks shows the runs.',
  ].join('\n');
}

function listed(runs: readonly Pick<Run, 'id' | 'label'>[], answers: number): string | undefined {
  const names = runs.slice(0, named).map(({ id, label }) => `${clip(oneLine(label), labelChars)} (run ${shortId(id)})`);
  const more = runs.length > named ? [`${runs.length - named} more runs`] : [];
  const chats = answers === 0 ? [] : [answers === 1 ? 'an answer in a chat' : `${answers} answers in chats`];
  const all = [...names, ...more, ...chats];
  return all.length === 0 ? undefined : all.join(', ');
}
