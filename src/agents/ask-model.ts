// One step's model call, with the pictures of the conversation where the model takes them. Called by native.ts.
import type { Entry, TurnEvent, TurnPrompt } from '../core/agent.ts';
import type { Tool } from '../core/tool.ts';
import { type CallDeps, callModel, type ModelReply, type OpenedModel } from './model-call.ts';
import { buildRequest, type ImageReader } from './model-request.ts';

/**
 * Which models take no pictures is nowhere to be read. A refusal may as well be about the one picture (its kind, its size), so
 * that one is shown to nobody again, and a model counts as blind only after some refusals in a row. While the process runs.
 */
export interface Blind {
  /** Refusals in a row, by model. */
  readonly models: Map<string, number>;
  /** Paths of refused pictures. */
  readonly pictures: Set<string>;
}

const mostRefusals = 2;

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
  const refusals = blind.models.get(opened.ref) ?? 0;
  const reply = yield* ask(asking, opened, refusals < mostRefusals);
  if (reply.kind === 'done' && images.size > 0) blind.models.delete(opened.ref);
  if (reply.kind !== 'failed' || reply.code !== 'model_bad_request' || images.size === 0) return reply;
  const shown = [...images.keys()];
  images.clear();
  const again = yield* ask(asking, opened, false);
  // Refused for something else, it would be refused without them too.
  if (again.kind === 'done') {
    blind.models.set(opened.ref, refusals + 1);
    for (const path of shown) blind.pictures.add(path);
  }
  return again;
}

async function* ask(asking: Asking, opened: OpenedModel, sees: boolean): AsyncGenerator<TurnEvent, ModelReply> {
  const { deps, signal } = asking;
  const request = await buildRequest({ ...asking, opened }, sees ? deps.readImage : undefined);
  return yield* callModel(deps, opened, { ...request, signal });
}
