// Which run a token means: `#2`, an id prefix, a session key or id, a label, `last`. Pure; called by the run services and by
// the session tools.
import { ok, type Refusal, type Result, refuse } from '../core/result.ts';
import { type Run, shortId } from '../core/run.ts';

export interface TargetScope {
  /** Runs the caller may reach, newest first. */
  readonly runs: readonly Run[];
  /** The last list shown in this conversation. */
  readonly numbers: readonly Numbered[];
}

export interface Numbered {
  readonly number: number;
  readonly runId: string;
}

/** Runs that `token` fits equally well: none, the one that is meant, or several candidates, newest first. */
export function matchTarget(token: string, scope: TargetScope): readonly Run[] {
  const text = token.trim();
  const lower = text.toLowerCase();
  if (lower === 'last') return scope.runs.slice(0, 1);
  const number = numberOf(text);
  const numbered = scope.numbers.find((entry) => entry.number === number)?.runId;
  // An archived run's label may be in use again.
  const live = (run: Run): boolean => run.archivedAt === undefined;
  const rules: readonly ((run: Run) => boolean)[] = [
    (run) => run.id === numbered,
    (run) => run.child === text || run.id === lower || run.childSessionId === lower,
    (run) => lower.length >= 4 && run.id.startsWith(lower),
    (run) => live(run) && run.label.toLowerCase() === lower,
    (run) => run.label.toLowerCase() === lower,
    (run) => number === undefined && lower !== '' && live(run) && run.label.toLowerCase().startsWith(lower),
    (run) => number === undefined && lower !== '' && run.label.toLowerCase().startsWith(lower),
  ];
  for (const rule of rules) {
    const found = scope.runs.filter(rule);
    if (found.length > 0) return found;
  }
  return [];
}

/** The one run that is meant, or the refusal in words. */
export function resolveTarget(token: string, scope: TargetScope): Result<Run> {
  const [run, ...others] = matchTarget(token, scope);
  if (run === undefined) return { ok: false, refusal: notFound(token, scope.numbers) };
  if (others.length > 0) return { ok: false, refusal: ambiguous(token, [run, ...others], scope.numbers) };
  return ok(run);
}

export function notFound(token: string, numbers: readonly Numbered[]): Refusal {
  const number = numberOf(token.trim());
  const first = numbers[0]?.number;
  const last = numbers.at(-1)?.number;
  if (number === undefined) {
    return refuse('target_unknown', `No run here matches "${token}".`, 'See /subagents list.').refusal;
  }
  if (first === undefined || last === undefined) {
    return refuse('target_out_of_range', 'There are no numbered runs here yet.', 'See /subagents list.').refusal;
  }
  const have = `${numbers.length} ${numbers.length === 1 ? 'run is' : 'runs are'} numbered here, ${first} to ${last}`;
  if (!numbers.some((entry) => entry.number === number)) {
    return refuse('target_out_of_range', `No run has number ${number}: ${have}.`, 'See /subagents list.').refusal;
  }
  return refuse(
    'target_out_of_scope',
    `Number ${number} is a run of another session than the one this conversation speaks to now.`,
    'See /subagents list.',
  ).refusal;
}

export function ambiguous(token: string, candidates: readonly Run[], numbers: readonly Numbered[]): Refusal {
  const listed = candidates.slice(0, 10).map((run) => {
    const number = numbers.find((entry) => entry.runId === run.id)?.number;
    return `${number === undefined ? '' : `#${number} `}${run.label} (${shortId(run.id)})`;
  });
  const more = candidates.length > listed.length ? `, and ${candidates.length - listed.length} more` : '';
  return refuse('target_ambiguous', `"${token}" could be: ${listed.join(', ')}${more}.`, 'Use the number or the id.')
    .refusal;
}

function numberOf(token: string): number | undefined {
  const digits = /^#?(\d{1,4})$/.exec(token)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
