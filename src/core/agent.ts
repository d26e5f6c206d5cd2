// What runs a turn: the native loop and ACP harnesses implement AgentRuntime and pass one contract suite.
import type { Attachment } from './message.ts';
import type { Outcome } from './run.ts';
import type { Session, SessionKey, ThinkingLevel, Usage } from './session.ts';
import type { Tool } from './tool.ts';

/** One entry of a transcript: append-only, JSONL, byte-exact. `turn` groups what one turn wrote. */
export type Entry =
  | {
      readonly type: 'user';
      readonly at: number;
      readonly turn: string;
      readonly text: string;
      readonly from?: string;
      readonly attachments?: readonly Attachment[];
    }
  | {
      readonly type: 'assistant';
      readonly at: number;
      readonly turn: string;
      readonly parts: readonly AssistantPart[];
      readonly model?: string;
    }
  | {
      readonly type: 'tool';
      readonly at: number;
      readonly turn: string;
      readonly callId: string;
      readonly name: string;
      readonly output: string;
      readonly failed: boolean;
    }
  /** Written by the runtime for the agent's eyes (a completion, a resume note); a user message in the prompt. */
  | { readonly type: 'note'; readonly at: number; readonly turn: string; readonly text: string };

export type AssistantPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly text: string; readonly providerOptions?: unknown }
  | {
      readonly type: 'call';
      readonly id: string;
      readonly name: string;
      readonly input: unknown;
      readonly providerOptions?: unknown;
    };

/** A message injected into a running turn at the next boundary. */
export interface Injection {
  readonly id: string;
  readonly kind: 'user' | 'note';
  readonly text: string;
  readonly from?: string | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
}

export interface TurnPrompt {
  /** uuid of this turn. */
  readonly id: string;
  /** Everything so far, the turn's own new messages last. */
  readonly history: readonly Entry[];
  readonly system: string;
  /** `provider/model`. */
  readonly model: string;
  readonly thinking: ThinkingLevel;
  /** Prompt size limit in tokens; the oldest turns leave the prompt above it. */
  readonly contextTokens: number;
  readonly maxSteps: number;
  /** A restart cut off the turn before, and this one goes on with it: work that is not in memory any more is not begun anew. */
  readonly resumed?: boolean;
  /** Called at every boundary (between two model calls, after a tool call): messages to take in now, in order. */
  readonly takeInjections: () => readonly Injection[];
  /** Called before every model call; a refusal ends the turn with that error (budgets). */
  readonly beforeCall: () => Promise<{ readonly code: string; readonly message: string } | undefined>;
}

export type TurnEvent =
  | { readonly type: 'text'; readonly delta: string }
  /** An entry to append to the transcript; emitted when complete, in order. */
  | { readonly type: 'entry'; readonly entry: Entry }
  | {
      readonly type: 'tool';
      readonly name: string;
      readonly callId: string;
      readonly phase: 'start' | 'end';
      readonly failed?: boolean;
    }
  /** Usage of one model call. */
  | { readonly type: 'usage'; readonly usage: Usage; readonly model: string }
  /** Something a person should see that is not the agent's own text (a model note, a third malformed call). */
  | { readonly type: 'notice'; readonly text: string }
  /** Always the last event. `yielded`: the agent ended its turn to wait for children. */
  | { readonly type: 'settled'; readonly outcome: Outcome; readonly yielded?: boolean };

export interface AgentRuntime {
  readonly kind: 'native' | 'acp';
  /** Never throws; the last event is always `settled`, also after an abort. */
  turn(session: Session, prompt: TurnPrompt, tools: readonly Tool[], signal: AbortSignal): AsyncIterable<TurnEvent>;
  /** Pushes into a turn that cannot pull. The native loop answers `unsupported`: it pulls by `takeInjections`. */
  steer(session: SessionKey, text: string): Promise<'injected' | 'no-turn' | 'unsupported'>;
}
