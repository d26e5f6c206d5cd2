// Which texts a person gets from a turn: its answers, or a sentence in place of one, and notes beside them. Pure; used by turn-end.ts.

import type { TurnResult } from '../agents/turn-types.ts';
import { assertNever } from '../core/result.ts';
import { type SpawnClaim, spawnClaim } from './claims.ts';
import { isNoReply } from './completion.ts';
import { standingAnswers } from './consumed.ts';

export type Reply =
  /** `nth`: its place among all answers of the turn. */
  | { readonly kind: 'answer'; readonly text: string; readonly nth: number }
  | { readonly kind: 'note'; readonly text: string };

export interface SpawnFactsOfTurn {
  /** Runs accepted in this turn. */
  readonly started: number;
  /** sessions_spawn was offered to the agent. */
  readonly maySpawn: boolean;
}

/** @param spawns undefined: what it says of sub-agents is about its own */
export function replies(result: TurnResult, spawns: SpawnFactsOfTurn | undefined): readonly Reply[] {
  // Each answer stands for itself: silence about one thing, or failing later, takes back nothing said about another.
  const said = result.answers.slice(0, shownAnswers(result)).flatMap(visible);
  // Whoever stopped it wants to hear nothing more of it.
  if (result.outcome.kind === 'stopped') return said;
  const notices = result.notices.map((text): Reply => ({ kind: 'note', text: `ℹ️ ${text}` }));
  // A coding agent that says nothing has that noticed already.
  const silent = spawns === undefined && result.outcome.kind === 'success' && notices.length > 0;
  return [...said, ...(silent ? [] : instead(result, said)), ...notices, ...claims(result, spawns)];
}

/** What a coding agent said before it broke down stands beside the reason: its work was done all the same. */
function shownAnswers(result: TurnResult): number {
  const { outcome, answers } = result;
  return outcome.kind === 'error' && outcome.code === 'ACP_TURN_FAILED' ? answers.length : standingAnswers(result);
}

/** A sentence where a person waits for an answer that did not come. */
function instead(result: TurnResult, said: readonly Reply[]): readonly Reply[] {
  const asked = result.items.some(isAsked);
  const { outcome } = result;
  switch (outcome.kind) {
    case 'success':
      if (!asked || result.answers.length > 0) return [];
      return [
        {
          kind: 'note',
          text: result.yielded
            ? 'ℹ️ waiting for the sub-agents; the answer follows.'
            : 'ℹ️ finished without a text answer.',
        },
      ];
    case 'error':
      return asked ? [{ kind: 'note', text: `⚠️ ${sentence(outcome.message)}` }] : [];
    case 'timeout': {
      if (!asked) return [];
      const { partial } = outcome;
      const more = partial === undefined || said.some((each) => each.text === partial) ? '' : ` So far:\n\n${partial}`;
      return [{ kind: 'note', text: `⚠️ stopped ${whyLate(result.cause)}.${more}` }];
    }
    case 'stopped':
      return [];
    default:
      return assertNever(outcome);
  }
}

function whyLate(cause: TurnResult['cause']): string {
  switch (cause) {
    case 'stalled':
      return 'after a long silence (agents.defaults.stall.abortSeconds)';
    case undefined:
      // A coding agent has a limit for each turn.
      return 'at its time limit (/acp timeout, acp.turnTimeoutSeconds)';
    default:
      return 'at its time limit (agents.defaults.subagents.runTimeoutSeconds)';
  }
}

function visible(text: string, nth: number): readonly Reply[] {
  return isNoReply(text) ? [] : [{ kind: 'answer', text, nth }];
}

/** A person waits in the chat for what comes of it: a message, or a /steer that found nothing running. */
function isAsked(item: TurnResult['items'][number]): boolean {
  return item.kind === 'message' || (item.kind === 'note' && item.route !== undefined);
}

/** What an agent said of sub-agents that is not so; undefined: nothing of that kind. */
export function falseClaim(result: TurnResult, spawns: SpawnFactsOfTurn | undefined): SpawnClaim | undefined {
  if (spawns === undefined || result.outcome.kind !== 'success' || spawns.started > 0) return undefined;
  // An agent that reports on runs started earlier says so rightly.
  if (!isAnswer(result)) return undefined;
  const claim = spawnClaim(result.answers.join('\n\n'));
  return claim === 'claims-forbidden' && !spawns.maySpawn ? undefined : claim;
}

/** A person waited for it. */
export function isAnswer({ items }: Pick<TurnResult, 'items'>): boolean {
  return items.some(isAsked);
}

/** An agent that only talks about starting sub-agents is corrected by what happened. */
function claims(result: TurnResult, spawns: SpawnFactsOfTurn | undefined): readonly Reply[] {
  switch (falseClaim(result, spawns)) {
    case 'claims-started':
      return [{ kind: 'note', text: 'ℹ️ no sub-agent was started in this turn.' }];
    case 'claims-forbidden':
      return [
        { kind: 'note', text: 'ℹ️ sub-agents are allowed here, the model declined. Try /new, or a stronger model.' },
      ];
    case undefined:
      return [];
  }
}

/** Lines that follow hold commands. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) || text.includes('\n') ? text : `${text}.`;
}
