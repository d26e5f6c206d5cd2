// What the two files and the environment say now, and where each secret stands. Pure; used by the files of this folder.
import { configuredChannels, type PlatformId } from '../../../channels/index.ts';
import { ok, type Result, refuse } from '../../core/result.ts';
import type { Config } from '../../infra/config.ts';
import { parseJson5, readConfigText } from '../../infra/config-text.ts';
import type { Env } from '../../infra/env.ts';
import { readEnvText } from '../../infra/env-text.ts';
import { type KeyPath, valueAt } from '../../infra/key-path.ts';

/** Undefined: there is no such file. */
export interface Texts {
  readonly config: string | undefined;
  readonly env: string | undefined;
}

export interface Current {
  readonly texts: Texts;
  /** The config as it is written, `${NAME}` and all. */
  readonly raw: unknown;
  /** With defaults, and with what the environment adds. */
  readonly config: Config;
  /** Channels that are on. */
  readonly on: readonly PlatformId[];
  /** All variables, those of `.env` among them. */
  readonly variables: Env['variables'];
  /** What `.env` says. */
  readonly stored: Readonly<Record<string, string | undefined>>;
}

type Known = Pick<Env, 'variables' | 'channels' | 'webToken'>;

/** Refused: `config_faults`. Variables that the config names and nobody has set yet are no fault: setting them is what follows. */
export function readCurrent(texts: Texts, env: Known): Result<Current> {
  const { config: text } = texts;
  const raw = parseJson5(text ?? '');
  const read = readConfigText(text, env);
  const named = [...(text ?? '').matchAll(/\$\{(\w+)\}/g)].map((found) => found[1] ?? '');
  const missing = named.filter((name) => env.variables[name] === undefined);
  const filled = { ...env.variables, ...Object.fromEntries(missing.map((name) => [name, notSet])) };
  const checked = read.ok ? read : readConfigText(text, { ...env, variables: filled });
  if (!raw.ok || !checked.ok) return refuse('config_faults', (read.ok ? [] : read.faults).join('\n'), '');
  const { config } = checked;
  const on = configuredChannels(config).filter((id) => tokenOf(config, id) !== notSet);
  return ok({ texts, raw: raw.value, config, on, variables: env.variables, stored: readEnvText(texts.env) });
}

/** Stands in for a variable that is not set. */
const notSet = '(not set)';

function tokenOf({ channels }: Config, id: PlatformId): string | undefined {
  return channels[id].accounts.default?.token;
}

/** A place in the config for one secret, and the variable it usually comes from. */
export interface Slot {
  readonly path: KeyPath;
  readonly variable: string;
  /** The variable counts without being named in the config. */
  readonly implicit: boolean;
}

export type SecretPlace =
  | {
      readonly kind: 'variable';
      readonly variable: string;
      /** Undefined: not set. */
      readonly value: string | undefined;
      /** The config names the variable; else it counts by itself. */
      readonly inConfig: boolean;
    }
  /** It stands in the config file itself. */
  | { readonly kind: 'literal'; readonly value: string };

export function secretPlace({ raw, variables }: Pick<Current, 'raw' | 'variables'>, slot: Slot): SecretPlace {
  const said = valueAt(raw, slot.path);
  const name = typeof said === 'string' ? /^\$\{(\w+)\}$/.exec(said)?.[1] : undefined;
  if (typeof said === 'string' && said !== '' && name === undefined) return { kind: 'literal', value: said };
  const variable = name ?? slot.variable;
  return { kind: 'variable', variable, value: variables[variable]?.trim() || undefined, inConfig: name !== undefined };
}

/** The token of the account `default`, wherever it is written. */
export function channelSlot(raw: unknown, channel: 'telegram' | 'discord'): Slot {
  const own = ['channels', channel, 'accounts', 'default', 'token'];
  const path = valueAt(raw, own) === undefined ? ['channels', channel, 'token'] : own;
  // Not implicit: the file shall say which channels there are.
  return { path, variable: `${channel.toUpperCase()}_TOKEN`, implicit: false };
}

/** @param variable of a provider that is built in */
export function providerSlot(provider: string, variable: string | undefined): Slot {
  return {
    path: ['models', 'providers', provider, 'apiKey'],
    variable: variable ?? `${provider.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}_API_KEY`,
    implicit: variable !== undefined,
  };
}

/** The agent that answers where no binding says otherwise; undefined while the list is empty. */
export function mainAgent({
  agents: { list },
}: Config): { readonly index: number; readonly agent: (typeof list)[number] } | undefined {
  const marked = list.findIndex((agent) => agent.default);
  const index = Math.max(0, marked);
  const agent = list[index];
  return agent === undefined ? undefined : { index, agent };
}
