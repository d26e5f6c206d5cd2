// Config -> adapters. Each platform's library is loaded only when its channel is on. Called by app.ts.
import type { ChannelAdapter } from '../src/core/channel.ts';
import type { ChannelId } from '../src/core/route.ts';
import type { Config } from '../src/infra/config.ts';
import type { ConsoleOptions } from './console/adapter.ts';

/** Platforms with an adapter. The config knows the keys of the others already. */
const platforms: ReadonlySet<ChannelId> = new Set();

export interface ConfiguredChannels {
  /** Switched on, and there is an adapter. */
  readonly available: readonly ChannelId[];
  /** Switched on, but this version has no adapter for it. */
  readonly missing: readonly ChannelId[];
}

export function configuredChannels({ channels }: Pick<Config, 'channels'>): ConfiguredChannels {
  const names = ['telegram', 'discord', 'whatsapp'] as const;
  const on = names.filter((name) => Object.values(channels[name].accounts).some((account) => account.enabled));
  return {
    available: on.filter((name) => platforms.has(name)),
    missing: on.filter((name) => !platforms.has(name)),
  };
}

export interface ChannelsParts {
  /** Present when the chat in this terminal is on. */
  readonly console: ConsoleOptions | undefined;
}

export async function openChannels(parts: ChannelsParts): Promise<readonly ChannelAdapter[]> {
  if (parts.console === undefined) return [];
  const { ConsoleAdapter } = await import('./console/adapter.ts');
  return [new ConsoleAdapter(parts.console)];
}
