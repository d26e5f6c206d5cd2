// What a crash left in the store that nothing will take up by itself, and how it is put right.
// Used by engine.ts of this folder, and by src/cli/offline-store.ts.
import type { Binding } from '../../core/binding.ts';
import type { Leftover } from '../../core/maintenance.ts';
import { ok, type Result } from '../../core/result.ts';
import { type Run, shortId } from '../../core/run.ts';
import type { SessionKey } from '../../core/session.ts';
import { endRun } from '../../runs/end-run.ts';
import { isStale } from '../../runs/spawn.ts';
import type { Engine } from '../engine.ts';

/** @param alive sessions that have a record */
export function leftoversOf(
  runs: readonly Run[],
  bindings: readonly Binding[],
  { now, alive }: { readonly now: number; readonly alive: ReadonlySet<SessionKey> },
): readonly Leftover[] {
  const stale = runs
    .filter((run) => isStale(run, now))
    .map(
      (run): Leftover => ({
        ...{ kind: 'stale', id: run.id },
        what: `${run.label} (run ${shortId(run.id)}) counts as active, and has given no sign of life since ${new Date(run.lastEventAt).toISOString()}.`,
        repair: 'ends it as lost, which is announced',
      }),
    );
  const dangling = bindings
    .filter(({ session }) => !alive.has(session))
    .map(
      ({ session, label, route }): Leftover => ({
        ...{ kind: 'orphan', id: session },
        what: `a conversation on ${route.channel} is bound to ${label}, whose session is gone.`,
        repair: 'ends the binding',
      }),
    );
  return [...stale, ...dangling];
}

export async function engineLeftovers({ stores, delivery, parts }: Engine): Promise<readonly Leftover[]> {
  const bindings = await delivery.bindings.all();
  const alive = new Set<SessionKey>();
  for (const { session } of bindings) if ((await stores.sessions.get(session)) !== undefined) alive.add(session);
  return leftoversOf(stores.registry.active(), bindings, { now: parts.clock.now(), alive });
}

/** Ids of those that were put right. */
export async function reconcileAll(engine: Engine, found: readonly Leftover[]): Promise<Result<ReadonlySet<string>>> {
  const done = new Set<string>();
  for (const one of found) if (await reconcile(engine, one)) done.add(one.id);
  return ok(done);
}

async function reconcile(engine: Engine, { kind, id }: Leftover): Promise<boolean> {
  const { stores, layer, delivery, parts } = engine;
  if (kind === 'orphan') {
    const farewell = await delivery.bindings.dropFor(id);
    if (farewell !== undefined) await delivery.notify(farewell.key, farewell.route, farewell.text);
    return farewell !== undefined;
  }
  const run = stores.registry.get(id);
  if (run === undefined || layer.turns.active(run.child) !== undefined) return false;
  const now = parts.clock.now();
  const outcome = { kind: 'error', code: 'lost', message: `run ${shortId(id)} gave no sign of life` } as const;
  const ended = await stores.database.write((sql) => endRun(sql, stores.registry, id, { outcome, now, lost: true }));
  if (ended !== undefined) layer.ended(ended);
  return ended !== undefined;
}
