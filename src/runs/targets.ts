// Which run a person means: `#2`, an id prefix, a session key, a label, `last`. Pure; called by the run services.
import { ok, type Result, refuse } from '../core/result.ts';
import { type Run, shortId } from '../core/run.ts';

export interface TargetScope {
  /** Runs the caller may reach, newest first. */
  readonly runs: readonly Run[];
  /** The last list shown in this conversation. */
  readonly numbers: readonly { readonly number: number; readonly runId: string }[];
  /** The session id of a run's child, for targets given as a session id. */
  readonly sessionIdOf: (run: Run) => string | undefined;
}

export function resolveTarget(token: string, scope: TargetScope): Result<Run> {
  const text = token.trim();
  if (text.toLowerCase() === 'last') return one(scope.runs.slice(0, 1), text, scope);
  const number = /^#?(\d{1,4})$/.exec(text)?.[1];
  if (number !== undefined) return byNumber(Number(number), text, scope);
  const lower = text.toLowerCase();
  const rules: readonly ((run: Run) => boolean)[] = [
    (run) => run.child === text || run.id === lower || scope.sessionIdOf(run) === lower,
    (run) => run.label.toLowerCase() === lower,
    (run) => lower.length >= 4 && run.id.startsWith(lower),
    (run) => run.label.toLowerCase().startsWith(lower),
  ];
  for (const rule of rules) {
    const found = scope.runs.filter(rule);
    if (found.length > 0) return one(found, text, scope);
  }
  return unknown(text);
}

function byNumber(number: number, token: string, scope: TargetScope): Result<Run> {
  const runId = scope.numbers.find((entry) => entry.number === number)?.runId;
  const run = scope.runs.find((each) => each.id === runId);
  if (run !== undefined) return ok(run);
  const label = scope.runs.filter((each) => each.label === token);
  if (label.length > 0) return one(label, token, scope);
  const last = scope.numbers.at(-1)?.number ?? 0;
  const have =
    last === 0
      ? 'There are no numbered runs here yet'
      : `The numbers here go from ${scope.numbers[0]?.number ?? 1} to ${last}`;
  return refuse('target_out_of_range', `No run has number ${number}. ${have}.`, 'See /subagents list.');
}

function one(found: readonly Run[], token: string, scope: TargetScope): Result<Run> {
  const [run] = found;
  if (run === undefined) return unknown(token);
  if (found.length === 1) return ok(run);
  const listed = found.slice(0, 10).map((each) => {
    const number = scope.numbers.find((entry) => entry.runId === each.id)?.number;
    return `${number === undefined ? '' : `#${number} `}${each.label} (${shortId(each.id)})`;
  });
  return refuse('target_ambiguous', `"${token}" could be: ${listed.join(', ')}.`, 'Use the number or the id.');
}

function unknown(token: string): Result<Run> {
  return refuse('target_unknown', `No run here matches "${token}".`, 'See /subagents list.');
}
