// A server that speaks the OpenAI API: its address, its key if it wants one, and one of its models. Called by ask-model.ts.
import { isLoopback } from '../../core/loopback.ts';
import type { Config } from '../../infra/config.ts';
import { keyVariable } from '../../infra/env.ts';
import { providerSlot, secretPlace } from './current.ts';
import type { Dialogue } from './dialogue.ts';
import type { ModelAnswer } from './plan.ts';
import { serverModels } from './probe-model.ts';
import { tryModel } from './try-model.ts';

/** More than these are typed, not chosen. */
const mostListed = 30;

export async function askServer(dialogue: Dialogue): Promise<ModelAnswer | undefined> {
  const { prompts, current } = dialogue;
  const { providers } = current.config.models;
  const before = Object.values(providers).find(({ baseUrl }) => baseUrl !== undefined)?.baseUrl;
  const baseUrl = await prompts.line({
    message: 'Its address, with /v1 where it has one',
    initial: before ?? 'http://127.0.0.1:8080/v1',
    fault: (text) =>
      isUsable(text) ? undefined : 'An https:// address, or an http:// one on this machine (127.0.0.1).',
  });
  const provider = providerId(baseUrl, providers);
  const place = secretPlace(current, providerSlot(provider, undefined));
  const key = await askKey(dialogue, { baseUrl, set: place.value !== undefined });
  const inUse = key ?? place.value;
  const models = await prompts.during('Asking for its models …', (signal) =>
    serverModels({ ...dialogue, signal }, baseUrl, inUse),
  );
  const model = await askWhich(dialogue, models);
  return tryModel(dialogue, { kind: 'compatible', provider, baseUrl, model, ...(key === undefined ? {} : { key }) });
}

function isUsable(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

type Providers = Config['models']['providers'];

/** The name of a server that is configured already, or a new one after its host: `api.groq.com` is groq. */
function providerId(baseUrl: string, providers: Providers): string {
  const known = Object.entries(providers).find(([, one]) => one.baseUrl === baseUrl)?.[0];
  if (known !== undefined) return known;
  const { hostname } = new URL(baseUrl);
  const label = hostname.split('.').at(-2) ?? '';
  const name = isLoopback(hostname) ? 'local' : /^[a-z][a-z0-9-]*$/i.test(label) ? label : 'server';
  const numbered = Array.from({ length: 99 }, (_, index) => `${name}${index + 2}`);
  return [name, ...numbered].find((id) => !(id in providers || isBuiltIn(id))) ?? name;
}

/** These names mean a provider of their own, with its own address and key. */
const isBuiltIn = (id: string): boolean => keyVariable(id) !== undefined || id === 'ollama' || id === 'demo';

async function askKey(
  { prompts }: Dialogue,
  { baseUrl, set }: { readonly baseUrl: string; readonly set: boolean },
): Promise<string | undefined> {
  const local = isLoopback(new URL(baseUrl).hostname);
  const needed = local ? 'none' : 'paste';
  const how = await prompts.choose({
    message: 'Does it want a key?',
    options: [
      ...(set ? [{ value: 'keep', label: 'Keep the one that is set' } as const] : []),
      { value: 'paste', label: 'Paste a key' },
      ...(local ? [{ value: 'none', label: 'No' } as const] : []),
    ],
    initial: set ? 'keep' : needed,
  });
  if (how !== 'paste') return undefined;
  return prompts.secret({
    message: 'Key',
    fault: (text) => (/^\S+$/.test(text) ? undefined : 'It has no spaces.'),
  });
}

function askWhich({ prompts }: Dialogue, models: readonly string[]): Promise<string> {
  const [initial] = models;
  const fault = (text: string): string | undefined => (/^\S+$/.test(text) ? undefined : 'It has no spaces.');
  if (initial === undefined || models.length > mostListed)
    return prompts.line({ message: 'Model', fault, ...(initial === undefined ? {} : { initial }) });
  const options = models.map((value) => ({ value, label: value }));
  return prompts.choose({ message: 'Which of its models?', options, initial });
}
