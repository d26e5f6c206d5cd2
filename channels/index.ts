// Config -> adapters. Each platform's library is loaded only when its channel is on. Called by app.ts.
import type { ChannelAdapter } from '../src/core/channel.ts';
import type { ConsoleOptions } from './console/adapter.ts';

export interface ChannelsParts {
  /** Present when the chat in this terminal is on. */
  readonly console: ConsoleOptions | undefined;
}

export async function openChannels(parts: ChannelsParts): Promise<readonly ChannelAdapter[]> {
  if (parts.console === undefined) return [];
  const { ConsoleAdapter } = await import('./console/adapter.ts');
  return [new ConsoleAdapter(parts.console)];
}
