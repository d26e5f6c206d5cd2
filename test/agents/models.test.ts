// Model references: what is known, whose key is used, at which address, and which sentence answers what cannot be used.
import { afterEach, describe, expect, it } from 'vitest';
import { chooseDefault, probeOllama } from '../../src/agents/default-model.ts';
import { createModels } from '../../src/agents/models.ts';
import { planModel, reasoningFor } from '../../src/agents/providers.ts';
import { configSchema } from '../../src/infra/config.ts';
import { virtualClock } from '../fakes/clock.ts';
import { type OpenAiTwin, openAiTwin } from '../twins/openai.ts';

const ollamaUrl = 'http://127.0.0.1:11434';
type Providers = Record<string, unknown>;

function source(providers: Providers = {}, keys: Record<string, string> = {}, agents: unknown[] = []) {
  const config = configSchema.parse({ models: { providers }, agents: { list: agents } });
  return { config, env: { providerKeys: keys, ollamaUrl }, agentId: 'main' };
}

function check(ref: string, given = source()) {
  const models = createModels({ config: () => given.config, env: given.env, clock: virtualClock() });
  return models.check(ref, given.agentId);
}

describe('what may be used', () => {
  it('accepts any model of a provider whose key is set', () => {
    expect(check('anthropic/claude-next', source({}, { anthropic: 'k' }))).toEqual({ kind: 'ok' });
    expect(check('openai/gpt-9', source({ openai: { apiKey: 'k' } }))).toEqual({ kind: 'ok' });
  });

  it('names provider, variable and config key when the credential is missing', () => {
    expect(check('anthropic/claude-x')).toEqual({
      kind: 'unavailable',
      refusal: {
        code: 'model_unavailable',
        message: 'anthropic/claude-x needs a credential for anthropic, and none is set for agent main.',
        fix: 'Set ANTHROPIC_API_KEY in the environment, or models.providers.anthropic.apiKey.',
      },
    });
  });

  it('knows no provider without an address', () => {
    expect(check('acme/one')).toEqual({
      kind: 'unknown',
      warning: 'unknown model acme/one: there is no provider acme; set models.providers.acme.baseUrl.',
    });
  });

  it.each(['opus', '/x', 'x/', ''])('takes «%s» for no model reference', (ref) => {
    expect(check(ref)).toMatchObject({ kind: 'unknown' });
  });

  it('treats ids outside a configured list as unknown', () => {
    const given = source({ acme: { baseUrl: 'http://localhost:1/v1', models: [{ id: 'a/big' }, { id: 'small' }] } });
    expect(check('acme/a/big', given)).toEqual({ kind: 'ok' });
    expect(check('acme/huge', given)).toEqual({
      kind: 'unknown',
      warning: 'unknown model acme/huge: acme has a/big, small.',
    });
  });

  it('needs no key on this machine, and one everywhere else', () => {
    expect(check('acme/x', source({ acme: { baseUrl: 'http://127.0.0.1:9/v1' } }))).toEqual({ kind: 'ok' });
    expect(check('ollama/qwen3')).toEqual({ kind: 'ok' });
    expect(check('demo/demo')).toEqual({ kind: 'ok' });
    expect(check('acme/x', source({ acme: { baseUrl: 'https://acme.example/v1' } }))).toMatchObject({
      kind: 'unavailable',
      refusal: { fix: 'Set models.providers.acme.apiKey.' },
    });
  });

  it('refuses an unencrypted address that is not on this machine', () => {
    const given = source({ acme: { baseUrl: 'http://acme.example/v1', apiKey: 'k' } });
    expect(check('acme/x', given)).toMatchObject({
      kind: 'unavailable',
      refusal: {
        code: 'model_unavailable',
        message: expect.stringContaining('unencrypted (http) and not on this machine'),
      },
    });
  });

  it('has one demo model', () => {
    expect(check('demo/other')).toMatchObject({ kind: 'unknown' });
  });
});

