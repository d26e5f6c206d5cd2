// What a conversation is told when a session comes and goes. Pure; used by bindings.ts, focus.ts and threads.ts.
import type { Binding } from '../core/binding.ts';
import { clip, oneLine } from '../core/format.ts';
import { assertNever } from '../core/result.ts';

export type FarewellReason =
  | { readonly kind: 'manual' }
  | { readonly kind: 'idle'; readonly idleMs: number }
  | { readonly kind: 'max-age'; readonly maxAgeMs: number }
  | { readonly kind: 'ended' }
  | { readonly kind: 'moved' }
  /** Another session took this conversation over. */
  | { readonly kind: 'replaced'; readonly by: string };

export function farewellText(label: string, reason: FarewellReason): string {
  return `ℹ️ ${label} no longer answers here: ${because(reason)}.`;
}

function because(reason: FarewellReason): string {
  switch (reason.kind) {
    case 'manual':
      return 'unbound by hand';
    case 'idle':
      return `no messages for ${spanText(reason.idleMs)}`;
    case 'max-age':
      return `its time of ${spanText(reason.maxAgeMs)} is over`;
    case 'ended':
      return 'its session ended';
    case 'moved':
      return 'it moved to another conversation';
    case 'replaced':
      return `${reason.by} took its place`;
    default:
      return assertNever(reason);
  }
}

/** Longest label in a list of several, in characters. */
const labelChars = 48;
const mostLabels = 30;

/**
 * Said in the chat that held the threads; no thread is left to say it in.
 * @param reason of a single one, as the end of a sentence
 */
export function placesGoneText(labels: readonly string[], reason: string): string {
  const again = '/focus <label> gives it a place again.';
  const [only] = labels;
  if (labels.length === 1 && only !== undefined)
    return `ℹ️ ${only} no longer answers in its thread: ${reason}. ${again}`;
  const named = labels.slice(0, mostLabels).map((label) => clip(oneLine(label), labelChars));
  const more = labels.length - named.length;
  const all = [...named, ...(more > 0 ? [`${more} more`] : [])];
  return `ℹ️ ${all.slice(0, -1).join(', ')} and ${all.at(-1)} no longer answer in their threads, which are gone. ${again}`;
}

export interface Intro {
  readonly binding: Pick<Binding, 'label' | 'idleMs' | 'maxAgeMs'>;
  /** For a coding agent: where it works and what it may do unasked. */
  readonly acp?: { readonly cwd: string; readonly mode: string; readonly permissions: string } | undefined;
}

/** First message in a conversation that was bound. */
export function introText({ binding, acp }: Intro): string {
  const ends = endsText(binding);
  const work = acp === undefined ? '' : ` It works in ${acp.cwd} (${acp.mode}, ${acp.permissions}), not sandboxed.`;
  return `${binding.label} is active here (${ends}).${work} Messages here go to this session. /unfocus to leave.`;
}

/** `ends after 24 h without messages`, `ends in any case after 3 days`, both, or `no time limit`. */
export function endsText(binding: Pick<Binding, 'idleMs' | 'maxAgeMs'>): string {
  const idle = binding.idleMs === 0 ? [] : [`ends after ${spanText(binding.idleMs)} without messages`];
  const age = binding.maxAgeMs === 0 ? [] : [`ends in any case after ${spanText(binding.maxAgeMs)}`];
  const all = [...idle, ...age];
  return all.length === 0 ? 'no time limit' : all.join(', ');
}

const units = [
  { ms: 86_400_000, one: 'day', many: 'days', from: 2 },
  { ms: 3_600_000, one: 'h', many: 'h', from: 1 },
  { ms: 60_000, one: 'min', many: 'min', from: 1 },
  { ms: 1000, one: 's', many: 's', from: 1 },
] as const;

/** A span in the largest unit that says it exactly: `24 h`, `90 min`, `3 days`. */
export function spanText(ms: number): string {
  const unit = units.find((one) => ms >= one.ms * one.from && ms % one.ms === 0);
  if (unit === undefined) return `${ms} ms`;
  const count = ms / unit.ms;
  return `${count} ${count === 1 ? unit.one : unit.many}`;
}

/** Name of a thread opened for a session; platforms cut longer ones. */
export function threadName(labelOrAgent: string): string {
  return [...`🤖 ${labelOrAgent.replace(/\s+/g, ' ').trim()}`].slice(0, 100).join('');
}
