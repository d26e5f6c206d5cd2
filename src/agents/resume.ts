// What a turn is told that goes on with one cut off by a restart: which calls nobody knows the end of. Pure; used by turn.ts.
import type { Entry } from '../core/agent.ts';
import { clip, oneLine } from '../core/format.ts';
import type { CutCall } from './turn-types.ts';

/** Longest arguments of one call that are repeated, in UTF-16 units, and how many calls are named. */
const inputChars = 200;
const namedCalls = 10;

/** What was written since a turn began, `since` being its id; nothing where it left no trace. */
export function cutOff(history: readonly Entry[], since: string | undefined): readonly Entry[] {
  const from = since === undefined ? -1 : history.findIndex((entry) => entry.turn === since);
  return from === -1 ? [] : history.slice(from);
}

/** Something was done that cannot be taken back by doing it again. */
export function calledTools(entries: readonly Entry[]): boolean {
  return entries.some((entry) => entry.type === 'assistant' && entry.parts.some(({ type }) => type === 'call'));
}

export interface OpenCall {
  readonly turn: string;
  readonly call: CutCall;
  /** False: the calls of a step run one after another, and its turn had not come. */
  readonly begun: boolean;
}

/** Calls that have no result. A result is looked for before the next step, as in prompts. */
export function openCalls(entries: readonly Entry[]): readonly OpenCall[] {
  const steps: { readonly turn: string; open: readonly CutCall[] }[] = [];
  for (const entry of entries) {
    const step = steps.at(-1);
    if (entry.type === 'tool' && step !== undefined) step.open = step.open.filter((call) => call.id !== entry.callId);
    if (entry.type === 'assistant')
      steps.push({ turn: entry.turn, open: entry.parts.filter((part) => part.type === 'call') });
  }
  return steps.flatMap(({ turn, open }) => open.map((call, index) => ({ turn, call, begun: index === 0 })));
}

/** Begins the note of a turn that goes on; what was asked before is asked again after it. */
export const resumeMark = '[A restart cut the work above off.';
/** Answer for a call that was never begun. */
export const notBegunText = 'not run: the process ended before its turn came';

/** @param unknown calls nobody knows the end of */
export function resumeText(unknown: readonly CutCall[]): string {
  const calls = unknown.slice(0, namedCalls).map(({ name, input }) => `${name} ${shown(input)}`);
  const more = unknown.length > calls.length ? ` and ${unknown.length - calls.length} more` : '';
  const unclear = calls.length === 0 ? '' : ` Nobody knows what became of: ${calls.join('; ')}${more}.`;
  return `${resumeMark}${unclear} Check what was done in part before repeating it, then go on with what is asked below.]`;
}

function shown(input: unknown): string {
  return clip(oneLine(JSON.stringify(input) ?? ''), inputChars);
}

/** Closes in the transcript what was given up: without it a model would go on with that at the next message. */
export const givenUpNote =
  '[Restarts cut the work above off again and again, and it was given up. Do not go on with it unless asked again.]';
