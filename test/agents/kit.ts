// What the tests of the agent loop share: a session, a prompt, a tool, and a way to collect a turn.
import { z } from 'zod';
import type { AgentRuntime, Entry, Injection, TurnEvent, TurnPrompt } from '../../src/core/agent.ts';
import type { Outcome } from '../../src/core/run.ts';
import { noUsage, type Session } from '../../src/core/session.ts';
import type { Tool, ToolContext, ToolOutput } from '../../src/core/tool.ts';

export function aSession(over: Partial<Session> = {}): Session {
  return {
    ...{ key: 'agent:main:main', id: 'session-1', kind: 'chat', agentId: 'main', depth: 0, role: 'main' },
    ...{ controlScope: 'agent:main:main', ownerOnly: true, turns: 0, usage: noUsage, createdAt: 0, updatedAt: 0 },
    ...over,
  };
}

export const userEntry = (text: string, turn = 'turn-1'): Entry => ({ type: 'user', at: 0, turn, text });

export interface PromptOptions extends Partial<TurnPrompt> {
  /** What each boundary finds, in order; nothing after that. */
  readonly injections?: readonly (readonly Injection[])[];
}

export function aPrompt(text: string, options: PromptOptions = {}): TurnPrompt {
  const { injections, ...over } = options;
  const waiting = [...(injections ?? [])];
  return {
    ...{ id: 'turn-1', history: [userEntry(text)], system: 'You are a test.', model: 'openai/test', thinking: 'off' },
    ...{ contextTokens: 100_000, maxSteps: 50 },
    takeInjections: () => waiting.shift() ?? [],
    beforeCall: async () => undefined,
    ...over,
  };
}

export const injected = (text: string, id = text): Injection => ({ id, kind: 'user', text });

export function aTool(
  name: string,
  run: (input: unknown, context: ToolContext) => Promise<ToolOutput> = async (input) => ({
    text: `did ${JSON.stringify(input)}`,
  }),
): Tool {
  const schema = z.object({ what: z.string(), times: z.number().optional() });
  return {
    name,
    group: 'read',
    description: `does ${name}`,
    parameters: { kind: 'zod', schema },
    example: { what: 'x' },
    run,
  };
}

export interface Played {
  readonly events: readonly TurnEvent[];
  readonly entries: readonly Entry[];
  readonly outcome: Outcome;
  readonly yielded: boolean;
  readonly text: string;
}

/** Runs a turn to its end and checks what always holds: one `settled`, last, and no tool call without an answer. */
export async function playTurn(
  runtime: AgentRuntime,
  prompt: TurnPrompt,
  use: {
    readonly tools?: readonly Tool[];
    readonly signal?: AbortSignal;
    readonly session?: Session;
    readonly onEvent?: (event: TurnEvent) => void;
  } = {},
): Promise<Played> {
  const events: TurnEvent[] = [];
  const signal = use.signal ?? new AbortController().signal;
  for await (const event of runtime.turn(use.session ?? aSession(), prompt, use.tools ?? [], signal)) {
    events.push(event);
    use.onEvent?.(event);
  }
  const last = events.at(-1);
  if (last?.type !== 'settled') throw new Error(`the last event is ${last?.type}, not settled`);
  if (events.filter((event) => event.type === 'settled').length !== 1) throw new Error('settled more than once');
  const entries = events.flatMap((event) => (event.type === 'entry' ? [event.entry] : []));
  const dangling = danglingCalls(entries);
  if (dangling.length > 0) throw new Error(`unanswered calls: ${dangling.join(', ')}`);
  const text = events.flatMap((event) => (event.type === 'text' ? [event.delta] : [])).join('');
  return { events, entries, outcome: last.outcome, yielded: last.yielded === true, text };
}

function danglingCalls(entries: readonly Entry[]): string[] {
  const answered = new Set(entries.flatMap((entry) => (entry.type === 'tool' ? [entry.callId] : [])));
  return entries.flatMap((entry) =>
    entry.type === 'assistant'
      ? entry.parts.flatMap((part) => (part.type === 'call' && !answered.has(part.id) ? [part.id] : []))
      : [],
  );
}

export const toolEntries = (entries: readonly Entry[]) =>
  entries.flatMap((entry) => (entry.type === 'tool' ? [entry] : []));
