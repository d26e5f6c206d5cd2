// One model call with its retries: streams text, returns what the model wants next. Called by ask-model.ts
// and, to try a model out, by cli/setup/probe-model.ts.
import type { ModelMessage, ToolSet } from 'ai';
import type { AssistantPart, TurnEvent } from '../core/agent.ts';
import type { Clock } from '../infra/clock.ts';
import type { Ids } from '../infra/ids.ts';
import { cutStream, failureText, type ModelFailure, type ModelPlace, readFailure } from './model-errors.ts';
import type { Model, Reasoning } from './model-types.ts';
import type { CallTokens } from './pricing.ts';
import type { RateLimit } from './rate.ts';
import { loadSdk } from './sdk.ts';
import type { ModelCall } from './tool-calls.ts';

/** A model ready to be called, see models.ts. */
export interface OpenedModel extends ModelPlace {
  readonly ref: string;
  readonly model: Model;
  readonly reasoning: Reasoning | undefined;
  readonly limit: RateLimit;
}

export interface ModelRequest {
  readonly system: string;
  readonly messages: ModelMessage[];
  readonly tools: ToolSet;
}

export type ModelReply =
  | {
      readonly kind: 'done';
      readonly parts: readonly AssistantPart[];
      readonly calls: readonly ModelCall[];
      readonly tokens: CallTokens | undefined;
      readonly finish: string;
    }
  | { readonly kind: 'failed'; readonly code: ModelFailure['code']; readonly message: string }
  /** `text`: what was said before the abort. */
  | { readonly kind: 'aborted'; readonly text: string };

export interface CallDeps {
  readonly clock: Clock;
  readonly ids: Ids;
}

const usualRetries = 3;
const firstBackoffMs = 1000;
/** A server that asks for more than this is treated as down: the person should know now. */
const longestWaitMs = 600_000;
/** The server does something, though there is no text yet: thinking, writing arguments, asking to wait. */
const alive: TurnEvent = { type: 'text', delta: '' };

/**
 * Steps: 1 wait for a place under the provider's limit, 2 stream, 3 on a passing fault wait and start over.
 * Text of a failed attempt is discarded: deltas are progress, only the returned parts count. Never throws.
 */
export async function* callModel(
  deps: CallDeps,
  opened: OpenedModel,
  request: ModelRequest & { readonly signal: AbortSignal; readonly retries?: number },
): AsyncGenerator<TurnEvent, ModelReply> {
  const { signal, retries = usualRetries } = request;
  for (let attempt = 1; ; attempt += 1) {
    const draft: Draft = { parts: [], calls: [], tokens: undefined, finish: 'other', raw: undefined };
    await opened.limit.take(signal);
    const fault = signal.aborted ? undefined : yield* streamInto(draft, opened, request);
    if (signal.aborted) return { kind: 'aborted', text: textOf(draft.parts) };
    if (fault === undefined) return { kind: 'done', ...draft };
    const failure = readFailure(fault.error, deps.clock.now());
    const waitMs = failure.retryAfterMs ?? backoffMs(attempt, deps.ids);
    if (!failure.retryable || attempt > retries || waitMs > longestWaitMs)
      return { kind: 'failed', code: failure.code, message: failureText(failure, opened, attempt) };
    yield alive;
    await deps.clock.sleep(waitMs, signal);
  }
}

/** 1, 2, 4 s, each up to a quarter longer so that parallel runs do not return together. */
function backoffMs(attempt: number, ids: Ids): number {
  return firstBackoffMs * 2 ** (attempt - 1) * (1 + ids.random() / 4);
}

interface Draft {
  readonly parts: AssistantPart[];
  readonly calls: ModelCall[];
  tokens: CallTokens | undefined;
  finish: string;
  raw: string | undefined;
}

type Fault = { readonly error: unknown } | undefined;

