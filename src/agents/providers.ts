// Which API a model reference means, at which address and with whose key. Pure; used by models.ts.
import { spawnRefusal } from '../core/errors.ts';
import { isLoopback } from '../core/loopback.ts';
import type { Refusal } from '../core/result.ts';
import type { ThinkingLevel } from '../core/session.ts';
import type { Config } from '../infra/config.ts';
import { type Env, keyVariable } from '../infra/env.ts';
import { type Reasoning, splitRef } from './model-types.ts';

export type ModelApi = 'demo' | 'anthropic' | 'openai' | 'google' | 'compatible';

export interface ModelPlan {
  readonly status: 'ready';
  readonly api: ModelApi;
  readonly provider: string;
  readonly model: string;
  /** Absent: the API's own address. */
  readonly baseUrl?: string;
  readonly apiKey?: string;
  /** Where the key in use is set. */
  readonly keyHint: string;
}

export type PlannedModel =
  | ModelPlan
  /** No such provider or model: the default stands in, with this warning. */
  | { readonly status: 'unknown'; readonly warning: string }
  | { readonly status: 'refused'; readonly refusal: Refusal };

export interface PlanSource {
  readonly config: Config;
  readonly env: Pick<Env, 'providerKeys' | 'ollamaUrl'>;
  readonly agentId: string;
}

/** Providers that need no config; `baseUrl` for those that speak the OpenAI chat API at a known address. */
const builtIn: Readonly<Record<string, { readonly api: ModelApi; readonly baseUrl?: string }>> = {
  anthropic: { api: 'anthropic' },
  openai: { api: 'openai' },
  google: { api: 'google' },
  ollama: { api: 'compatible' },
  deepseek: { api: 'compatible', baseUrl: 'https://api.deepseek.com/v1' },
  openrouter: { api: 'compatible', baseUrl: 'https://openrouter.ai/api/v1' },
};

export function planModel(ref: string, source: PlanSource): PlannedModel {
  const parts = splitRef(ref);
  if (parts === undefined)
    return { status: 'unknown', warning: `unknown model ${ref}: a model is named provider/model.` };
  const { provider, model } = parts;
  const configured = source.config.models.providers[provider];
  const known = provider === 'demo' ? ['demo'] : (configured?.models ?? []).map((one) => one.id);
  if (known.length > 0 && !known.includes(model))
    return { status: 'unknown', warning: `unknown model ${ref}: ${provider} has ${known.join(', ')}.` };
  if (provider === 'demo')
    return { status: 'ready', api: 'demo', provider, model, keyHint: 'nothing: it needs no key' };
  const own = builtIn[provider];
  if (own === undefined && configured?.baseUrl === undefined)
    return {
      status: 'unknown',
      warning: `unknown model ${ref}: there is no provider ${provider}; set models.providers.${provider}.baseUrl.`,
    };
  return withKey(ref, { provider, model, ...address(provider, source) }, source);
}

function address(provider: string, source: PlanSource): Pick<ModelPlan, 'api' | 'baseUrl'> {
  const own = builtIn[provider] ?? { api: 'compatible' };
  const configured = source.config.models.providers[provider]?.baseUrl;
  const baseUrl = configured ?? (provider === 'ollama' ? `${source.env.ollamaUrl}/v1` : own.baseUrl);
  if (baseUrl === undefined) return { api: own.api };
  // Servers that copy OpenAI's API copy its chat completions; only OpenAI itself is spoken to in its newer one.
  const copy = own.api === 'openai' && new URL(baseUrl).hostname !== 'api.openai.com';
  return { api: copy ? 'compatible' : own.api, baseUrl: baseUrl.replace(/\/+$/, '') };
}

function withKey(
  ref: string,
  found: Pick<ModelPlan, 'provider' | 'model' | 'api' | 'baseUrl'>,
  source: PlanSource,
): PlannedModel {
  const { provider, baseUrl } = found;
  const configured = source.config.models.providers[provider];
  if (configured?.baseUrl !== undefined && !isSafe(configured.baseUrl))
    return { status: 'refused', refusal: unencrypted(ref, provider) };
  const agent = source.config.agents.list.find((one) => one.id === source.agentId);
  const agentKey = agent?.auth[provider]?.apiKey;
  const envKey = Object.entries(source.env.providerKeys).find(([id]) => id === provider)?.[1];
  const apiKey = agentKey ?? configured?.apiKey ?? envKey;
  const keyHint = agentKey === undefined ? keyPlaces(provider) : `auth.${provider}.apiKey of agent ${source.agentId}`;
  if (apiKey !== undefined) return { status: 'ready', ...found, apiKey, keyHint };
  if (provider === 'ollama' || (baseUrl !== undefined && isLoopback(new URL(baseUrl).hostname)))
    return { status: 'ready', ...found, keyHint };
  return {
    status: 'refused',
    refusal: spawnRefusal.modelUnavailable(
      `${ref} needs a credential for ${provider}, and none is set for agent ${source.agentId}.`,
      `Set ${keyPlaces(provider)}.`,
    ),
  };
}

/** `ANTHROPIC_API_KEY or models.providers.anthropic.apiKey`. */
function keyPlaces(provider: string): string {
  const variable = keyVariable(provider);
  const key = `models.providers.${provider}.apiKey`;
  return variable === undefined ? key : `${variable} in the environment, or ${key}`;
}

function unencrypted(ref: string, provider: string): Refusal {
  return spawnRefusal.modelUnavailable(
    `${ref} is not used: models.providers.${provider}.baseUrl is unencrypted (http) and not on this machine.`,
    'Use an https address, or one on this machine.',
  );
}

function isSafe(url: string): boolean {
  return new URL(url).protocol === 'https:' || isLoopback(new URL(url).hostname);
}

/** A thinking level in the SDK's words; undefined leaves it to the provider. */
export function reasoningFor(plan: ModelPlan, level: ThinkingLevel): Reasoning | undefined {
  if (plan.api === 'demo') return undefined;
  if (level !== 'off') return level;
  // A compatible server may not know «none»; only Ollama's is known to.
  return plan.api === 'compatible' && plan.provider !== 'ollama' ? undefined : 'none';
}
