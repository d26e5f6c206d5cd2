// What a model call costs: the configured price, else the offline price table, else unknown.
// Called by native.ts and model-call.ts.
import type { Config } from '../infra/config.ts';
import { splitRef } from './model-types.ts';

/** Tokens of one call. `input` is everything read, cached parts included. */
export interface CallTokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number | undefined;
  readonly cacheWrite?: number | undefined;
}

export type Pricing = (ref: string, tokens: CallTokens) => Promise<number | null>;

/** Providers that are local or pretend: no table knows a true price for them. */
const unpriced = new Set(['demo', 'ollama']);

/**
 * @param providers current `models.providers`, read at every call so that a reload counts.
 * @returns US dollars of one call, or null when no price is known. Never rejects.
 */
export function createPricing(providers: () => Config['models']['providers']): Pricing {
  return async (ref, tokens) => {
    const parts = splitRef(ref);
    if (parts === undefined) return null;
    const known = providers()[parts.provider]?.models.find((model) => model.id === parts.model)?.cost;
    if (known !== undefined) return (tokens.input * known.input + tokens.output * known.output) / 1_000_000;
    if (unpriced.has(parts.provider)) return null;
    return tablePrice(parts.provider, parts.model, tokens);
  };
}

async function tablePrice(providerId: string, model: string, tokens: CallTokens): Promise<number | null> {
  try {
    const { calcPrice } = await import('@pydantic/genai-prices');
    const usage = {
      input_tokens: tokens.input,
      output_tokens: tokens.output,
      cache_read_tokens: tokens.cacheRead,
      cache_write_tokens: tokens.cacheWrite,
    };
    return calcPrice(usage, model, { providerId })?.total_price ?? null;
  } catch {
    // The table throws on counts it finds inconsistent; a missing price must never fail a turn.
    return null;
  }
}
