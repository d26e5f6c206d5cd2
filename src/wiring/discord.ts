// What a Discord account remembers across restarts: up to where it has read, and the commands it has made known. Used by app.ts.
import { z } from 'zod';
import type { CommandMemory } from '../../channels/discord/registration.ts';
import type { SeenMark, SeenMemory } from '../../channels/discord/seen.ts';
import type { StoreFactory } from '../infra/keyed-store.ts';
import type { Log } from '../infra/log.ts';

const markSchema = z.object({ message: z.string(), person: z.string().optional() });
const registeredSchema = z.object({ application: z.string(), hash: z.string(), guild: z.string().optional() });

export async function seenMemory(stores: StoreFactory, log: Log, account: string): Promise<SeenMemory> {
  const store = stores('discord-seen', markSchema);
  const prefix = `${account}:`;
  const known = new Map<string, SeenMark>();
  for await (const [key, mark] of store.entries())
    if (key.startsWith(prefix)) known.set(key.slice(prefix.length), mark);
  return {
    known,
    async save(changes) {
      try {
        for (const [channel, mark] of changes)
          if (mark === undefined) await store.delete(prefix + channel);
          else await store.set(prefix + channel, mark);
      } catch (err) {
        log.warn({ err, account }, 'it was not remembered up to where channels were read; some is read again');
      }
    },
  };
}

export function registeredMemory(stores: StoreFactory, account: string): CommandMemory {
  const store = stores('discord-commands', registeredSchema);
  return {
    get: () => store.get(account),
    set: (registered) => store.set(account, registered),
  };
}
