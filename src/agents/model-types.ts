// The AI SDK's model interface by our names, as types only: nothing here loads the SDK. Used inside src/agents.
import type { LanguageModel } from 'ai';

/** A model as the AI SDK drives it. */
export type Model = Extract<Exclude<LanguageModel, string>, { specificationVersion: 'v4' }>;
export type ModelCallOptions = Parameters<Model['doStream']>[0];
export type ModelStream = Awaited<ReturnType<Model['doStream']>>['stream'];
export type ModelStreamPart = ModelStream extends ReadableStream<infer Part> ? Part : never;
/** How much the model thinks before it answers, in the SDK's words. */
export type Reasoning = NonNullable<ModelCallOptions['reasoning']>;

/** Splits `provider/model`; the model part may hold slashes itself. Undefined when it is no reference. */
export function splitRef(ref: string): { readonly provider: string; readonly model: string } | undefined {
  const slash = ref.indexOf('/');
  if (slash <= 0 || slash === ref.length - 1) return undefined;
  return { provider: ref.slice(0, slash), model: ref.slice(slash + 1) };
}
