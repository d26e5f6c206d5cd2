// What the turn engine tells the rooms around it.
// Implemented in turn-hooks.ts and turn-end.ts of src/runs, wired in src/wiring/turns.ts.
import type { AgentRuntime, AssistantPart, Entry, TurnEvent } from '../core/agent.ts';
import type { Outcome } from '../core/run.ts';
import type { Session, SessionKey, ThinkingLevel, Usage } from '../core/session.ts';
import type { Tool, ToolOutput } from '../core/tool.ts';
import type { LaneName } from '../lanes/job.ts';
import type { MailItem } from './mailbox.ts';

/** Why a turn was aborted; decides its outcome. */
export type AbortCause =
  | 'user'
  | 'cascade'
  | 'budget'
  | 'shutdown'
  | 'interrupt'
  | 'timeout'
  | 'stalled'
  | 'start_timeout'
  | 'handoff';

/** A tool call whose result no transcript holds. */
export type CutCall = Extract<AssistantPart, { type: 'call' }>;

/** A turn that holds its slots. */
export interface ActiveTurn {
  readonly id: string;
  readonly session: SessionKey;
  readonly lane: LaneName;
  readonly tree: string;
  /** What it took in so far, injected messages included. */
  readonly items: readonly MailItem[];
  readonly startedAt: number;
  readonly lastEventAt: number;
  /** Any event came from the runtime. */
  readonly heard: boolean;
  /** Questions people are asked now. */
  readonly asking: number;
  /** What was said in the model call under way. */
  readonly partial: string;
  /** Tokens and cost of its model calls so far. */
  readonly usage: Usage;
  readonly cause: AbortCause | undefined;
  /** Resolves when the turn has been settled. */
  readonly ended: Promise<void>;
}

export interface TurnResult {
  readonly id: string;
  readonly session: Session;
  readonly tree: string;
  /** Everything it took in, in order. */
  readonly items: readonly MailItem[];
  readonly outcome: Outcome;
  /** Ended to wait for children. */
  readonly yielded: boolean;
  readonly cause: AbortCause | undefined;
  /** Texts for whoever asked, in order: one per message answered. */
  readonly answers: readonly string[];
  readonly entries: readonly Entry[];
  /** What was written by the turns, cut off by restarts, that it goes on with: their work is part of its own. */
  readonly cut: readonly Entry[];
  /** Sentences a person should see beside the answer. */
  readonly notices: readonly string[];
  readonly usage: Usage;
  readonly startedAt: number;
  readonly endedAt: number;
}

/** What a turn of a session needs: gathered anew for every turn, so that config changes hold from the next turn on. */
export interface Profile {
  readonly runtime: AgentRuntime;
  readonly system: string;
  readonly model: string;
  readonly thinking: ThinkingLevel;
  readonly contextTokens: number;
  readonly tools: readonly Tool[];
}

/** How an item ended: in a turn that was settled, or without one. */
export type ItemEnd =
  | { readonly kind: 'turn'; readonly result: TurnResult }
  | { readonly kind: 'dropped'; readonly why: 'stopped' | 'cap' | 'draining' | 'gone' | 'passed_on' };

export interface TurnHooks {
  /**
   * A turn took its first items; called before its first model call. Resolves with the id of the first turn it goes on
   * with, where a restart cut that off.
   */
  readonly started: (turn: ActiveTurn) => Promise<string | undefined>;
  /** What a call that a restart cut off is known to have come to, as its tool would have answered; undefined: nobody knows. */
  readonly recall: (turn: string, call: CutCall) => ToolOutput | undefined;
  /** Any sign of life. Must be cheap. */
  readonly alive: (turn: ActiveTurn) => void;
  /** Records what the turn brought. Runs inside the session slot, so turns of a session settle in order. Exactly once per turn. */
  readonly settle: (result: TurnResult) => Promise<void>;
  /** Why no further model call may be made. */
  readonly refuseCall: (turn: ActiveTurn) => Promise<{ readonly code: string; readonly message: string } | undefined>;
  readonly spend: (turn: ActiveTurn, session: Session, usage: Usage) => Promise<void>;
  /** Items no turn will take, because too many waited (`cap`) or the session is gone: to be recorded, and a person told. */
  readonly dropped: (session: SessionKey, items: readonly MailItem[], why: 'cap' | 'gone') => void;
  /** Silent for too long: `warn` asks the person once. */
  readonly stalled: (turn: ActiveTurn, silentMs: number) => void;
}

/** What a person sees while work goes on; best effort. */
export interface TurnSigns {
  /** Accepted and not started yet: typing begins. */
  readonly queued: (items: readonly MailItem[]) => void;
  /** Taken up by a turn, or dropped. */
  readonly taken: (items: readonly MailItem[]) => void;
  readonly begin: (turn: ActiveTurn) => void;
  readonly tool: (
    turn: ActiveTurn,
    event: Pick<Extract<TurnEvent, { type: 'tool' }>, 'name' | 'callId' | 'phase'>,
  ) => void;
  /** @param succeeded what was asked for is done */
  readonly end: (turn: ActiveTurn, succeeded: boolean) => void;
}
