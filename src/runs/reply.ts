// Which texts a person gets from a turn: its answers, or a sentence in place of one, and notes beside them. Pure; used by turn-end.ts.

import type { TurnResult } from '../agents/turn-types.ts';
import { assertNever } from '../core/result.ts';
import { spawnClaim } from './claims.ts';
import { isNoReply } from './completion.ts';

export interface Reply {
  readonly kind: 'answer' | 'note';
  readonly text: string;
}

export interface SpawnFactsOfTurn {
  /** Runs accepted in this turn. */
  readonly started: number;
  /** sessions_spawn was offered to the agent. */
  readonly maySpawn: boolean;
}

/** The agent chose to say nothing. */
export function isSilent(result: TurnResult): boolean {
  return result.outcome.kind === 'success' && isNoReply(result.answers.at(-1) ?? '');
}

export function replies(result: TurnResult, spawns: SpawnFactsOfTurn): readonly Reply[] {
  const notices = result.notices.map((text): Reply => ({ kind: 'note', text: `ℹ️ ${text}` }));
  return [...answers(result), ...notices, ...claims(result, spawns)];
}

function answers(result: TurnResult): readonly Reply[] {
  const asked = result.items.some((item) => item.kind === 'message');
  const { outcome } = result;
  switch (outcome.kind) {
    case 'success':
      if (isSilent(result)) return [];
      if (result.answers.length > 0) return result.answers.map((text) => ({ kind: 'answer', text }));
      if (!asked) return [];
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
    case 'timeout':
      if (!asked) return [];
      return [
        {
          kind: 'note',
          text: `⚠️ stopped after a long silence (agents.defaults.stall.abortSeconds).${outcome.partial === undefined ? '' : ` So far:\n\n${outcome.partial}`}`,
        },
      ];
    case 'stopped':
      return [];
    default:
      return assertNever(outcome);
  }
}

/** An agent that only talks about starting sub-agents is corrected by what happened. */
function claims(result: TurnResult, spawns: SpawnFactsOfTurn): readonly Reply[] {
  if (result.outcome.kind !== 'success' || spawns.started > 0) return [];
  // An agent that reports on runs started earlier says so rightly.
  if (!result.items.some((item) => item.kind === 'message')) return [];
  const claim = spawnClaim(result.answers.join('\n\n'));
  if (claim === 'claims-started') return [{ kind: 'note', text: 'ℹ️ no sub-agent was started in this turn.' }];
  if (claim === 'claims-forbidden' && spawns.maySpawn) {
    return [
      { kind: 'note', text: 'ℹ️ sub-agents are allowed here, the model declined. Try /new, or a stronger model.' },
    ];
  }
  return [];
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
