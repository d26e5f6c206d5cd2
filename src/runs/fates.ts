// What becomes of work that the end of a process cut off: it goes on, or ends with a reason. Pure; used by recovery.ts and
// src/wiring/recovery.ts at start, and by src/wiring/turns.ts, which counts.
import type { OpenTurn } from '../agents/open-turns.ts';
import { isTerminal, type Outcome, type Run } from '../core/run.ts';
import type { Session } from '../core/session.ts';
import { dueAt, isStale, lost } from './liveness.ts';

/** More often than this in ten minutes, and something is wrong with the work itself. */
const mostResumes = 2;
const withinMs = 10 * 60_000;
/** An answer in a chat that has done nothing yet is simply begun again; one that is cut off as often ends the process itself. */
const mostTries = 5;

export function recentResumes({ resumedAt = [] }: Pick<Session, 'resumedAt'>, now: number): readonly number[] {
  // A clock that was put back must not make them count for as long as it is behind.
  return resumedAt.filter((at) => Math.abs(now - at) < withinMs);
}

/** `over`: nothing of it is wanted any more. */
export type TurnFate = 'again' | 'given up' | 'over';

export interface TurnFacts {
  /** Undefined: it is gone. */
  readonly session: Pick<Session, 'resumedAt'> | undefined;
  /** Whose session it is, where it is a run's. */
  readonly run: Run | undefined;
  /** It is a run's, or has done something: going on with it is a resume. */
  readonly worked: boolean;
  readonly now: number;
}

/** Somebody's message is among what it began with. */
export function wasSpokenTo({ items }: Pick<OpenTurn, 'items'>): boolean {
  return items.some((id) => id.startsWith('inbox:'));
}

export function turnFate(turn: Pick<OpenTurn, 'items' | 'tries'>, { session, run, worked, now }: TurnFacts): TurnFate {
  if (session === undefined) return 'over';
  // Who speaks to a run that has ended is answered all the same; its own work was stopped, or given up by a start that was cut off.
  if (run !== undefined && isTerminal(run.state.status) && !wasSpokenTo(turn))
    return wasInterrupted(run) ? 'given up' : 'over';
  const tooOften = worked ? recentResumes(session, now).length >= mostResumes : turn.tries >= mostTries;
  return tooOften ? 'given up' : 'again';
}

/** It was given up after a restart: its session keeps a mark of that. */
export function wasInterrupted({ state }: Pick<Run, 'state'>): boolean {
  return 'outcome' in state && state.outcome.kind === 'error' && state.outcome.code === 'interrupted';
}

/** A turn that was cut off, and what becomes of it. */
export interface CutTurn extends OpenTurn {
  readonly fate: TurnFate;
  readonly worked: boolean;
}

export type RunFate =
  /** No process has begun with it. */
  | { readonly kind: 'start' }
  /** Its task is handed over again; the turn says that it goes on. */
  | { readonly kind: 'resume' }
  /** Its children, or what was said to it, bring it on. */
  | { readonly kind: 'leave'; readonly cut: boolean }
  /** It waited for children that have all been heard. */
  | { readonly kind: 'finish' }
  | { readonly kind: 'end'; readonly outcome: Outcome; readonly lost?: true };

export interface RunFacts {
  /** The run whose session asked for it. */
  readonly owner: Run | undefined;
  /** The session that asked for it, and its own, are there. */
  readonly requester: boolean;
  readonly session: boolean;
  readonly turn: Pick<CutTurn, 'fate' | 'items'> | undefined;
  /** Messages are stored for its session. */
  readonly mail: boolean;
  /** Children it has not heard the end of. */
  readonly openChildren: readonly Run[];
  readonly now: number;
}

const advice = 'check what it may have done in part before repeating it';
const interrupted = (how: string): Extract<RunFate, { kind: 'end' }> => ({
  kind: 'end',
  outcome: { kind: 'error', code: 'interrupted', message: `${how}; ${advice}` },
});
const cutOff = interrupted('a restart cut it off');
/** Going on with it failed inside. */
export const notTakenUp = interrupted('it could not be taken up after a restart; the log says why');

export function runFate(run: Run, facts: RunFacts): RunFate {
  const { owner, turn, now, openChildren } = facts;
  // What a run has started ends with it; one announcement tells of both.
  if (owner !== undefined && isTerminal(owner.state.status) && owner.state.status !== 'succeeded')
    return { kind: 'end', outcome: { kind: 'stopped', by: 'cascade' } };
  if ((dueAt(run) ?? Number.POSITIVE_INFINITY) <= now) return { kind: 'end', outcome: { kind: 'timeout' } };
  if (run.state.status === 'queued') return facts.requester ? { kind: 'start' } : cutOff;
  if (!facts.session) return cutOff;
  if (turn?.fate === 'given up') return interrupted(`restarts cut it off more than ${mostResumes} times in 10 minutes`);
  if (turn?.items.includes(`task:${run.id}`)) return { kind: 'resume' };
  if (turn !== undefined || facts.mail) return { kind: 'leave', cut: turn !== undefined };
  const comes =
    run.state.status === 'waiting' ? openChildren : openChildren.filter((each) => isTerminal(each.state.status));
  if (comes.length > 0) return { kind: 'leave', cut: false };
  if (run.state.status === 'waiting') return { kind: 'finish' };
  // Nothing says what it was doing, so that nothing can go on with it.
  return isStale(run, now) ? { kind: 'end', outcome: lost, lost: true } : cutOff;
}
