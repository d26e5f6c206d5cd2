// The vocabulary of scripted turns: what a script may do, step by step. Used with scripted-runtime.ts.
import type { Entry, Injection, TurnPrompt } from '../../src/core/agent.ts';
import type { Session, Usage } from '../../src/core/session.ts';
import type { Tool, ToolOutput } from '../../src/core/tool.ts';
import type { Clock } from '../../src/infra/clock.ts';

export type ScriptStep =
  | { readonly do: 'say'; readonly text: string }
  | { readonly do: 'call'; readonly tool: string; readonly input: unknown }
  /** Of these tools, in one step and without arguments. */
  | { readonly do: 'calls'; readonly tools: readonly string[] }
  | { readonly do: 'wait'; readonly ms: number }
  /** `deaf`: does not even react to an abort (a wedged turn). */
  | { readonly do: 'hang'; readonly deaf: boolean }
  | { readonly do: 'fail'; readonly code: string; readonly message: string }
  | { readonly do: 'notice'; readonly text: string }
  | { readonly do: 'usage'; readonly usage: Usage }
  /** A boundary without a tool call: takes injections in now. */
  | { readonly do: 'boundary' };

export const say = (text: string): ScriptStep => ({ do: 'say', text });
export const call = (tool: string, input: unknown = {}): ScriptStep => ({ do: 'call', tool, input });
export const calls = (...tools: readonly string[]): ScriptStep => ({ do: 'calls', tools });
export const wait = (ms: number): ScriptStep => ({ do: 'wait', ms });
export const hang = (how: { readonly deaf: boolean } = { deaf: false }): ScriptStep => ({ do: 'hang', deaf: how.deaf });
export const fail = (message = 'scripted failure', code = 'model_error'): ScriptStep => ({ do: 'fail', code, message });
export const notice = (text: string): ScriptStep => ({ do: 'notice', text });
export const spend = (input: number, output: number, costUsd: number | null = 0): ScriptStep => ({
  do: 'usage',
  usage: { input, output, costUsd, context: input, reported: true },
});
export const boundary = (): ScriptStep => ({ do: 'boundary' });

export interface ScriptContext {
  readonly session: Session;
  readonly prompt: TurnPrompt;
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The prompt's history plus everything this turn added so far. */
  readonly history: readonly Entry[];
  /** Text of the newest user or note entry. */
  readonly text: string;
  /** 0 for the session's first turn. */
  readonly turn: number;
  /** 0 first; grows each time injections pending at the end make the script run again within the turn. */
  readonly round: number;
  /** Everything injected into this turn so far. */
  readonly injected: readonly Injection[];
}

/** What a generator script gets back from `yield call(...)`; undefined for other steps. */
export type ScriptAnswer = ToolOutput | undefined;
export type ScriptGenerator = AsyncGenerator<ScriptStep, void, ScriptAnswer>;
export type Steps = string | readonly ScriptStep[];
/** A plain string is one `say`. */
export type Script = Steps | ((context: ScriptContext) => Steps | Promise<Steps> | ScriptGenerator);
