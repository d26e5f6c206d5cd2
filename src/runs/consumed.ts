// Which answer of a turn tells of which child: each reports what came in since the answer before it.
// Pure; used by turn-end.ts and reply.ts.
import type { TurnResult } from '../agents/turn-types.ts';
import type { Entry } from '../core/agent.ts';
import type { SessionKey } from '../core/session.ts';
import { isNoReply } from './completion.ts';

export interface Consumed {
  /** Runs by the number of the answer that tells of them. */
  readonly answered: ReadonlyMap<number, readonly string[]>;
  /** Runs the agent chose to say nothing about. */
  readonly silent: readonly string[];
  /** Runs nothing was said about: empty answers. */
  readonly ignored: readonly string[];
}

/** `given`: the runs whose completion the turn took in, with their sessions. */
export function consumed(
  result: Pick<TurnResult, 'entries' | 'answers'>,
  given: readonly { readonly run: string; readonly child: SessionKey }[],
): Consumed {
  const answered = new Map<number, readonly string[]>();
  const silent: string[] = [];
  const left = new Map(given.map((each) => [each.run, each.child]));
  let open: string[] = [];
  let next = 0;
  const answer = (): void => {
    if (isNoReply(result.answers[next] ?? '')) silent.push(...open);
    else if (open.length > 0) answered.set(next, open);
    open = [];
    next += 1;
  };
  for (const entry of result.entries) {
    if (entry.type === 'note' || entry.type === 'user') {
      const here = [...left].filter(([, child]) => entry.text.includes(`Child: ${child} (`)).map(([run]) => run);
      for (const run of here) left.delete(run);
      open.push(...here);
    } else if (entry.type === 'assistant' && textOf(entry) === result.answers[next]) answer();
  }
  // Text that was said but never became an entry.
  while (next < result.answers.length) answer();
  return { answered, silent, ignored: [...open, ...left.keys()] };
}

/**
 * How many of a turn's answers stand: all of one that succeeded, none of one that was stopped. Of one that failed later,
 * those after which something else came in: what it was saying when it failed answers nothing yet.
 */
export function standingAnswers(result: Pick<TurnResult, 'entries' | 'answers' | 'outcome'>): number {
  const { outcome, answers, entries } = result;
  if (outcome.kind === 'success') return answers.length;
  if (outcome.kind === 'stopped' && outcome.by !== 'budget') return 0;
  let said = 0;
  let standing = 0;
  for (const entry of entries) {
    if (entry.type === 'note' || entry.type === 'user') standing = said;
    else if (entry.type === 'assistant' && textOf(entry) === answers[said]) said += 1;
  }
  return standing;
}

function textOf(entry: Extract<Entry, { type: 'assistant' }>): string {
  return entry.parts
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
    .trim();
}
