// The native agent loop: model call, tool calls, again, until the model is done.
// Made by src/wiring/models.ts; turns call it as an AgentRuntime.
import type { AgentRuntime, AssistantPart, Entry, Injection, TurnEvent, TurnPrompt } from '../core/agent.ts';
import { assertNever, type Refusal, type Result, refusalText } from '../core/result.ts';
import type { Outcome } from '../core/run.ts';
import type { Session, ThinkingLevel, Usage } from '../core/session.ts';
import type { Tool } from '../core/tool.ts';
import { askModel, type Blind } from './ask-model.ts';
import type { CallDeps, ModelReply, OpenedModel } from './model-call.ts';
import type { ImageReader } from './model-request.ts';
import type { CallTokens, Pricing } from './pricing.ts';
import { stoppedNote } from './prompt.ts';
import { abortedOutput, type CheckedCall, checkCall, type ModelCall, runCall } from './tool-calls.ts';

export interface NativeDeps extends CallDeps {
  readonly models: {
    open(
      ref: string,
      use: { readonly agentId: string; readonly thinking: ThinkingLevel },
    ): Promise<Result<OpenedModel>>;
  };
  readonly price: Pricing;
  /** What a session tool that policy removed is answered with (REF-2); undefined for a name nobody knows. */
  readonly missingTool: (name: string, session: Session) => string | undefined;
  /** Told of every call whose arguments do not fit. */
  readonly malformed?: (tool: string, faults: readonly string[], session: Session) => void;
  /** Reads a stored picture for the model; absent: attachments are only named. */
  readonly readImage?: ImageReader;
}

type Settled = Omit<Extract<TurnEvent, { type: 'settled' }>, 'type'>;
type DoneReply = Extract<ModelReply, { kind: 'done' }>;

interface Work {
  readonly deps: NativeDeps;
  readonly session: Session;
  readonly prompt: TurnPrompt;
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
  readonly history: Entry[];
  readonly images: Map<string, Uint8Array>;
  readonly blind: Blind;
  /** Ids of the calls of this turn: providers may repeat them, idempotency keys must not. */
  readonly callIds: Set<string>;
  /** Texts of steps that ended without a tool call: each was an answer. */
  readonly answers: string[];
  lastText: string;
  malformedInRow: number;
}

/** Answered to calls of a step that had not started when a message came in (RT-4). */
export const skippedText = 'skipped: new message';
const tellAfterMalformed = 3;

export function nativeRuntime(deps: NativeDeps): AgentRuntime {
  const blind: Blind = { models: new Map(), pictures: new Set() };
  return {
    kind: 'native',
    async *turn(session, prompt, tools, signal) {
      const abandoned = new AbortController();
      const work: Work = {
        ...{ deps, session, prompt, tools, blind },
        signal: AbortSignal.any([signal, abandoned.signal]),
        ...{
          history: [...prompt.history],
          images: new Map(),
          callIds: new Set(),
          answers: [],
          lastText: '',
          malformedInRow: 0,
        },
      };
      let end: Settled | undefined;
      try {
        end = yield* playGuarded(work, signal);
      } finally {
        // The consumer walked away: nothing may go on running for it.
        if (end === undefined) abandoned.abort();
      }
      yield { type: 'settled', ...end };
    },
    steer: async () => 'unsupported',
  };
}

async function* playGuarded(work: Work, signal: AbortSignal): AsyncGenerator<TurnEvent, Settled> {
  try {
    const end = yield* play(work);
    if (!signal.aborted) return end;
    if (byPerson.has(signal.reason)) yield keepNote(work, stoppedNote);
    return { outcome: { kind: 'stopped', by: stopper(signal.reason) } };
  } catch (error) {
    const message = `The turn failed inside Switchyard: ${error instanceof Error ? error.message : String(error)}.`;
    return { outcome: { kind: 'error', code: 'internal_error', message } };
  }
}

