// Opens what is stored. First layer of the engine.
import { join } from 'node:path';
import { OpenTurns } from '../agents/open-turns.ts';
import { ChatMoves } from '../delivery/chat-moves.ts';
import { Choices } from '../inbound/choices.ts';
import { Inbox } from '../inbound/inbox.ts';
import { Persons } from '../inbound/persons.ts';
import { type Database, type OnUnreadable, openDatabase } from '../infra/database.ts';
import { keyedStores, type StoreFactory } from '../infra/keyed-store.ts';
import { SetAside } from '../infra/set-aside.ts';
import { statePaths } from '../infra/state-paths.ts';
import { Budgets } from '../runs/budget.ts';
import { Numbers } from '../runs/numbers.ts';
import { RunRegistry } from '../runs/registry.ts';
import { Sessions } from '../sessions/sessions.ts';
import { type TranscriptStore, Transcripts } from '../sessions/transcript.ts';
import type { EngineParts } from './parts.ts';

export interface Stores {
  readonly database: Database;
  readonly keyed: StoreFactory;
  readonly transcripts: TranscriptStore;
  readonly sessions: Sessions;
  readonly registry: RunRegistry;
  readonly numbers: Numbers;
  readonly inbox: Inbox;
  readonly openTurns: OpenTurns;
  /** What the buttons under our messages mean. */
  readonly choices: Choices;
  readonly moves: ChatMoves;
  /** People known under more than one id. */
  readonly persons: Persons;
  readonly budgets: Budgets;
  /** Moves records that cannot be read out of the way. */
  readonly aside: SetAside;
}

/** @param unreadable what is done about records that cannot be read, in place of setting them aside */
export async function openStores(
  parts: Pick<EngineParts, 'home' | 'storage' | 'clock' | 'ids' | 'log' | 'config' | 'seams'>,
  unreadable?: OnUnreadable,
): Promise<Stores> {
  const { home, storage, clock, ids, log, config, seams } = parts;
  const file = storage?.database ?? openDatabase(statePaths(home).database);
  const database = seams?.database?.(file) ?? file;
  const aside = new SetAside({ database, clock, log });
  if (unreadable !== undefined) database.onUnreadable(unreadable);
  const keyed = keyedStores(database, clock);
  const transcripts = storage?.transcripts ?? new Transcripts(join(home, 'transcripts'));
  const moves = await ChatMoves.open(keyed);
  const persons = await Persons.open(keyed);
  return {
    database,
    keyed,
    transcripts,
    sessions: new Sessions({ stores: keyed, transcripts, clock, ids }),
    registry: new RunRegistry(database),
    numbers: new Numbers(keyed, (route) => moves.first(route)),
    inbox: new Inbox(database, clock),
    openTurns: new OpenTurns(database),
    choices: new Choices(database, clock, ids),
    moves,
    persons,
    budgets: new Budgets({ database, clock, config }),
    aside,
  };
}
