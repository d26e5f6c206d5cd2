// `provider/model` -> a model the loop can call, with its key, thinking level and rate limit.
// Made once by src/wiring/models.ts.
import { ok, type Refusal, type Result } from '../core/result.ts';
import type { ThinkingLevel } from '../core/session.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import type { Env } from '../infra/env.ts';
import type { OpenedModel } from './model-call.ts';
import { type Model, splitRef } from './model-types.ts';
import { type ModelPlan, planModel, reasoningFor } from './providers.ts';
import { createRateLimit, type RateLimit } from './rate.ts';

export type ModelCheck =
  | { readonly kind: 'ok' }
  /** SP-11: use the default and pass on the warning. */
  | { readonly kind: 'unknown'; readonly warning: string }
  /** REF-14. */
  | { readonly kind: 'unavailable'; readonly refusal: Refusal };

export interface ModelResolver {
  /** May this agent use this model? Looks only at config and environment. */
  check(ref: string, agentId: string): ModelCheck;
  /** Loads the provider's library on first use. An unknown model is refused here: the caller resolves defaults before. */
  open(ref: string, use: { readonly agentId: string; readonly thinking: ThinkingLevel }): Promise<Result<OpenedModel>>;
  /** Prompt size in tokens configured for this model, if any. */
  contextTokens(ref: string): number | undefined;
}

export interface ModelDeps {
  /** The current config: a reload counts from the next call on. */
  readonly config: () => Config;
  readonly env: Pick<Env, 'providerKeys' | 'ollamaUrl'>;
  readonly clock: Clock;
}

export function createModels(deps: ModelDeps): ModelResolver {
  const limits = new Map<string, { readonly limit: RateLimit; rpm: number | undefined }>();
  const plan = (ref: string, agentId: string) => planModel(ref, { config: deps.config(), env: deps.env, agentId });

  function limitOf(provider: string): RateLimit {
    const rpm = deps.config().models.providers[provider]?.rpm;
    const known = limits.get(provider) ?? { limit: createRateLimit(deps.clock, rpm), rpm };
    limits.set(provider, known);
    if (known.rpm !== rpm) known.limit.setRpm(rpm);
    known.rpm = rpm;
    return known.limit;
  }

  return {
    check(ref, agentId) {
      const planned = plan(ref, agentId);
      if (planned.status === 'ready') return { kind: 'ok' };
      if (planned.status === 'unknown') return { kind: 'unknown', warning: planned.warning };
      return { kind: 'unavailable', refusal: planned.refusal };
    },
    async open(ref, use) {
      const planned = plan(ref, use.agentId);
      if (planned.status === 'refused') return { ok: false, refusal: planned.refusal };
      if (planned.status === 'unknown') {
        const fix = 'Set another model, e.g. with agents.defaults.model.';
        return { ok: false, refusal: { code: 'model_unavailable', message: planned.warning, fix } };
      }
      return ok({
        ...{ ref, provider: planned.provider, keyHint: planned.keyHint },
        model: await load(planned, deps.clock),
        reasoning: reasoningFor(planned, use.thinking),
        limit: limitOf(planned.provider),
        secrets: planned.apiKey === undefined ? [] : [planned.apiKey],
      });
    },
    contextTokens(ref) {
      const parts = splitRef(ref);
      const models = parts === undefined ? [] : (deps.config().models.providers[parts.provider]?.models ?? []);
      return models.find((model) => model.id === parts?.model)?.contextTokens;
    },
  };
}

/** The SDK insists on some key, also where the server on this machine wants none. */
const noKey = 'none';

async function load(plan: ModelPlan, clock: Clock): Promise<Model> {
  const options = { apiKey: plan.apiKey ?? noKey, ...(plan.baseUrl === undefined ? {} : { baseURL: plan.baseUrl }) };
  switch (plan.api) {
    case 'demo': {
      const { demoModel } = await import('./demo-model.ts');
      return demoModel({ clock });
    }
    case 'anthropic': {
      const { createAnthropic } = await import('@ai-sdk/anthropic');
      return createAnthropic(options)(plan.model);
    }
    case 'openai': {
      const { createOpenAI } = await import('@ai-sdk/openai');
      return createOpenAI(options)(plan.model);
    }
    case 'google': {
      const { createGoogle } = await import('@ai-sdk/google');
      return createGoogle(options)(plan.model);
    }
    case 'compatible': {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      const key = plan.apiKey === undefined ? {} : { apiKey: plan.apiKey };
      // Without includeUsage a streamed answer carries no token counts.
      const provider = createOpenAICompatible({
        name: plan.provider,
        baseURL: plan.baseUrl ?? '',
        includeUsage: true,
        ...key,
      });
      return provider.chatModel(plan.model);
    }
  }
}
