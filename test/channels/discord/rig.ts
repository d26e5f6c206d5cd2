// The real adapter with the real discord.js in front of the loopback twin. Used by the tests in this folder.
import { DiscordAdapter, type DiscordOptions } from '../../../channels/discord/adapter.ts';
import type { CommandMemory, Registered } from '../../../channels/discord/registration.ts';
import type { SeenMark, SeenMemory } from '../../../channels/discord/seen.ts';
import type { InboundMessage } from '../../../src/core/message.ts';
import type { Route } from '../../../src/core/route.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { type HeardEvents, hears } from '../../fakes/channel-events.ts';
import { type RecordingLog, recordingLog } from '../../fakes/recording-log.ts';
import { type DiscordTwin, type DiscordTwinOptions, discordTwin } from '../../twins/discord/twin.ts';

export interface Rig {
  readonly twin: DiscordTwin;
  readonly log: RecordingLog;
  /** Messages the adapter handed in, of all adapters made here. */
  readonly taken: InboundMessage[];
  readonly events: HeardEvents;
  readonly adapter: DiscordAdapter;
  /** A further adapter of the same bot, as after a restart. */
  another(more?: Partial<DiscordOptions>): DiscordAdapter;
  close(): Promise<void>;
}

export function seenMemory(): SeenMemory {
  const known = new Map<string, SeenMark>();
  return {
    known,
    save: async (changes) => {
      for (const [channel, mark] of changes) mark === undefined ? known.delete(channel) : known.set(channel, mark);
    },
  };
}

function registered(): CommandMemory {
  let last: Registered | undefined;
  return {
    get: async () => last,
    set: async (now) => {
      last = now;
    },
  };
}

export async function openRig(more: Partial<DiscordOptions> = {}, twinOptions: DiscordTwinOptions = {}): Promise<Rig> {
  const twin = await discordTwin(twinOptions);
  const log = recordingLog();
  const taken: InboundMessage[] = [];
  const made: DiscordAdapter[] = [];
  const remembered = { seen: seenMemory(), registered: registered() };
  const another = (changes: Partial<DiscordOptions> = {}): DiscordAdapter => {
    const adapter = new DiscordAdapter({
      ...{ account: 'default', token: twin.token, apiUrl: twin.url, clock: systemClock, ids: systemIds, log },
      ...{ autoArchiveMinutes: 1440, commands: [], ...remembered },
      ...more,
      ...changes,
    });
    made.push(adapter);
    return adapter;
  };
  return {
    ...{ twin, log, taken, another, adapter: another() },
    events: hears(async (message) => void taken.push(message)),
    close: async () => {
      await Promise.all(made.map((adapter) => adapter.stop()));
      await twin.close();
    },
  };
}

export function place(chat: { readonly id: string }, thread?: { readonly id: string }): Route {
  const route = { channel: 'discord', account: 'default', chat: chat.id } as const;
  return thread === undefined ? route : { ...route, thread: thread.id };
}
