// A runs table in memory with a clock, for tests of what ends runs.
import type { Run } from '../../src/core/run.ts';
import { type Database, openDatabase } from '../../src/infra/database.ts';
import { RunRegistry } from '../../src/runs/registry.ts';
import { aRun, noon } from '../fakes/builders.ts';
import { type VirtualClock, virtualClock } from '../fakes/clock.ts';

export interface RunStore {
  readonly database: Database;
  readonly registry: RunRegistry;
  readonly clock: VirtualClock;
  /** Adds a run; its id names it everywhere. */
  add(id: string, fields?: Partial<Run>): Promise<Run>;
  get(id: string): Run;
}

export function runStore(): RunStore {
  const database = openDatabase(':memory:');
  const registry = new RunRegistry(database);
  return {
    database,
    registry,
    clock: virtualClock(noon),
    async add(id, fields = {}) {
      const run = aRun({ id, label: id, child: `child:${id}`, requester: 'chat', ...fields });
      await database.write((sql) => {
        registry.insert(sql, `key:${id}`, run);
        // Runs are accepted before anything is known of their end; columns about that follow with a change.
        registry.change(sql, id, (each) => ({ ...each }));
      });
      return run;
    },
    get(id) {
      const run = registry.get(id);
      if (run === undefined) throw new Error(`no run ${id}`);
      return run;
    },
  };
}
