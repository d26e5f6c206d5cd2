// What a harness is doing, as one short line that is edited while its turn goes on: the step of its plan and the tools at
// work. Pure; kept by turn.ts, shown by the wiring.
import { clip, elapsed } from '../core/format.ts';
import { shortTitle } from './preview.ts';
import type { HarnessUpdate, PlanStep, ToolCall } from './updates.ts';

export interface ProgressView {
  readonly plan: readonly PlanStep[];
  /** At work, the oldest first. */
  readonly running: readonly { readonly id: string; readonly title: string; readonly since: number }[];
  /** Ended ones, the latest last; only a few are kept. */
  readonly recent: readonly { readonly title: string; readonly failed: boolean }[];
  /** Ended ones, all of them. */
  readonly done: number;
  /** What it waits for: an answer of people, or a process while as many work as may. */
  readonly waiting: keyof typeof waits | undefined;
}

const waits = {
  people: 'waiting for your permission',
  place: 'waiting until another coding agent is done (acp.maxSessions)',
} as const;

export const progressLevels = ['off', 'brief', 'full'] as const;
export type ProgressLevel = (typeof progressLevels)[number];

export const noProgress: ProgressView = { plan: [], running: [], recent: [], done: 0, waiting: undefined };

const recentKept = 8;
const planShown = 12;
const stepChars = 100;

/** The view after an update; the same object where nothing to be shown has changed. */
export function progressAfter(
  view: ProgressView,
  update: HarnessUpdate,
  call: ToolCall | undefined,
  now: number,
): ProgressView {
  if (update.kind === 'plan') return { ...view, plan: update.steps };
  return update.kind === 'tool' && call !== undefined ? withCall(view, call, now) : view;
}

function withCall(view: ProgressView, call: ToolCall, now: number): ProgressView {
  const known = view.running.find(({ id }) => id === call.id);
  const title = shortTitle(call);
  if (call.status === 'completed' || call.status === 'failed') {
    if (known === undefined) return view;
    const recent = [...view.recent, { title, failed: call.status === 'failed' }].slice(-recentKept);
    return { ...view, running: view.running.filter((each) => each !== known), recent, done: view.done + 1 };
  }
  if (known === undefined) return { ...view, running: [...view.running, { id: call.id, title, since: now }] };
  if (known.title === title) return view;
  return { ...view, running: view.running.map((each) => (each === known ? { ...each, title } : each)) };
}

/** Undefined: there is nothing to show. `full` also lists the plan and what was done. */
export function progressText(view: ProgressView, level: ProgressLevel, now: number): string | undefined {
  if (level === 'off') return undefined;
  const line = progressLine(view, now);
  if (level === 'brief') return line;
  const plan = view.plan.slice(0, planShown).map(({ text, status }) => `${marks[status]} ${short(text)}`);
  const more = view.plan.length - plan.length;
  const done = view.recent.map(({ title, failed }) => `${failed ? '⚠️' : '✅'} ${title}`);
  const lines = [...plan, ...(more > 0 ? [`… and ${more} more`] : []), ...done, ...(line === undefined ? [] : [line])];
  return lines.length === 0 ? undefined : lines.join('\n');
}

const marks: Readonly<Record<PlanStep['status'], string>> = { pending: '▫️', in_progress: '⏳', completed: '✅' };

function progressLine(view: ProgressView, now: number): string | undefined {
  const at = view.plan.findIndex(({ status }) => status === 'in_progress');
  const step = view.plan[at];
  const parts = [
    ...(view.waiting === undefined ? [] : [waits[view.waiting]]),
    ...(step === undefined ? [] : [`step ${at + 1}/${view.plan.length}: ${short(step.text)}`]),
    ...view.running.slice(-2).map(({ title, since }) => `${title} (${elapsed(now - since)})`),
    ...(view.done === 0 ? [] : [`${view.done} ${view.done === 1 ? 'step' : 'steps'} done`]),
  ];
  return parts.length === 0 ? undefined : `⏳ ${parts.join(' · ')}`;
}

function short(text: string): string {
  return clip(text.replaceAll(/\s+/g, ' ').trim(), stepChars);
}
