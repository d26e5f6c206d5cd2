// Who thinks: a model of a provider or server, tried out at once, the demo, or a coding agent. Called by setup.ts.
import { firstModels, ollamaModels } from '../../agents/default-model.ts';
import { splitRef } from '../../agents/model-types.ts';
import { keyVariable } from '../../infra/env.ts';
import { askServer } from './ask-server.ts';
import { mainAgent, providerSlot, secretPlace } from './current.ts';
import type { Dialogue } from './dialogue.ts';
import type { Answers, ModelAnswer } from './plan.ts';
import type { Option } from './prompts.ts';
import { tryModel } from './try-model.ts';

const hosted = [
  ['anthropic', 'Anthropic'],
  ['openai', 'OpenAI'],
  ['google', 'Google'],
  ['openrouter', 'OpenRouter'],
  ['deepseek', 'DeepSeek'],
] as const;

export async function askModel(dialogue: Dialogue): Promise<Pick<Answers, 'model'>> {
  const { prompts, env, clock } = dialogue;
  const local = (await prompts.during('Looking for models …', () => ollamaModels(env.ollamaUrl, clock))) ?? [];
  const now = modelNow(dialogue);
  const options = choices(dialogue, now, local);
  for (;;) {
    const initial = first(dialogue, now, local);
    const chosen = await prompts.choose({ message: 'Which model answers?', options, initial });
    if (chosen === 'keep') return {};
    const answer = await details(dialogue, chosen, local);
    // Undefined: it does not work, and the person wants another one.
    if (answer !== undefined) return { model: answer };
  }
}

function choices(dialogue: Dialogue, now: string | undefined, local: readonly string[]): readonly Option<string>[] {
  const found = local.length > 0 || Object.keys(dialogue.env.providerKeys).length > 0;
  const kept: Option<string> =
    now === undefined
      ? { value: 'keep', label: 'Decide later', hint: found ? 'it is found at start' : 'the demo answers' }
      : { value: 'keep', label: `Keep ${now}` };
  return [
    kept,
    ...hosted.map(([value, label]) => ({ value, label, ...keyHint(dialogue, value) })),
    ...(local.length === 0
      ? []
      : [{ value: 'ollama', label: 'Ollama on this machine', hint: local.slice(0, 3).join(', ') }]),
    { value: 'compatible', label: 'Another server', hint: 'one that speaks the OpenAI API' },
    ...dialogue.harnesses.map((id) => ({
      ...{ value: `harness:${id}`, label: `The coding agent ${id}`, hint: 'with its own login' },
    })),
    { value: 'demo', label: 'Demo', hint: 'scripted stand-in, no AI, no key' },
  ];
}

async function details(dialogue: Dialogue, chosen: string, local: readonly string[]): Promise<ModelAnswer | undefined> {
  if (chosen === 'demo') return { kind: 'demo' };
  if (chosen === 'compatible') return askServer(dialogue);
  if (chosen === 'ollama') {
    const [initial = ''] = local;
    const options = local.map((value) => ({ value, label: value }));
    const model = await dialogue.prompts.choose({ message: 'Which of its models?', options, initial });
    return tryModel(dialogue, { kind: 'ollama', model });
  }
  if (chosen.startsWith('harness:')) return { kind: 'harness', id: chosen.slice('harness:'.length) };
  return askHosted(dialogue, chosen);
}

async function askHosted(dialogue: Dialogue, provider: string): Promise<ModelAnswer | undefined> {
  const { prompts, current, env } = dialogue;
  const place = secretPlace(current, providerSlot(provider, keyVariable(provider)));
  const set = place.value ?? Object.entries(env.providerKeys).find(([id]) => id === provider)?.[1];
  const keep =
    set !== undefined &&
    (await prompts.choose({
      message: `A key for ${provider} is set.`,
      options: [
        { value: 'keep', label: 'Keep it' },
        { value: 'paste', label: 'Paste another one' },
      ],
      initial: 'keep',
    })) === 'keep';
  const key = keep ? undefined : await prompts.secret({ message: `Key for ${provider}`, fault: noSpaces });
  const used = splitRef(modelNow(dialogue) ?? '');
  const model = await prompts.line({
    message: 'Model',
    initial: used?.provider === provider ? used.model : (firstModels[provider] ?? ''),
    fault: noSpaces,
  });
  return tryModel(dialogue, { kind: 'hosted', provider, model, ...(key === undefined ? {} : { key }) });
}

const noSpaces = (text: string): string | undefined => (/^\S+$/.test(text) ? undefined : 'It has no spaces.');

/** What answers now because somebody said so; undefined: found at start. */
function modelNow({ current: { config } }: Dialogue): string | undefined {
  const agent = mainAgent(config)?.agent;
  if (agent?.runtime.type === 'acp') return `the coding agent ${agent.runtime.agent ?? ''}`.trim();
  return agent?.model ?? config.agents.defaults.model;
}

function keyHint({ env }: Dialogue, provider: string): { readonly hint?: string } {
  return provider in env.providerKeys ? { hint: 'its key is set' } : {};
}

/** Where the cursor starts: enter alone changes nothing where something was set up before. */
function first({ env, current }: Dialogue, now: string | undefined, local: readonly string[]): string {
  if (now !== undefined || current.texts.config !== undefined) return 'keep';
  const keyed = hosted.find(([id]) => id in env.providerKeys)?.[0];
  return keyed ?? (local.length > 0 ? 'ollama' : 'anthropic');
}

/** Whether a coding agent may be started from the chat, where one is installed and does not answer itself. */
export async function askHarness(
  dialogue: Dialogue,
  model: ModelAnswer | undefined,
): Promise<Pick<Answers, 'harness'>> {
  const { prompts, harnesses, current } = dialogue;
  const { enabled, defaultAgent } = current.config.acp;
  if (harnesses.length === 0 || model?.kind === 'harness') return {};
  const kept = enabled ? `Leave it as it is (${defaultAgent ?? 'on'})` : 'No';
  const chosen = await prompts.choose({
    message: 'May you start a coding agent from the chat (/acp spawn)?',
    options: [
      { value: '', label: kept },
      ...harnesses.map((id) => ({ value: id, label: id, hint: 'asks before it acts' })),
    ],
    initial: '',
  });
  return chosen === '' ? {} : { harness: chosen };
}