async function* streamInto(
  draft: Draft,
  opened: OpenedModel,
  request: ModelRequest & { readonly signal: AbortSignal },
): AsyncGenerator<TurnEvent, Fault> {
  const { streamText } = await loadSdk();
  let fault: Fault;
  try {
    const result = streamText({
      model: opened.model,
      instructions: request.system,
      messages: request.messages,
      tools: request.tools,
      abortSignal: request.signal,
      maxRetries: 0,
      ...(opened.reasoning === undefined ? {} : { reasoning: opened.reasoning }),
      // Without a handler the SDK prints errors; they also come as parts of the stream.
      onError: ({ error }) => {
        fault ??= { error };
      },
    });
    for await (const part of result.stream) {
      if (part.type === 'error') fault ??= { error: part.error };
      else if (part.type === 'text-delta') {
        addText(draft, part.text);
        if (part.text !== '') yield { type: 'text', delta: part.text };
      } else {
        if (signsOfLife.has(part.type)) yield alive;
        take(draft, part);
      }
    }
    if (fault === undefined && isCut(draft)) fault = { error: cutStream() };
  } catch (error) {
    fault ??= { error };
  }
  return fault;
}

const signsOfLife = new Set([
  'start-step',
  'reasoning-start',
  'reasoning-delta',
  'tool-input-start',
  'tool-input-delta',
]);

/** A clean end always has a reason; some compatible servers give none, which counts if there is an answer. */
function isCut(draft: Draft): boolean {
  if (draft.finish === 'interrupted') return true;
  return draft.finish === 'other' && draft.raw === undefined && draft.parts.length === 0;
}

type StreamPart =
  Awaited<ReturnType<typeof import('ai')['streamText']>>['stream'] extends AsyncIterable<infer Part> ? Part : never;

function take(draft: Draft, part: StreamPart): void {
  switch (part.type) {
    case 'reasoning-start':
      draft.parts.push({ type: 'thinking', text: '', ...signed(part.providerMetadata) });
      return;
    case 'reasoning-delta':
    case 'reasoning-end':
      addThinking(draft, part.type === 'reasoning-delta' ? part.text : '', part.providerMetadata);
      return;
    case 'tool-call':
      draft.parts.push({
        type: 'call',
        id: part.toolCallId,
        name: part.toolName,
        input: part.input,
        ...signed(part.providerMetadata),
      });
      draft.calls.push({ id: part.toolCallId, name: part.toolName, input: part.input, ...unreadable(part.input) });
      return;
    case 'finish-step':
      draft.finish = part.finishReason;
      draft.raw = part.rawFinishReason;
      draft.tokens = tokensOf(part.usage);
      return;
    default:
      return;
  }
}

/** Arguments that could not be parsed arrive as the raw text: our tools all take objects. */
function unreadable(input: unknown): { unreadable?: string } {
  if (typeof input !== 'string') return {};
  try {
    JSON.parse(input);
    return { unreadable: 'a text instead of an object' };
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : 'not JSON' };
  }
}

function addText(draft: Draft, text: string): void {
  const last = draft.parts.at(-1);
  if (last?.type === 'text') draft.parts[draft.parts.length - 1] = { type: 'text', text: last.text + text };
  else if (text !== '') draft.parts.push({ type: 'text', text });
}

function addThinking(draft: Draft, text: string, metadata: unknown): void {
  const index = draft.parts.findLastIndex((part) => part.type === 'thinking');
  const part = draft.parts[index];
  if (part?.type === 'thinking') draft.parts[index] = { ...part, text: part.text + text, ...signed(metadata) };
}

function signed(metadata: unknown): { providerOptions?: unknown } {
  return metadata === undefined ? {} : { providerOptions: metadata };
}

function tokensOf(usage: Extract<StreamPart, { type: 'finish-step' }>['usage']): CallTokens | undefined {
  if (usage.inputTokens === undefined && usage.outputTokens === undefined) return undefined;
  return {
    input: usage.inputTokens ?? 0,
    output: usage.outputTokens ?? 0,
    cacheRead: usage.inputTokenDetails.cacheReadTokens,
    cacheWrite: usage.inputTokenDetails.cacheWriteTokens,
  };
}

function textOf(parts: readonly AssistantPart[]): string {
  return parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
}
