import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OfflineStore } from '../../src/cli/engine-port.ts';
import { reconcileOffline } from '../../src/cli/offline-care.ts';
import { openOfflineStore } from '../../src/cli/offline-store.ts';
import { lockState } from '../../src/cli/state-lock.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { statePaths } from '../../src/infra/state-paths.ts';
import { RunRegistry } from '../../src/runs/registry.ts';
import { aRun, aUsage, noon } from '../fakes/builders.ts';
import { type FakeCli, fakeCli } from '../fakes/cli.ts';
import { virtualClock } from '../fakes/clock.ts';

let home: string;
let cli: FakeCli;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'verbs-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

describe('with the process down', () => {
  let store: OfflineStore | undefined;

  beforeEach(async () => {
    const database = openDatabase(statePaths(home).database);
    const runs = new RunRegistry(database);
    await database.write((sql) => {
      runs.insert(
        sql,
        'k1',
        aRun({
          id: 'aaaa1111-0',
          label: 'old',
          acceptedAt: noon - 9e6,
          lastEventAt: noon - 8e6,
          usage: aUsage(100, 0, 0.5),
        }),
      );
      const state = {
        status: 'failed',
        endedAt: noon,
        outcome: { kind: 'error', code: 'interrupted', message: 'm' },
      } as const;
      runs.insert(sql, 'k2', aRun({ id: 'aaaa2222-0', label: 'cut', state, usage: aUsage(50, 50, 0.25) }));
      runs.insert(sql, 'k3', aRun({ id: 'bbbb3333-0', label: 'lonely', tree: 'tree-2', parent: 'gone' }));
    });
    await database.close();
    cli = fakeCli(home, {
      clock: virtualClock(noon),
      openStore: async () => {
        store = await openOfflineStore(home, () => noon);
        return store;
      },
    });
  });

  it('tells a store of a newer version from a damaged one', async () => {
    const health = async () => (await openOfflineStore(home, () => noon))?.health();
    expect(await health()).toMatchObject({ fault: undefined, newer: false });
    const db = new DatabaseSync(statePaths(home).database);
    db.exec('PRAGMA user_version = 999');
    db.close();
    expect(await health()).toMatchObject({ fault: undefined, newer: true });
  });

  it('lists and shows the stored runs, newest first', async () => {
    expect(await cli.run('tasks', 'list', '--json')).toBe(0);
    expect(JSON.parse(cli.out[0] ?? '').map((run: { label: string }) => run.label)).toEqual(['lonely', 'cut', 'old']);
    expect(await cli.run('tasks', 'list', '--status', 'failed')).toBe(0);
    expect(cli.out[1]?.split('\n')).toHaveLength(2);
    expect(await cli.run('tasks', 'show', 'BBBB')).toBe(0);
    expect(cli.out[2]).toContain('lonely');
  });

  it('explains an id that fits none, several, or is too short', async () => {
    expect(await cli.run('tasks', 'show', 'aaaa')).toBe(1);
    expect(await cli.run('tasks', 'show', 'cccc')).toBe(1);
    expect(await cli.run('tasks', 'show', 'b')).toBe(1);
    expect(cli.err).toEqual([
      '"aaaa" fits several runs: aaaa2222-0 (cut), aaaa1111-0 (old). Give more characters.',
      'There is no run "cccc". See `switchyard tasks list`.',
      '"b" is too short for a run id. Give at least 4 characters.',
    ]);
  });

  it('sums up trees', async () => {
    expect(await cli.run('tasks', 'flow', 'list')).toBe(0);
    const lines = cli.out[0]?.split('\n').map((line) => line.replace(/ {2,}/g, '  '));
    expect(lines).toEqual([
      'TREE  ACTIVE  STARTED  USED  COST  TITLE',
      'tree-2  1/1  2026-01-01T11:58:59Z (1m ago)  210 tokens  no cost  lonely',
      'tree-1  1/2  2026-01-01T09:30:00Z (2h ago)  200 tokens  est. $0.75  old and 1 more',
    ]);
  });

  it('lists what needs care, what would be done about it, and how', async () => {
    expect(await cli.run('tasks', 'maintenance')).toBe(0);
    const told = cli.out[0] ?? '';
    expect(told).toMatch(
      /^orphan +open +stops it .* +lonely \(run bbbb3333\): the session that asked for it is gone\.$/m,
    );
    expect(told).toMatch(/^orphan +open +stops it .* +old \(run aaaa1111\): /m);
    expect(told).toContain('switchyard tasks maintenance --apply');
    expect(await cli.run('tasks', 'maintenance', '--json')).toBe(0);
    expect(JSON.parse(cli.out[1] ?? '')[0]).toMatchObject({
      kind: 'orphan',
      reconciled: false,
      repair: expect.any(String),
    });
  });

  it('puts it right on the store itself, unless a process that does not answer holds it', async () => {
    const offline = fakeCli(home, { reconcile: (forget) => reconcileOffline(cli.parts.env, home, forget) });
    const unlock = lockState(home);
    expect(await offline.run('tasks', 'maintenance', '--apply')).toBe(1);
    expect(offline.err[0]).toContain('is in use');
    unlock?.();
    expect(await offline.run('tasks', 'maintenance', '--apply')).toBe(0);
    expect(offline.out[0]?.match(/ reconciled /g)).toHaveLength(2);
    await offline.run('tasks', 'maintenance', '--apply');
    expect(offline.out[1]).toBe('nothing to reconcile');
    expect(await cli.run('tasks', 'show', 'bbbb')).toBe(0);
    expect(cli.out.at(-1)).toMatch(/^Status +stopped$/m);
  });

  it('lists damaged records, which it leaves to the next start, and all the others', async () => {
    const spoil = async (text: string): Promise<void> => {
      const database = openDatabase(statePaths(home).database);
      await database.write((sql) => sql.run(text));
      await database.close();
    };
    await spoil("UPDATE runs SET data = '{' WHERE id = 'aaaa1111-0'");
    await spoil("INSERT INTO sleeps VALUES ('s', '{')");
    await spoil("INSERT INTO keyv (key, value) VALUES ('sessions::x', '{')");
    const offline = fakeCli(home, { reconcile: (forget) => reconcileOffline(cli.parts.env, home, forget) });
    expect(await cli.run('tasks', 'maintenance')).toBe(0);
    expect(await offline.run('tasks', 'maintenance', '--apply')).toBe(0);
    for (const told of [cli.out[0], offline.out[0]]) {
      for (const record of ['runs aaaa1111-0', 'sleeps s', 'keyv sessions::x'])
        expect(told).toMatch(
          new RegExp(`^unreadable +open +the next start sets it aside +Record ${record}: it is no JSON`, 'm'),
        );
      expect(told).toContain('lonely');
    }
    expect(await cli.run('tasks', 'maintenance', '--json')).toBe(0);
    expect(JSON.parse(cli.out[1] ?? '').map(({ kind }: { kind: string }) => kind)).toEqual(Array(3).fill('unreadable'));
    expect(await cli.run('tasks', 'maintenance')).toBe(0);
    expect(cli.out[2]).not.toContain('--apply');
  });

  it('deletes what is kept of damaged records only where that is asked for', async () => {
    const database = openDatabase(statePaths(home).database);
    await database.write((sql) =>
      sql.run("INSERT INTO set_aside (name, reason, record, at) VALUES ('runs x', 'it is no JSON', '{}', 1)"),
    );
    await database.close();
    const reconciled = async (forget: boolean): Promise<readonly string[]> => {
      const done = await reconcileOffline(cli.parts.env, home, forget);
      const all = done?.ok === true ? done.value : [];
      return all.filter(({ kind }) => kind === 'unreadable').map((one) => `${one.id} ${one.reconciled}`);
    };
    expect(await reconciled(false)).toEqual(['set-aside:1 false']);
    expect(await reconciled(true)).toEqual(['set-aside:1 true']);
    expect(await reconciled(true)).toEqual([]);
  });

  it('changes nothing', async () => {
    const before = readFileSync(statePaths(home).database);
    await cli.run('tasks', 'maintenance');
    expect(readFileSync(statePaths(home).database).equals(before)).toBe(true);
  });
});
