// Session records on a database in memory. Used by the tests of sessions and of the router.
import { openDatabase } from '../../src/infra/database.ts';
import { keyedStores } from '../../src/infra/keyed-store.ts';
import { type SessionSeed, Sessions } from '../../src/sessions/sessions.ts';
import { virtualClock } from '../fakes/clock.ts';
import { seededIds } from '../fakes/ids.ts';

export function sessionWorld() {
  const clock = virtualClock();
  const database = openDatabase(':memory:');
  const archived: string[] = [];
  const disk = { full: false };
  const archive = async (id: string, how: string): Promise<undefined> => {
    if (disk.full) throw new Error('no space left');
    archived.push(`${how} ${id}`);
  };
  const stores = keyedStores(database, clock);
  const open = () => new Sessions({ stores, transcripts: { archive }, clock, ids: seededIds() });
  return { clock, database, stores, archived, disk, sessions: open(), reopened: open };
}

export function aSeed(fields: Partial<SessionSeed> = {}): SessionSeed {
  return {
    ...{ kind: 'chat', agentId: 'main', depth: 0, role: 'main', controlScope: 'agent:main:main', ownerOnly: true },
    ...fields,
  };
}