describe('keys and addresses', () => {
  it('uses the key of the agent before the configured one before the environment', () => {
    const agents = [{ id: 'main', auth: { openai: { apiKey: 'agent' } } }];
    const key = (given: ReturnType<typeof source>) => {
      const plan = planModel('openai/x', given);
      return plan.status === 'ready' ? plan.apiKey : undefined;
    };
    expect(key(source({ openai: { apiKey: 'config' } }, { openai: 'env' }, agents))).toBe('agent');
    expect(key(source({ openai: { apiKey: 'config' } }, { openai: 'env' }))).toBe('config');
    expect(key(source({}, { openai: 'env' }))).toBe('env');
    expect(key({ ...source({}, { openai: 'env' }, agents), agentId: 'other' })).toBe('env');
  });

  it('speaks the chat API to everything that only copies OpenAI', () => {
    const api = (providers: Providers) => {
      const plan = planModel('openai/x', source(providers, { openai: 'k' }));
      return plan.status === 'ready' ? [plan.api, plan.baseUrl] : [];
    };
    expect(api({})).toEqual(['openai', undefined]);
    expect(api({ openai: { baseUrl: 'https://api.openai.com/v1/' } })).toEqual(['openai', 'https://api.openai.com/v1']);
    expect(api({ openai: { baseUrl: 'http://127.0.0.1:8080/v1' } })).toEqual([
      'compatible',
      'http://127.0.0.1:8080/v1',
    ]);
  });

  it.each([
    ['deepseek/x', 'https://api.deepseek.com/v1'],
    ['openrouter/a/b', 'https://openrouter.ai/api/v1'],
    ['ollama/x', 'http://127.0.0.1:11434/v1'],
  ])('knows the address of %s', (ref, baseUrl) => {
    expect(planModel(ref, source({}, { deepseek: 'k', openrouter: 'k' }))).toMatchObject({
      status: 'ready',
      api: 'compatible',
      baseUrl,
    });
  });

  it('reads the config anew at every call', async () => {
    let given = source();
    const models = createModels({ config: () => given.config, env: given.env, clock: virtualClock() });
    expect(models.check('acme/x', 'main').kind).toBe('unknown');
    given = source({ acme: { baseUrl: 'http://localhost:1/v1', models: [{ id: 'x', contextTokens: 5000 }] } });
    expect(models.check('acme/x', 'main').kind).toBe('ok');
    expect(models.contextTokens('acme/x')).toBe(5000);
    expect(models.contextTokens('acme/y')).toBeUndefined();
  });

  it.each([
    ['anthropic/m', 'anthropic'],
    ['openai/m', 'openai'],
    ['google/m', 'google'],
    ['deepseek/m', 'deepseek'],
    ['demo/demo', 'demo'],
  ])('opens %s through its own library', async (ref, provider) => {
    const given = source({}, { anthropic: 'k', openai: 'k', google: 'k', deepseek: 'k' });
    const models = createModels({ config: () => given.config, env: given.env, clock: virtualClock() });
    const opened = await models.open(ref, { agentId: 'main', thinking: 'off' });
    expect(opened).toMatchObject({ ok: true, value: { ref, provider } });
    if (opened.ok) expect(opened.value.model.provider).toContain(provider);
  });

  it('shares one rate limit between all models of a provider', async () => {
    const given = source({ acme: { baseUrl: 'http://localhost:1/v1', rpm: 2 } });
    const clock = virtualClock();
    const models = createModels({ config: () => given.config, env: given.env, clock });
    const use = { agentId: 'main', thinking: 'off' } as const;
    const limits = await Promise.all(['acme/a', 'acme/b'].map(async (ref) => models.open(ref, use)));
    expect(limits.map((one) => one.ok)).toEqual([true, true]);
    expect(new Set(limits.map((one) => (one.ok ? one.value.limit : undefined))).size).toBe(1);
  });

  it('maps thinking levels, and turns thinking off only where that is understood', () => {
    const level = (ref: string, thinking: 'off' | 'high') => {
      const plan = planModel(ref, source({}, { anthropic: 'k', deepseek: 'k' }));
      return plan.status === 'ready' ? reasoningFor(plan, thinking) : 'not ready';
    };
    expect(level('anthropic/x', 'off')).toBe('none');
    expect(level('ollama/x', 'off')).toBe('none');
    expect(level('deepseek/x', 'off')).toBeUndefined();
    expect(level('deepseek/x', 'high')).toBe('high');
    expect(level('demo/demo', 'high')).toBeUndefined();
  });
});

describe('the default model', () => {
  const none = async () => undefined;
  const never = (): Promise<string | undefined> => Promise.reject(new Error('must not be asked'));
  const parse = (value: unknown) => configSchema.parse(value);

  it('is the configured one, whatever else is there', async () => {
    const config = parse({ agents: { defaults: { model: 'ollama/qwen3' } } });
    expect(await chooseDefault({ providerKeys: { anthropic: 'k' } }, config, never)).toEqual({
      ref: 'ollama/qwen3',
      name: 'ollama/qwen3',
      note: 'agents.defaults.model',
    });
  });

  it('comes from a configured provider, then from a key in the environment', async () => {
    const config = parse({
      models: { providers: { acme: { baseUrl: 'http://localhost:1/v1', models: [{ id: 'x' }] } } },
    });
    expect((await chooseDefault({ providerKeys: { openai: 'k' } }, config, never)).ref).toBe('acme/x');
    const keyed = await chooseDefault({ providerKeys: { openai: 'k' } }, parse({}), never);
    expect(keyed.ref).toMatch(/^openai\//);
    expect(keyed.note).toBe('OPENAI_API_KEY is set; change it with agents.defaults.model');
  });

  it('takes no provider that cannot be called', async () => {
    const config = parse({
      models: { providers: { anthropic: { rpm: 5 }, acme: { baseUrl: 'https://acme.example/v1' } } },
    });
    expect((await chooseDefault({ providerKeys: {} }, config, none)).ref).toBe('demo/demo');
  });

  it('is the first model of a local Ollama when there is no key', async () => {
    const chosen = await chooseDefault({ providerKeys: {} }, parse({}), async () => 'qwen3:8b');
    expect(chosen).toEqual({
      ref: 'ollama/qwen3:8b',
      name: 'ollama/qwen3:8b',
      note: 'a local Ollama answers; change it with agents.defaults.model',
    });
  });

  it('is the demo model when there is nothing, and says so', async () => {
    expect(await chooseDefault({ providerKeys: {} }, parse({}), none)).toEqual({
      ref: 'demo/demo',
      name: 'demo',
      note: 'scripted stand-in, no AI; set ANTHROPIC_API_KEY, OPENAI_API_KEY, … or run Ollama',
    });
  });
});

describe('asking for a local Ollama', () => {
  let twin: OpenAiTwin | undefined;
  afterEach(async () => {
    await twin?.close();
    twin = undefined;
  });

  it('finds its first model', async () => {
    twin = await openAiTwin();
    twin.models.push('llama4:8b', 'other');
    expect(await probeOllama(twin.url.replace('/v1', ''), virtualClock())).toBe('llama4:8b');
  });

  it('finds nothing where it has no models or nothing listens', async () => {
    twin = await openAiTwin();
    const url = twin.url.replace('/v1', '');
    expect(await probeOllama(url, virtualClock())).toBeUndefined();
    await twin.close();
    twin = undefined;
    expect(await probeOllama(url, virtualClock())).toBeUndefined();
  });
});
