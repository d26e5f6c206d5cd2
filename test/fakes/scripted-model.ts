// A scripted language model behind the AI SDK's interface: what the native loop is tested with when no HTTP is needed.
// For tests of the engine above the loop, scripted-runtime.ts is faster.
import type { Model, ModelCallOptions, ModelStreamPart } from '../../src/agents/model-types.ts';

export type ModelStep =
  | { readonly do: 'say'; readonly text: string }
  | { readonly do: 'think'; readonly text: string }
  /** A string is sent as the raw arguments, valid JSON or not. */
  | { readonly do: 'call'; readonly tool: string; readonly input: unknown; readonly id?: string }
  | { readonly do: 'fail'; readonly error: unknown };

export const modelSays = (text: string): ModelStep => ({ do: 'say', text });
export const modelThinks = (text: string): ModelStep => ({ do: 'think', text });
export const modelCalls = (tool: string, input: unknown, id?: string): ModelStep => ({
  ...{ do: 'call', tool, input },
  ...(id === undefined ? {} : { id }),
});
export const modelFails = (error: unknown): ModelStep => ({ do: 'fail', error });

export interface ScriptedModel {
  readonly model: Model;
  /** Prompts it was called with, oldest first. */
  readonly calls: readonly ModelCallOptions[];
  /** Steps of the next calls, one list per call. After the last one the model says `ok`. */
  queue(...calls: readonly (readonly ModelStep[])[]): void;
}

export function scriptedModel(): ScriptedModel {
  const calls: ModelCallOptions[] = [];
  const queued: (readonly ModelStep[])[] = [];
  const [input, output] = [10, 5];

  async function* play(steps: readonly ModelStep[], call: ModelCallOptions): AsyncGenerator<ModelStreamPart> {
    yield { type: 'stream-start', warnings: [] };
    for (const [index, step] of steps.entries()) {
      yield* playStep(step, { index, serial: calls.length });
      call.abortSignal?.throwIfAborted();
    }
    const unified = steps.some((step) => step.do === 'call') ? 'tool-calls' : 'stop';
    yield {
      type: 'finish',
      finishReason: { unified, raw: unified },
      usage: {
        inputTokens: { total: input, noCache: input, cacheRead: undefined, cacheWrite: undefined },
        outputTokens: { total: output, text: output, reasoning: undefined },
      },
    };
  }

  return {
    calls,
    queue: (...more) => void queued.push(...more),
    model: {
      specificationVersion: 'v4',
      provider: 'scripted',
      modelId: 'scripted',
      supportedUrls: {},
      doGenerate: () => Promise.reject(new Error('only streams')),
      async doStream(call) {
        calls.push(call);
        return {
          stream: ReadableStream.from(
            play(queued.shift() ?? [modelSays('ok')], call),
          ) as ReadableStream<ModelStreamPart>,
        };
      },
    },
  };
}

interface Playing {
  readonly index: number;
  readonly serial: number;
}

async function* playStep(step: ModelStep, playing: Playing): AsyncGenerator<ModelStreamPart> {
  const id = `${playing.serial}-${playing.index}`;
  switch (step.do) {
    case 'say':
      yield { type: 'text-start', id };
      yield { type: 'text-delta', id, delta: step.text };
      yield { type: 'text-end', id };
      return;
    case 'think':
      yield { type: 'reasoning-start', id };
      yield { type: 'reasoning-delta', id, delta: step.text };
      yield { type: 'reasoning-end', id, providerMetadata: { scripted: { signature: 'signed' } } };
      return;
    case 'call': {
      const input = typeof step.input === 'string' ? step.input : JSON.stringify(step.input);
      yield { type: 'tool-call', toolCallId: step.id ?? `call-${id}`, toolName: step.tool, input };
      return;
    }
    case 'fail':
      yield { type: 'error', error: step.error };
      return;
  }
}
