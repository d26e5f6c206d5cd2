// What people read at the end of the setup: what is about to change, what was written, what comes next. Pure; called by
// setup.ts.
import JSON5 from 'json5';
import type { PlatformId } from '../../../channels/index.ts';
import { formatKeyPath } from '../../infra/key-path.ts';
import { hideSecrets } from '../../infra/secret-keys.ts';
import type { Edits } from './plan.ts';

/** One line per change; of a secret only the name of its variable. */
export function changesText({ config, env }: Edits): string {
  return [
    ...env.map(({ name }) => `.env: ${name} = [set]`),
    ...config.map(
      ({ path, value }) =>
        `${formatKeyPath(path)} = ${isReference(value) ? value : JSON5.stringify(hideSecrets(value, path))}`,
    ),
  ].join('\n');
}

const isReference = (value: unknown): value is string => typeof value === 'string' && /^\$\{\w+\}$/.test(value);

export interface Outcome {
  /** Channels that are on now. */
  readonly channels: readonly PlatformId[];
  /** The number on WhatsApp is not the owner's. */
  readonly botNumber: boolean;
  /** Somebody is named as the owner. */
  readonly owned: boolean;
  /** A process runs on this state folder. */
  readonly running: boolean;
  /** Tokens or keys changed, which a process reads when it starts. */
  readonly secrets: boolean;
  /** WhatsApp is on and no phone was linked now, nor is known to have been. */
  readonly unlinked: boolean;
  /** Variables of `.env` that the environment sets, too. */
  readonly shadowed: readonly string[];
}

/** The next steps, numbered. */
export function nextText(outcome: Outcome): string {
  const { channels, owned, running, secrets, botNumber } = outcome;
  const steps = [
    ...outcome.shadowed.map((name) => `Take ${name} out of the environment: it wins over .env there.`),
    ...(running ? (secrets ? ['Restart Switchyard: it reads .env when it starts.'] : []) : ['npm start']),
    ...(outcome.unlinked ? ['npx switchyard pair whatsapp   (links the phone)'] : []),
    ...(!owned && channels.includes('telegram')
      ? ['npx switchyard pair telegram   (a link that makes you the owner)']
      : []),
    ...(!owned && channels.includes('discord') ? [approval('discord', 'Discord')] : []),
    ...(!owned && channels.includes('whatsapp') && botNumber ? [approval('whatsapp', 'WhatsApp')] : []),
    ...(channels.includes('whatsapp') && !botNumber ? ['On WhatsApp, write into the chat with yourself.'] : []),
    'npx switchyard doctor   (checks all of it)',
  ];
  return steps.map((step, index) => `${index + 1}. ${step}`).join('\n');
}

const approval = (channel: PlatformId, name: string): string =>
  `Write to the bot on ${name}, then: npx switchyard pair approve ${channel} <code>   (makes you the owner)`;

export const notATerminal = [
  'setup asks questions, and this is no terminal. The same without questions:',
  '  tokens and keys: put TELEGRAM_TOKEN, DISCORD_TOKEN, ANTHROPIC_API_KEY, … into .env (see .env.example)',
  '  npx switchyard config set channels.whatsapp.enabled true',
  '  npx switchyard config set agents.defaults.model anthropic/<model>',
  '  npx switchyard config set commands.ownerAllowFrom "[\'telegram:<id>\']"',
].join('\n');
