// One step's model call, with the pictures of the conversation where the model takes them. Called by native.ts.
import type { Entry, TurnEvent, TurnPrompt } from '../core/agent.ts';
import type { Tool } from '../core/tool.ts';
import { type CallDeps, callModel, type ModelReply, type OpenedModel } from './model-call.ts';
import { buildRequest, type ImageReader } from './model-request.ts';

/** Which models take no pictures is nowhere to be read: those that refused one are remembered while the process runs. */
export type Blind = Set<string>;

export interface Asking {
  readonly deps: CallDeps & { readonly readImage?: ImageReader };
  readonly blind: Blind;
  readonly prompt: TurnPrompt;
  readonly tools: readonly Tool[];
  readonly signal: AbortSignal;
  readonly history: readonly Entry[];
  /** Pictures read so far in this turn. */
  readonly images: Map<string, Uint8Array>;
}

/** A request that is refused is repeated without its pictures, which are then only named. Never throws. */
export async function* askModel(asking: Asking, opened: OpenedModel): AsyncGenerator<TurnEvent, ModelReply> {
  const { blind, images } = asking;
  const reply = yield* ask(asking, opened, !blind.has(opened.ref));
  if (reply.kind !== 'failed' || reply.code !== 'model_bad_request' || images.size === 0) return reply;
  images.clear();
  const again = yield* ask(asking, opened, false);
  // Refused for something else, it would be refused without them too.
  if (again.kind === 'done') blind.add(opened.ref);
  return again;
}

async function* ask(asking: Asking, opened: OpenedModel, sees: boolean): AsyncGenerator<TurnEvent, ModelReply> {
  const { deps, signal } = asking;
  const request = await buildRequest({ ...asking, opened }, sees ? deps.readImage : undefined);
  return yield* callModel(deps, opened, { ...request, signal });
}
