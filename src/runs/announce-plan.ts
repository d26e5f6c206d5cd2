// How an ended run is announced: not at all, silently, posted by the formatter, or handed to its requester.
// Pure; called by announce.ts.

import type { Run, RunDelivery } from '../core/run.ts';
import type { Config } from '../infra/config.ts';
import { silence } from './completion.ts';

export type AnnouncePlan =
  /** Somebody else has brought it to its end already. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'quiet'; readonly delivery: RunDelivery }
  | { readonly kind: 'post' }
  | { readonly kind: 'handover' };

export interface AnnounceFacts {
  readonly mode: Config['announce']['mode'];
  /** The requester waits for this child: a run with open children, or a session that yielded. */
  readonly waiting: boolean;
}

export function decideAnnounce(run: Run, facts: AnnounceFacts): AnnouncePlan {
  if (run.delivery.state !== 'pending' && run.delivery.state !== 'handed') return { kind: 'settled' };
  if (!('outcome' in run.state)) return { kind: 'settled' };
  if (run.quiet === true) return quiet(run, 'skipped', 'whoever started it looked at it');
  const { outcome } = run.state;
  if (outcome.kind === 'stopped') {
    // Whoever stopped it was told by the command; an agent that waits for it has to learn it too.
    if (facts.waiting && run.askedBy === 'agent') return { kind: 'handover' };
    return quiet(run, 'skipped', `stopped by ${outcome.by}; the command that stopped it said so`);
  }
  switch (silence(run)) {
    case 'skip':
      return quiet(run, 'skipped', 'the run answered ANNOUNCE_SKIP');
    case 'silent':
      return quiet(run, 'silent', 'the run answered NO_REPLY');
    case undefined:
      break;
  }
  // A requester that is itself a run takes results in; only chats can have them posted.
  const nested = run.parent !== undefined;
  const mode = run.askedBy === 'person' ? facts.mode.userRuns : facts.mode.agentRuns;
  return mode === 'direct' && !(nested && run.askedBy === 'agent') ? { kind: 'post' } : { kind: 'handover' };
}

function quiet(run: Run, state: RunDelivery['state'], reason: string): AnnouncePlan {
  return { kind: 'quiet', delivery: { state, attempts: run.delivery.attempts, reason } };
}
