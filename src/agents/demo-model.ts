// The model used when nothing else is there: a deterministic script behind the AI SDK's model interface, no AI. It calls
// real tools and really spawns, so the whole machinery can be tried without a key. Opened by models.ts as `demo/demo`.
import type { Clock } from '../infra/clock.ts';
import { estimateTokens } from './context.ts';
import { answer, type DemoStep } from './demo-answer.ts';
import { readRequest } from './demo-conversation.ts';
import type { Model, ModelCallOptions, ModelStream, ModelStreamPart } from './model-types.ts';

/** A silent model looks stalled; a slow one thinks aloud this often. */
const heartbeatMs = 30_000;

export function demoModel(deps: { readonly clock: Clock }): Model {
  return {
    specificationVersion: 'v4',
    provider: 'demo',
    modelId: 'demo',
    supportedUrls: {},
    async doGenerate(): Promise<never> {
      throw new Error('the demo model only streams');
    },
    doStream: async (options) => ({ stream: streamOf(play(options, deps.clock)) }),
  };
}

async function* play(options: ModelCallOptions, clock: Clock): AsyncGenerator<ModelStreamPart> {
  yield { type: 'stream-start', warnings: [] };
  const step = answer(readRequest(options.prompt));
  if (step.waitMs > 0) yield* think(step.waitMs, clock, options.abortSignal);
  options.abortSignal?.throwIfAborted();
  if (step.failure !== undefined) {
    yield { type: 'error', error: new Error(step.failure) };
    return;
  }
  if (step.text !== '') yield* speak(step.text);
  for (const [index, call] of step.calls.entries()) {
    const input = JSON.stringify(call.input);
    yield { type: 'tool-call', toolCallId: `demo-${index + 1}`, toolName: call.name, input };
  }
  yield finish(options, step);
}

/** Waits without blocking; an abort ends the wait at once. */
async function* think(ms: number, clock: Clock, signal: AbortSignal | undefined): AsyncGenerator<ModelStreamPart> {
  yield { type: 'reasoning-start', id: 'wait' };
  for (let left = ms; left > 0 && signal?.aborted !== true; left -= heartbeatMs) {
    yield { type: 'reasoning-delta', id: 'wait', delta: 'waiting. ' };
    await clock.sleep(Math.min(left, heartbeatMs), signal);
  }
  yield { type: 'reasoning-end', id: 'wait' };
}

function* speak(text: string): Generator<ModelStreamPart> {
  yield { type: 'text-start', id: 'text' };
  for (const delta of text.match(/\S*\s*/g) ?? []) if (delta !== '') yield { type: 'text-delta', id: 'text', delta };
  yield { type: 'text-end', id: 'text' };
}

function finish(options: ModelCallOptions, step: DemoStep): ModelStreamPart {
  const input = estimateTokens(JSON.stringify(options.prompt));
  const output = estimateTokens(step.text + JSON.stringify(step.calls));
  const finishReason = { unified: step.calls.length > 0 ? ('tool-calls' as const) : ('stop' as const), raw: 'demo' };
  return {
    type: 'finish',
    finishReason,
    usage: {
      inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: output, text: output, reasoning: undefined },
    },
  };
}

function streamOf(parts: AsyncGenerator<ModelStreamPart>): ModelStream {
  return new ReadableStream<ModelStreamPart>({
    async pull(controller) {
      try {
        const next = await parts.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      } catch (error) {
        controller.error(error);
      }
    },
    async cancel() {
      await parts.return(undefined);
    },
  });
}
