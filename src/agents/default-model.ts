// Chooses the model when none is configured: a key, else a local Ollama, else the demo model. Called by live-agents.ts
// and, for what there is to choose from, by cli/setup/ask-model.ts.
import { text } from 'node:stream/consumers';
import { isLoopback } from '../core/loopback.ts';
import type { Clock } from '../infra/clock.ts';
import type { Config } from '../infra/config.ts';
import { type Env, keyVariable } from '../infra/env.ts';
import { http, https } from '../infra/http.ts';

export interface ChosenModel {
  /** `provider/model`. */
  readonly ref: string;
  /** As people call it: `demo`, else the ref. */
  readonly name: string;
  /** Why this one, and how to change it. */
  readonly note: string;
}

/** Model used with each provider when only its key is known. */
export const firstModels: Readonly<Record<string, string>> = {
  anthropic: 'claude-sonnet-5-5',
  openai: 'gpt-5.4-mini',
  google: 'gemini-3.8-flash',
  openrouter: 'openrouter/auto',
  deepseek: 'deepseek-chat',
};

const change = 'change it with agents.defaults.model';

/**
 * @param probeOllama name of the first model of a local Ollama, or undefined when none answers.
 * Order: configured default, configured provider, key in the environment, Ollama, demo.
 */
export async function chooseDefault(
  env: Pick<Env, 'providerKeys'>,
  config: Config,
  probeOllama: () => Promise<string | undefined>,
): Promise<ChosenModel> {
  const set = config.agents.defaults.model;
  if (set !== undefined) return { ref: set, name: set, note: 'agents.defaults.model' };
  const configured = fromProviders(config);
  if (configured !== undefined) return configured;
  for (const provider of Object.keys(env.providerKeys)) {
    const model = firstModels[provider];
    if (model !== undefined) return chosen(provider, model, `${keyVariable(provider) ?? provider} is set`);
  }
  const local = await probeOllama();
  if (local !== undefined) return chosen('ollama', local, 'a local Ollama answers');
  return {
    ref: 'demo/demo',
    name: 'demo',
    note: 'scripted stand-in, no AI; set ANTHROPIC_API_KEY, OPENAI_API_KEY, … or run Ollama',
  };
}

function fromProviders(config: Config): ChosenModel | undefined {
  for (const [provider, settings] of Object.entries(config.models.providers)) {
    const usable =
      settings.apiKey !== undefined ||
      (settings.baseUrl !== undefined && isLoopback(new URL(settings.baseUrl).hostname));
    const model = settings.models[0]?.id ?? firstModels[provider];
    if (usable && model !== undefined) return chosen(provider, model, `models.providers.${provider} is configured`);
  }
  return undefined;
}

function chosen(provider: string, model: string, why: string): ChosenModel {
  const ref = `${provider}/${model}`;
  return { ref, name: ref, note: `${why}; ${change}` };
}

const probeTimeoutMs = 300;

/**
 * Asks an Ollama for its models (GET /api/tags). Nothing listening answers at once; a silent host costs 300 ms.
 * @param url base address without a path.
 */
export async function probeOllama(url: string, clock: Clock): Promise<string | undefined> {
  return (await ollamaModels(url, clock))?.[0];
}

/** Names of all chat models it has; undefined when none answers. As `probeOllama` otherwise. */
export async function ollamaModels(url: string, clock: Clock): Promise<readonly string[] | undefined> {
  const stop = new AbortController();
  const timer = clock.after(probeTimeoutMs, () => stop.abort());
  try {
    return chatModels(JSON.parse(await getText(`${url}/api/tags`, stop.signal)));
  } catch {
    // Not there, not in time, or not an Ollama: all the same here.
    return undefined;
  } finally {
    timer.cancel();
  }
}

/** Not `fetch`: loading it costs every start more memory than this one question is worth. */
function getText(url: string, signal: AbortSignal): Promise<string> {
  const { get } = url.startsWith('https:') ? https() : http;
  return new Promise((resolve, reject) => {
    const ask = get(url, { signal, agent: false }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
      text(answer).then(resolve, reject);
    });
    ask.on('error', reject);
  });
}

/** Embedding models (BERT families) are listed too and cannot chat. */
function chatModels(body: unknown): readonly string[] | undefined {
  const models = (body as { readonly models?: unknown }).models;
  if (!Array.isArray(models)) return undefined;
  return models.flatMap((model: { readonly name?: unknown; readonly details?: { readonly family?: unknown } }) =>
    typeof model.name === 'string' && !/bert/i.test(String(model.details?.family ?? '')) ? [model.name] : [],
  );
}
