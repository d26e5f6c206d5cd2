// The native loop around a scripted model, for its tests.
import type { OpenedModel } from '../../src/agents/model-call.ts';
import { nativeRuntime } from '../../src/agents/native.ts';
import { createRateLimit } from '../../src/agents/rate.ts';
import { ok } from '../../src/core/result.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';
import { type ScriptedModel, scriptedModel } from '../fakes/scripted-model.ts';

export function scriptedLoop(missingTool: (name: string) => string | undefined = () => undefined) {
  const clock = virtualClock();
  const scripted = scriptedModel();
  const opened: OpenedModel = {
    ...{ ref: 'openai/test', provider: 'scripted', keyHint: 'nothing', secrets: [], reasoning: undefined },
    ...{ model: scripted.model, limit: createRateLimit(clock, undefined) },
  };
  const runtime = nativeRuntime({
    ...{ clock, ids: seededIds(), missingTool, price: async () => null },
    models: { open: async () => ok(opened) },
  });
  return { clock, runtime, ...scripted };
}

/** One prompt as the model saw it, as text. */
export function seen(calls: ScriptedModel['calls'], index: number): string {
  return JSON.stringify(calls[index]?.prompt);
}
