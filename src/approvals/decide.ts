// Which question an answer means, and whether it counts. Pure; called by broker.ts inside its transaction.
import type { Verdict } from '../core/approval.ts';
import type { Caller, CommandPlace } from '../core/command.ts';
import { ok, type Result } from '../core/result.ts';
import { type Route, sameRoute } from '../core/route.ts';
import type { Session } from '../core/session.ts';
import type { ApprovalRow } from './rows.ts';
import { approvalRefusal } from './words.ts';

/** Without `route` and `session`: from outside of all chats. */
export interface Answering extends Pick<CommandPlace, 'caller' | 'commandId'> {
  readonly route?: Route;
  readonly session?: Pick<Session, 'key'>;
}

/** Who started the work, or the owner. */
export function mayAnswer({ approver }: Pick<ApprovalRow, 'approver'>, caller: Pick<Caller, 'id' | 'class'>): boolean {
  return caller.class === 'owner' || approver?.id === caller.id;
}

export function isHere(
  { route, session }: Pick<ApprovalRow, 'route' | 'session'>,
  place: Pick<Answering, 'route' | 'session'>,
): boolean {
  return (place.route !== undefined && sameRoute(route, place.route)) || session === place.session?.key;
}

/** What an answer without a code means: the only question of this conversation, never one that was shown elsewhere. */
export function onlyOne(open: readonly ApprovalRow[], place: Answering): Result<ApprovalRow> {
  const mine = open.filter((row) => mayAnswer(row, place.caller));
  const here = mine.filter((row) => isHere(row, place));
  const [only, ...others] = here;
  if (only !== undefined && others.length === 0) return ok(only);
  if (mine.length > 0) return refusing(approvalRefusal.codeNeeded(here.length > 0 ? here : mine));
  const theirs = open.find((row) => isHere(row, place));
  return refusing(theirs === undefined ? approvalRefusal.nonePending() : approvalRefusal.notApprover(theirs));
}

export interface AnswerFacts {
  readonly place: Answering;
  readonly now: number;
  /** The open question about the very same request, where this one has ended. */
  readonly again: ApprovalRow | undefined;
}

/** `repeated`: this very command decided it before. */
export function decideAnswer(row: ApprovalRow, verdict: Verdict, facts: AnswerFacts): Result<'decides' | 'repeated'> {
  const { place, now, again } = facts;
  if (!mayAnswer(row, place.caller)) return refusing(approvalRefusal.notApprover(row));
  const { end, expires } = row;
  if (end === undefined) {
    if (expires !== undefined && expires <= now) return refusing(approvalRefusal.expired(row, 'expired', again));
    if (verdict === 'session' && !row.sessionOffered) return refusing(approvalRefusal.sessionNotOffered(row));
    return ok('decides');
  }
  switch (end.how) {
    case 'once':
    case 'session':
    case 'deny':
      return end.command === place.commandId && end.how === verdict
        ? ok('repeated')
        : refusing(approvalRefusal.decided(row, end));
    case 'cancelled':
      return refusing(approvalRefusal.withdrawn(row));
    case 'expired':
    case 'restarted':
    case 'unreached':
      return refusing(approvalRefusal.expired(row, end.how, again));
  }
}

function refusing(refusal: ReturnType<(typeof approvalRefusal)[keyof typeof approvalRefusal]>): Result<never> {
  return { ok: false, refusal };
}
