// What the owner is told after a start that found work cut off, and of records set aside. Pure; called by recovery.ts and
// set-aside.ts.
import { clip, oneLine } from '../core/format.ts';
import { type Run, shortId } from '../core/run.ts';
import type { SetAsideRecord } from '../infra/set-aside.ts';

/** Runs named at most. */
const named = 5;
const labelChars = 40;
const nameChars = 100;

export interface CutOffWork {
  readonly resumed: readonly Pick<Run, 'id' | 'label'>[];
  readonly ended: readonly Pick<Run, 'id' | 'label'>[];
  /** Turns of chats, which have no names. */
  readonly answers: { readonly resumed: number; readonly ended: number };
}

/** Undefined: nothing was cut off, nothing set aside. */
export function restartText({
  setAside,
  ...work
}: CutOffWork & { readonly setAside: readonly SetAsideRecord[] }): string | undefined {
  const texts = [cutOffText(work), setAsideText(setAside)].filter((text) => text !== undefined);
  return texts.length === 0 ? undefined : texts.join('\n\n');
}

/** Names and reasons, never what is in the records. Undefined: there are none. */
export function setAsideText(records: readonly SetAsideRecord[]): string | undefined {
  if (records.length === 0) return undefined;
  const names = records.slice(0, named).map(({ name, reason }) => `${clip(oneLine(name), nameChars)}: ${reason}`);
  const more = records.length > named ? [`${records.length - named} more`] : [];
  const what = records.length === 1 ? '1 stored record was damaged' : `${records.length} stored records were damaged`;
  return [
    `⚠️ ${what} and set aside; everything else works.`,
    ...[...names, ...more].map((line) => `- ${line}`),
    'On the machine, `switchyard tasks maintenance` shows what to do.',
  ].join('\n');
}

function cutOffText({ resumed, ended, answers }: CutOffWork): string | undefined {
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
