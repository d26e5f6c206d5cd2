// How a run is spoken of: its status word, its name, its times and costs. Used by /subagents, /agents, /tasks and others.
import { age, tokens, usd } from '../src/core/format.ts';
import { assertNever } from '../src/core/result.ts';
import { isTerminal, type Outcome, type Run, shortId } from '../src/core/run.ts';
import type { RunView } from '../src/core/services.ts';
import { noUsage, type Usage } from '../src/core/session.ts';
import { count } from './replies.ts';

export function runName(run: Run): string {
  return `${run.label} (run ${shortId(run.id)})`;
}

/** Names a run that ignored a stop. */
export function forcedLine(run: Run): string {
  return `⚠️ ${runName(run)} did not stop within 1 s and was forced`;
}

/** `1 finished result was not told; /subagents log #1.`; empty when nothing was lost. `numbers`: one per run. */
export function untoldWords(numbers: readonly number[]): string {
  if (numbers.length === 0) return '';
  const named = numbers.slice(0, 10).map((number) => `#${number}`);
  if (numbers.length === 1) return `1 finished result was not told; /subagents log ${named[0]}.`;
  const more = numbers.length > named.length ? `, and ${numbers.length - named.length} more` : '';
  return `${numbers.length} finished results were not told: ${named.join(', ')}${more}; /subagents log <number>.`;
}

/** @param now ms */
export function statusWord(view: Omit<RunView, 'number'>, now: number): string {
  const { run } = view;
  if (!isTerminal(run.state.status) && view.awaited === true) return 'awaiting approval';
  if (!isTerminal(run.state.status) && run.stalledSince !== undefined) return `stalled ${age(now - run.lastEventAt)}`;
  switch (run.state.status) {
    case 'queued':
    case 'running':
    case 'stopped':
    case 'failed':
    case 'lost':
      return run.state.status;
    case 'waiting':
      // Between the last child's end and the turn that takes its result in, the run waits for nobody.
      return view.activeChildren === 0 ? 'running' : `waiting on ${count(view.activeChildren, 'child', 'children')}`;
    case 'succeeded':
      return 'done';
    case 'timed_out':
      return 'timeout';
    default:
      return assertNever(run.state);
  }
}

/** Time worked, ms; time waited for a run that has not started. */
export function workedMs(run: Run, now: number): number {
  if (run.state.status === 'queued') return now - run.acceptedAt;
  const started = run.state.startedAt ?? run.acceptedAt;
  return ('endedAt' in run.state ? run.state.endedAt : now) - started;
}

/** `210 tokens`; `n/a` for a runtime that reports none. */
export function tokenWords(usage: Usage): string {
  return usage.reported ? `${tokens(usage.input + usage.output)} tokens` : 'n/a tokens';
}

/** Time the first model call of a run may take before its use counts as not reported, ms. */
const firstCallMs = 60_000;

/** What a run has used, as people are told: nothing while it waits or has just begun, else what was reported. */
export function shownUsage(run: Run, now: number): Usage {
  return unspent(run, now) ? nothing : run.usage;
}

/** Nothing can have been used yet: it waits, or its first model call is not back. */
export function unspent({ state, runtime, usage }: Run, now: number): boolean {
  if (usage.reported) return false;
  return (
    state.status === 'queued' ||
    (runtime === 'native' && state.status === 'running' && now - state.startedAt <= firstCallMs)
  );
}

/** What is used when nothing is. */
export const nothing: Usage = { ...noUsage, costUsd: 0, reported: true };

/** `18.2k in / 1.1k out / 19.3k total`. */
export function tokenSplit(usage: Usage): string {
  if (!usage.reported) return 'n/a';
  return `${tokens(usage.input)} in / ${tokens(usage.output)} out / ${tokens(usage.input + usage.output)} total`;
}

/** `est. $0.12`, `no cost`, or that the price is unknown. */
export function costWords(usage: Usage): string {
  if (!usage.reported || usage.costUsd === null) return 'cost n/a';
  return usage.costUsd === 0 ? 'no cost' : `est. ${usd(usage.costUsd)}`;
}

/** Delivery is worth a word only once something is owed and has not plainly arrived. */
export function deliveryWord(run: Run): string | undefined {
  const { state } = run.delivery;
  return state === 'none' || state === 'delivered' ? undefined : state;
}

export function outcomeWords(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'success':
      return 'success';
    case 'error':
      return `error (${outcome.code}): ${outcome.message}`;
    case 'timeout':
      return 'timeout';
    case 'stopped':
      return `stopped (by ${outcome.by})`;
    default:
      return assertNever(outcome);
  }
}

/** The model's own name: `ollama/qwen3` is shown as `qwen3`. */
export function modelName(model: string): string {
  return model.slice(model.indexOf('/') + 1);
}