/** Steps: 1 take in what arrived, 2 ask the budget, 3 call the model, 4 run its calls. Ends as the header of agent.ts says. */
async function* play(work: Work): AsyncGenerator<TurnEvent, Settled> {
  const { deps, prompt, session } = work;
  const opened = await deps.models.open(prompt.model, { agentId: session.agentId, thinking: prompt.thinking });
  if (!opened.ok) return failed(opened.refusal.code, refusalText(opened.refusal));
  for (let step = 0; step < prompt.maxSteps; step += 1) {
    yield* takeIn(work, prompt.takeInjections());
    const refusal = await prompt.beforeCall();
    if (refusal !== undefined) return failed(refusal.code, refusal.message);
    const reply = yield* askModel(work, opened.value);
    switch (reply.kind) {
      case 'failed':
        return failed(reply.code, reply.message);
      case 'aborted':
        if (reply.text !== '') yield keepAssistant(work, [{ type: 'text', text: reply.text }]);
        return stopped;
      case 'done': {
        const end = yield* afterReply(work, withOwnIds(reply, work.callIds));
        if (end !== undefined) return end;
        break;
      }
      default:
        assertNever(reply);
    }
  }
  return failed(
    'max_steps',
    `The agent used all ${prompt.maxSteps} model calls of one turn without finishing. Send a message to let it go on.`,
  );
}

/** @returns the end of the turn, or undefined when another model call follows. */
async function* afterReply(work: Work, reply: DoneReply): AsyncGenerator<TurnEvent, Settled | undefined> {
  if (reply.parts.length > 0) yield keepAssistant(work, reply.parts);
  yield { type: 'usage', usage: await usageOf(work, reply.tokens), model: work.prompt.model };
  const text = textOf(reply.parts);
  if (text !== '') work.lastText = text;
  if (reply.calls.length > 0) {
    const yielded = yield* runCalls(work, reply.calls);
    if (work.signal.aborted) return stopped;
    if (yielded && text !== '') work.answers.push(text);
    return yielded ? { outcome: success(work), yielded: true } : undefined;
  }
  if (text !== '') work.answers.push(text);
  else if (reply.finish === 'content-filter')
    return failed('model_refused', 'The provider’s content filter stopped the answer. Rephrase the request.');
  const late = work.prompt.takeInjections();
  yield* takeIn(work, late);
  return late.length > 0 ? undefined : { outcome: success(work) };
}

/** Answers every call of the step, in order. @returns whether one of them ended the turn to wait for children. */
async function* runCalls(work: Work, calls: readonly ModelCall[]): AsyncGenerator<TurnEvent, boolean> {
  let yielded = false;
  let injected: readonly Injection[] = [];
  for (const call of calls) {
    if (work.signal.aborted) yield keepAnswer(work, call, abortedOutput);
    else if (injected.length > 0) yield keepAnswer(work, call, { text: skippedText, failed: true });
    else {
      yielded = (yield* runOne(work, call)) || yielded;
      // A turn that yields ends here; what arrived meanwhile wakes it as the next turn.
      if (!yielded && !work.signal.aborted) injected = work.prompt.takeInjections();
    }
  }
  yield* takeIn(work, injected);
  return yielded;
}

async function* runOne(work: Work, call: ModelCall): AsyncGenerator<TurnEvent, boolean> {
  const checked = checkCall(call, work.tools, (name) => work.deps.missingTool(name, work.session));
  yield* countMalformed(work, call, checked);
  if (checked.kind !== 'run') {
    yield keepAnswer(work, call, checked.output);
    return false;
  }
  yield { type: 'tool', name: call.name, callId: call.id, phase: 'start' };
  const context = { session: work.session, turn: work.prompt.id, callId: call.id, signal: work.signal };
  const output = await runCall(checked.tool, checked.input, context);
  yield { type: 'tool', name: call.name, callId: call.id, phase: 'end', failed: output.failed === true };
  yield keepAnswer(work, call, output);
  return output.yields === true;
}

async function* countMalformed(work: Work, call: ModelCall, checked: CheckedCall): AsyncGenerator<TurnEvent> {
  if (checked.kind === 'malformed') work.deps.malformed?.(call.name, checked.faults, work.session);
  work.malformedInRow = checked.kind === 'malformed' ? work.malformedInRow + 1 : 0;
  if (checked.kind !== 'malformed' || work.malformedInRow !== tellAfterMalformed) return;
  const fault = `${call.name}: ${checked.faults.join('; ')}`;
  yield {
    type: 'notice',
    text: `The model sent malformed tool calls ${tellAfterMalformed} times in a row (schema validation error, ${fault}). Try /new, or a stronger model.`,
  };
}

