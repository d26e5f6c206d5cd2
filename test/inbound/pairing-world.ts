// Pairing on a database in memory, and what people write to it. Used by the tests of pairing.
import type { InboundMessage } from '../../src/core/message.ts';
import type { Result } from '../../src/core/result.ts';
import { Pairing } from '../../src/inbound/pairing.ts';
import { type Config, configSchema } from '../../src/infra/config.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';

export const hour = 60 * 60_000;

export interface World {
  readonly pairing: Pairing;
  readonly clock: VirtualClock;
  readonly database: Database;
  config: Config;
  /** What a new process finds on disk. */
  reopen(): Promise<void>;
}

export async function openPairing(raw: object = {}): Promise<World> {
  const database = openDatabase(':memory:');
  const clock = virtualClock();
  const ids = seededIds(7);
  const open = () => Pairing.open({ stores: keyedStores(database, clock), clock, ids, config: () => world.config });
  let pairing: Pairing | undefined;
  const world: World = {
    get pairing() {
      if (pairing === undefined) throw new Error('pairing is not open yet');
      return pairing;
    },
    clock,
    database,
    config: configSchema.parse(raw),
    reopen: async () => {
      pairing = await open();
    },
  };
  await world.reopen();
  return world;
}

let written = 0;

/** A direct message of this person on Telegram. */
export function wrote(person: string, text = 'hello', more: Partial<InboundMessage> = {}): InboundMessage {
  written += 1;
  return {
    id: `m${written}`,
    route: { channel: 'telegram', account: 'default', chat: person },
    sender: { id: person, name: person },
    chat: 'direct',
    text,
    mentionsBot: true,
    attachments: [],
    sentAt: 0,
    ...more,
  };
}

/** Somebody unknown writes; the code they get. */
export async function codeFor(world: World, person: string, more: Partial<InboundMessage> = {}): Promise<string> {
  const asked = await world.pairing.ask(wrote(person, 'hello', more));
  if (asked.kind !== 'ask') throw new Error(`${person} was not answered: ${asked.reason}`);
  return asked.request.code;
}

/** Refusals by their code. */
export function outcome<T>(result: Result<T>): T | string {
  return result.ok ? result.value : result.refusal.code;
}
