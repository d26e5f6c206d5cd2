// From what a person answered to the changes of the two files. Pure; called by setup.ts.
import { isDeepStrictEqual } from 'node:util';
import type { PlatformId } from '../../../channels/index.ts';
import { keyVariable } from '../../infra/env.ts';
import { type KeyPath, valueAt } from '../../infra/key-path.ts';
import { type Current, channelSlot, mainAgent, providerSlot, type Slot, secretPlace } from './current.ts';

export interface ConfigEdit {
  readonly path: KeyPath;
  readonly value: unknown;
  /** Goes above a line that is new. */
  readonly comment?: string;
}

/** Changes of `switchyard.json5` in order, and of `.env`. */
export interface Edits {
  readonly config: readonly ConfigEdit[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

export type ModelAnswer =
  | { readonly kind: 'hosted'; readonly provider: string; readonly model: string; readonly key?: string }
  | {
      readonly kind: 'compatible';
      readonly provider: string;
      readonly baseUrl: string;
      readonly model: string;
      readonly key?: string;
    }
  | { readonly kind: 'ollama'; readonly model: string }
  | { readonly kind: 'demo' }
  /** A coding agent answers in the chat itself. */
  | { readonly kind: 'harness'; readonly id: string };

/** What is absent stays as it is. */
export interface Answers {
  /** Those that shall be on; the others are switched off. */
  readonly channels?: readonly PlatformId[];
  readonly telegram?: { readonly token: string; readonly bot?: string };
  readonly discord?: { readonly token?: string; readonly bot?: string; readonly servers?: readonly Server[] };
  readonly whatsapp?: { readonly dmPolicy: 'allowlist' | 'pairing' };
  readonly model?: ModelAnswer;
  /** Coding agent that may be started from the chat. */
  readonly harness?: string;
  /** The whole list, `<channel>:<id>`. */
  readonly owners?: readonly string[];
}

export interface Server {
  readonly id: string;
  readonly name: string;
}

/** Only what differs from what is there: answers that repeat it come to nothing. */
export function planEdits(current: Current, answers: Answers): Edits {
  const answersItself = answers.model?.kind === 'harness';
  const parts = [
    telegramEdits(current, answers.telegram),
    discordEdits(current, answers.discord),
    config(whatsappEdits(answers.whatsapp)),
    config(switches(current, answers)),
    config(ownerEdits(answers.owners)),
    modelEdits(current, answers.model),
    config(answers.harness === undefined || answersItself ? [] : harnessEdits(current, answers.harness)),
  ];
  return {
    config: parts.flatMap((part) => part.config).filter((edit) => differs(current.raw, edit)),
    env: parts.flatMap((part) => part.env).filter(({ name, value }) => current.stored[name] !== value),
  };
}

function differs(raw: unknown, { path, value }: ConfigEdit): boolean {
  return !isDeepStrictEqual(valueAt(raw, path), value);
}

const config = (edits: readonly ConfigEdit[]): Edits => ({ config: edits, env: [] });

/** A secret goes into `.env`, into the variable the config names already, or the usual one, which it names from then on. */
function secretEdits(
  current: Current,
  slot: Slot,
  secret: { readonly value: string; readonly comment?: string },
): Edits {
  const place = secretPlace(current, slot);
  const variable = place.kind === 'literal' ? slot.variable : place.variable;
  const named = place.kind === 'variable' && (place.inConfig || slot.implicit);
  const comment = secret.comment === undefined ? {} : { comment: secret.comment };
  return {
    config: named ? [] : [{ path: slot.path, value: `\${${variable}}`, ...comment }],
    env: [{ name: variable, value: secret.value }],
  };
}

function telegramEdits(current: Current, answer: Answers['telegram']): Edits {
  if (answer === undefined) return config([]);
  const who = answer.bot === undefined ? 'Telegram' : `Telegram: @${answer.bot}`;
  const comment = `${who}. Direct chats: people you let in (dmPolicy, allowFrom); groups: those listed in groups.`;
  return secretEdits(current, channelSlot(current.raw, 'telegram'), { value: answer.token, comment });
}

function discordEdits(current: Current, answer: Answers['discord']): Edits {
  if (answer === undefined) return config([]);
  const { token, bot, servers = [] } = answer;
  const who = bot === undefined ? 'Discord' : `Discord: ${oneLine(bot)}`;
  const comment = `${who}. Direct messages: people you let in (dmPolicy, allowFrom); servers: those listed in groups.`;
  const slot = channelSlot(current.raw, 'discord');
  const secret = token === undefined ? config([]) : secretEdits(current, slot, { value: token, comment });
  const groups = servers
    .filter(({ id }) => valueAt(current.raw, ['channels', 'discord', 'groups', id]) === undefined)
    .map(({ id }) => ({ path: ['channels', 'discord', 'groups', id], value: {} }));
  return { config: [...secret.config, ...groups], env: secret.env };
}

/** A name somebody else chose must not end the comment it stands in. */
function oneLine(name: string): string {
  return name.replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
}

function whatsappEdits(answer: Answers['whatsapp']): readonly ConfigEdit[] {
  if (answer === undefined) return [];
  return [{ path: ['channels', 'whatsapp', 'dmPolicy'], value: answer.dmPolicy, comment: whatsappComment }];
}

const whatsappComment =
  'WhatsApp, linked with `npx switchyard pair whatsapp`. dmPolicy allowlist: you and the numbers in allowFrom.';

/** `enabled` is written only where it decides something: a token switches its channel on by itself. */
function switches(current: Current, answers: Answers): readonly ConfigEdit[] {
  const { channels: wanted, whatsapp } = answers;
  if (wanted === undefined) return [];
  const ids: readonly PlatformId[] = ['telegram', 'discord', 'whatsapp'];
  return ids.flatMap((id) => {
    const path = ['channels', id, 'enabled'];
    const said = valueAt(current.raw, path);
    const token = id === 'whatsapp' ? undefined : answers[id]?.token;
    if (!wanted.includes(id)) return current.on.includes(id) || token !== undefined ? [{ path, value: false }] : [];
    if (current.on.includes(id) || (id !== 'whatsapp' && said !== false)) return [];
    return [
      { path, value: true, ...(id === 'whatsapp' && whatsapp === undefined ? { comment: whatsappComment } : {}) },
    ];
  });
}

function ownerEdits(owners: Answers['owners']): readonly ConfigEdit[] {
  const comment = 'The owner: approves, lets people in, starts coding agents. Several entries are one person.';
  return owners === undefined ? [] : [{ path: ['commands', 'ownerAllowFrom'], value: [...owners], comment }];
}

function modelEdits(current: Current, answer: ModelAnswer | undefined): Edits {
  if (answer === undefined) return config([]);
  switch (answer.kind) {
    case 'harness':
      return config([...harnessEdits(current, answer.id), ...mainHarness(current, answer.id)]);
    case 'demo':
      return config(modelRef(current, 'demo/demo'));
    case 'ollama':
      return config([...known(current, 'ollama', answer.model), ...modelRef(current, `ollama/${answer.model}`)]);
    case 'hosted':
    case 'compatible': {
      const { provider, model, key } = answer;
      const slot = providerSlot(provider, keyVariable(provider));
      const secret = key === undefined ? config([]) : secretEdits(current, slot, { value: key });
      const address: readonly ConfigEdit[] =
        answer.kind === 'hosted'
          ? []
          : [
              {
                path: ['models', 'providers', provider, 'baseUrl'],
                value: answer.baseUrl,
                comment: 'Servers that speak the OpenAI API. Their models are named <name here>/<model>.',
              },
            ];
      return {
        config: [
          ...address,
          ...secret.config,
          ...known(current, provider, model),
          ...modelRef(current, `${provider}/${model}`),
        ],
        env: secret.env,
      };
    }
  }
}

/** A provider that lists its models has no others. */
function known(current: Current, provider: string, model: string): readonly ConfigEdit[] {
  const models = current.config.models.providers[provider]?.models ?? [];
  if (models.length === 0 || models.some(({ id }) => id === model)) return [];
  return [{ path: ['models', 'providers', provider, 'models', models.length], value: { id: model } }];
}

/** Where the agent that answers takes its model from. */
function modelRef(current: Current, ref: string): readonly ConfigEdit[] {
  const main = mainAgent(current.config);
  const comment = 'The model of every agent without one of its own, as provider/model.';
  const everywhere: ConfigEdit = { path: ['agents', 'defaults', 'model'], value: ref, comment };
  if (main === undefined) return [everywhere];
  const own = ['agents', 'list', main.index];
  return [
    ...(main.agent.runtime.type === 'acp' ? [{ path: [...own, 'runtime', 'type'], value: 'native' }] : []),
    main.agent.model === undefined ? everywhere : { path: [...own, 'model'], value: ref },
  ];
}

function harnessEdits({ config: { acp } }: Current, id: string): readonly ConfigEdit[] {
  const allowed = acp.allowedAgents;
  return [
    {
      path: ['acp', 'enabled'],
      value: true,
      comment: 'Coding agents. They work with your rights on this machine and ask before they act (permissionMode).',
    },
    { path: ['acp', 'defaultAgent'], value: id },
    ...(allowed === undefined || allowed.includes('*') || allowed.includes(id)
      ? []
      : [{ path: ['acp', 'allowedAgents', allowed.length], value: id }]),
  ];
}

function mainHarness(current: Current, id: string): readonly ConfigEdit[] {
  const main = mainAgent(current.config);
  if (main === undefined)
    return [
      {
        path: ['agents', 'list'],
        value: [{ id: 'main', runtime: { type: 'acp', agent: id } }],
        comment: 'Who answers. This agent works in a coding agent, with the model and login of that one.',
      },
    ];
  const runtime = ['agents', 'list', main.index, 'runtime'];
  return [
    { path: [...runtime, 'agent'], value: id },
    { path: [...runtime, 'type'], value: 'acp' },
  ];
}