async function* takeIn(work: Work, injections: readonly Injection[]): AsyncGenerator<TurnEvent> {
  for (const injection of injections) {
    const base = { at: work.deps.clock.now(), turn: work.prompt.id, text: injection.text };
    if (injection.kind === 'note') yield keepNote(work, injection.text);
    else {
      const { from, attachments } = injection;
      yield keep(work, {
        ...{ type: 'user' as const, ...base },
        ...(from === undefined ? {} : { from }),
        ...(attachments === undefined ? {} : { attachments }),
      });
    }
  }
}

function keepNote(work: Work, text: string): TurnEvent {
  return keep(work, { type: 'note', at: work.deps.clock.now(), turn: work.prompt.id, text });
}

function keepAnswer(
  work: Work,
  call: ModelCall,
  output: { readonly text: string; readonly failed?: boolean },
): TurnEvent {
  const at = work.deps.clock.now();
  const failed = output.failed === true;
  return keep(work, {
    type: 'tool',
    at,
    turn: work.prompt.id,
    callId: call.id,
    name: call.name,
    output: output.text,
    failed,
  });
}

function keepAssistant(work: Work, parts: readonly AssistantPart[]): TurnEvent {
  return keep(work, {
    type: 'assistant',
    at: work.deps.clock.now(),
    turn: work.prompt.id,
    parts,
    model: work.prompt.model,
  });
}

function keep(work: Work, entry: Entry): TurnEvent {
  work.history.push(entry);
  return { type: 'entry', entry };
}

function withOwnIds(reply: DoneReply, seen: Set<string>): DoneReply {
  const ids = reply.calls.map((call) => ownId(call.id, seen));
  let next = 0;
  const parts = reply.parts.map((part) => (part.type === 'call' ? { ...part, id: ids[next++] ?? part.id } : part));
  return { ...reply, parts, calls: reply.calls.map((call, index) => ({ ...call, id: ids[index] ?? call.id })) };
}

function ownId(id: string, seen: Set<string>): string {
  const base = id === '' ? 'call' : id;
  let own = base;
  for (let n = 2; seen.has(own); n += 1) own = `${base}-${n}`;
  seen.add(own);
  return own;
}

async function usageOf(work: Work, tokens: CallTokens | undefined): Promise<Usage> {
  if (tokens === undefined) return { input: 0, output: 0, costUsd: null, context: 0, reported: false };
  const costUsd = await work.deps.price(work.prompt.model, tokens);
  return { input: tokens.input, output: tokens.output, costUsd, context: tokens.input, reported: true };
}

const stopped: Settled = { outcome: { kind: 'stopped', by: 'user' } };

function failed(code: Refusal['code'], message: string): Settled {
  return { outcome: { kind: 'error', code, message } };
}

const silentTokens = new Set(['no_reply', 'announce_skip']);

/**
 * In a chat every answer of the turn counts: one may have been given just before a message came in. A run's result is its
 * last text only.
 */
function success(work: Work): Outcome {
  const last = work.answers.at(-1) ?? work.lastText;
  if (work.session.kind !== 'chat') return { kind: 'success', text: last };
  const spoken = work.answers.filter((text) => !silentTokens.has(text.trim().toLowerCase()));
  return { kind: 'success', text: spoken.length > 0 ? spoken.join('\n\n') : last };
}

/** Reasons of an abort that mean: this is not wanted any more. After others the work goes on later or was given up. */
const byPerson: ReadonlySet<unknown> = new Set(['user', 'interrupt']);

function stopper(reason: unknown): Extract<Outcome, { kind: 'stopped' }>['by'] {
  return (['cascade', 'budget', 'shutdown'] as const).find((word) => word === reason) ?? 'user';
}

function textOf(parts: readonly AssistantPart[]): string {
  return parts
    .map((part) => (part.type === 'text' ? part.text : ''))
    .join('')
    .trim();
}
