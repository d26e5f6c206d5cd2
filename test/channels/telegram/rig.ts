// The real adapter with the real grammY library in front of the loopback twin. Used by the tests in this folder.
import { TelegramAdapter, type TelegramOptions } from '../../../channels/telegram/adapter.ts';
import type { ForumMemory } from '../../../channels/telegram/topics.ts';
import type { InboundMessage } from '../../../src/core/message.ts';
import type { Route } from '../../../src/core/route.ts';
import { systemClock } from '../../../src/infra/clock.ts';
import { systemIds } from '../../../src/infra/ids.ts';
import { type HeardEvents, hears } from '../../fakes/channel-events.ts';
import { type RecordingLog, recordingLog } from '../../fakes/recording-log.ts';
import { type TelegramTwin, type TelegramTwinOptions, telegramTwin } from '../../twins/telegram/twin.ts';

export interface Rig {
  readonly twin: TelegramTwin;
  readonly log: RecordingLog;
  /** Messages the adapter handed in, of all adapters made here. */
  readonly taken: InboundMessage[];
  readonly events: HeardEvents;
  readonly adapter: TelegramAdapter;
  /** A further adapter of the same bot, as after a restart, or in a second process. */
  another(more?: Partial<TelegramOptions>): TelegramAdapter;
  close(): Promise<void>;
}

export function forums(): ForumMemory {
  const known = new Set<string>();
  return { known, set: (chat, forum) => void (forum ? known.add(chat) : known.delete(chat)) };
}

export async function openRig(
  more: Partial<TelegramOptions> = {},
  twinOptions: TelegramTwinOptions = {},
): Promise<Rig> {
  const twin = await telegramTwin(twinOptions);
  const log = recordingLog();
  const taken: InboundMessage[] = [];
  const made: TelegramAdapter[] = [];
  const remembered = forums();
  const another = (changes: Partial<TelegramOptions> = {}): TelegramAdapter => {
    const adapter = new TelegramAdapter({
      ...{ account: 'default', token: twin.token, apiRoot: twin.url, clock: systemClock, ids: systemIds, log },
      ...{ forums: remembered, commands: [], owners: () => [], closedGroup: () => undefined },
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

export function chat(id: number, thread?: number): Route {
  const place = { channel: 'telegram', account: 'default', chat: String(id) } as const;
  return thread === undefined ? place : { ...place, thread: String(thread) };
}
