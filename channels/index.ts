// Config -> adapters. Each platform's library is loaded only when its channel is on. Called by src/wiring/channels.ts.
import type { ChannelAdapter, GroupClosed } from '../src/core/channel.ts';
import type { Command } from '../src/core/command.ts';
import { assertNever } from '../src/core/result.ts';
import type { ChannelId, Route } from '../src/core/route.ts';
import type { Clock } from '../src/infra/clock.ts';
import type { Config } from '../src/infra/config.ts';
import type { AccountConfig } from '../src/infra/config-channels.ts';
import type { Ids } from '../src/infra/ids.ts';
import type { Log } from '../src/infra/log.ts';
import type { ConsoleOptions } from './console/adapter.ts';
import type { CommandMemory } from './discord/registration.ts';
import type { SeenMemory } from './discord/seen.ts';
import type { ForumMemory } from './telegram/topics.ts';
import type { WhatsappOptions } from './whatsapp/adapter.ts';

export type PlatformId = Exclude<ChannelId, 'console'>;
export const platformIds = ['telegram', 'discord', 'whatsapp'] as const satisfies readonly PlatformId[];

/** Those that are switched on. */
export function configuredChannels({ channels }: Pick<Config, 'channels'>): readonly PlatformId[] {
  return platformIds.filter((name) => Object.values(channels[name].accounts).some((account) => account.enabled));
}

export async function openConsole(options: ConsoleOptions): Promise<ChannelAdapter> {
  const { ConsoleAdapter } = await import('./console/adapter.ts');
  return new ConsoleAdapter(options);
}

/** What an adapter needs beside its own settings. */
export interface PlatformParts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  /** Commands to offer natively. */
  readonly commands: readonly Command[];
  /** Ids of the owner on a platform. */
  readonly owners: (channel: PlatformId) => readonly string[];
  /** Why nobody is heard in a group; undefined: it is served. */
  readonly closedGroup: (group: Route) => GroupClosed | undefined;
  /** Groups known to have topics, by account. */
  readonly forums: (account: string) => Promise<ForumMemory>;
  /** Up to where a Discord account has read its channels. */
  readonly seen: (account: string) => Promise<SeenMemory>;
  /** The commands a Discord account has made known. */
  readonly registered: (account: string) => CommandMemory;
  /** What a WhatsApp account keeps, once nobody else uses it, and who watches how it is linked. */
  readonly whatsapp: (account: string) => Promise<WhatsappParts>;
}

export type WhatsappParts = Pick<WhatsappOptions, 'memory' | 'linkChanged' | 'picture'>;

export interface Account {
  readonly channel: PlatformId;
  readonly name: string;
  readonly settings: AccountConfig;
}

/** Accounts that are switched on. */
export function enabledAccounts(config: Pick<Config, 'channels'>): readonly Account[] {
  return configuredChannels(config).flatMap((channel) =>
    Object.entries(config.channels[channel].accounts)
      .filter(([, settings]) => settings.enabled)
      .map(([name, settings]) => ({ channel, name, settings })),
  );
}

/** What a connection depends on: when it changes the account connects anew, everything else holds live. */
export function connectionSettings({ settings }: Account): string {
  const { token, apiUrl, apiRoot, wsUrl, webhook, autoArchiveMinutes, devGuild, personas } = settings;
  return JSON.stringify({ token, apiUrl, apiRoot, wsUrl, webhook, autoArchiveMinutes, devGuild, personas });
}

export async function openAccount(account: Account, parts: PlatformParts): Promise<ChannelAdapter> {
  switch (account.channel) {
    case 'telegram':
      return openTelegram(account, parts);
    case 'discord':
      return openDiscord(account, parts);
    case 'whatsapp':
      return openWhatsapp(account, parts);
    default:
      return assertNever(account.channel);
  }
}

async function openTelegram({ channel, name, settings }: Account, parts: PlatformParts): Promise<ChannelAdapter> {
  const { TelegramAdapter } = await import('./telegram/adapter.ts');
  const { clock, ids, commands, owners, closedGroup, forums } = parts;
  return new TelegramAdapter({
    ...{ account: name, token: settings.token ?? '', apiRoot: settings.apiRoot, webhook: settings.webhook },
    ...{ clock, ids, commands, owners: () => owners('telegram'), closedGroup, forums: await forums(name) },
    log: parts.log.child({ channel, account: name }),
  });
}

async function openDiscord({ channel, name, settings }: Account, parts: PlatformParts): Promise<ChannelAdapter> {
  const { DiscordAdapter } = await import('./discord/adapter.ts');
  const { clock, ids, commands, seen, registered } = parts;
  const { token = '', apiUrl, autoArchiveMinutes = 1440, devGuild, personas } = settings;
  return new DiscordAdapter({
    ...{ account: name, token, apiUrl, autoArchiveMinutes, devGuild, personas, clock, ids, commands },
    ...{ seen: await seen(name), registered: registered(name) },
    log: parts.log.child({ channel, account: name }),
  });
}

async function openWhatsapp({ channel, name, settings }: Account, parts: PlatformParts): Promise<ChannelAdapter> {
  const { WhatsappAdapter } = await import('./whatsapp/adapter.ts');
  const { clock, ids } = parts;
  return new WhatsappAdapter({
    ...{ account: name, wsUrl: settings.wsUrl, clock, ids, ...(await parts.whatsapp(name)) },
    log: parts.log.child({ channel, account: name }),
  });
}
