// What the runs table answers about a session's runs, compared with looking at every run there is.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deliveryStates, isTerminal, type Run, type RunState, runStatuses } from '../../src/core/run.ts';
import { openDatabase } from '../../src/infra/database.ts';
import { RunRegistry } from '../../src/runs/registry.ts';
import { aRun } from '../fakes/builders.ts';

const chats = ['chat:a', 'chat:b'];
const labels = ['Work', 'work-2', 'words', 'Ärger', 'last'];

const plan = fc.record({
  /** Index of the run whose session asked; beyond what there is so far: a chat. */
  by: fc.nat(12),
  status: fc.constantFrom(...runStatuses),
  endedAt: fc.integer({ min: 1, max: 100 }),
  delivery: fc.constantFrom(...deliveryStates),
  archived: fc.boolean(),
  label: fc.constantFrom(...labels),
});

test('every question about the runs below a session is answered from all runs there are, at any depth', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(plan, { maxLength: 12 }), fc.nat(100), async (plans, since) => {
      const runs: Run[] = [];
      for (const [index, each] of plans.entries()) runs.push(made(runs, each, index));
      const { registry, close } = await stored(runs);
      for (const session of [...chats, ...runs.map((run) => run.child)]) {
        const below = runs.filter((run) => requesters(runs, run).includes(session));
        const ids = (fits: (run: Run) => boolean): readonly string[] => below.filter(fits).map((run) => run.id);
        const own = (run: Run): boolean => run.requester === session;
        expect(registry.activeBelow(session).map(idOf)).toEqual(ids(active));
        expect(registry.owedBelow(session).map(idOf)).toEqual(ids((run) => ended(run) > 0 && unread(run)));
        expect(registry.shownBelow(session, since).map(({ run }) => run.id)).toEqual(
          ids((run) => active(run) || ended(run) > since || (run.archivedAt === undefined && open(run))),
        );
        expect(registry.newestBelow(session, 3).map(idOf)).toEqual(
          ids(() => true)
            .toReversed()
            .slice(0, 3),
        );
        expect(registry.undeliveredBelow(session)).toBe(
          ids((run) => run.archivedAt === undefined && failed(run)).length,
        );
        expect(registry.activeChildren(session).map(idOf)).toEqual(ids((run) => own(run) && active(run)));
        expect(registry.openChildren(session).map(idOf)).toEqual(
          ids((run) => own(run) && (active(run) || unread(run))),
        );
      }
      for (const chat of chats) {
        const inUse = runs.filter((run) => requesters(runs, run).includes(chat) && run.archivedAt === undefined);
        for (const wanted of labels)
          expect(registry.labelsLike(chat, wanted)).toEqual(
            new Set(
              inUse.map((run) => run.label.toLowerCase()).filter((label) => label.startsWith(wanted.toLowerCase())),
            ),
          );
      }
      await close();
    }),
    { numRuns: 60 },
  );
});

function made(known: readonly Run[], { by, status, endedAt, delivery, archived, label }: PlanOf, index: number): Run {
  const state: RunState =
    status === 'queued'
      ? { status }
      : isTerminal(status)
        ? { status, endedAt, outcome: { kind: 'success', text: '' } }
        : { status, startedAt: 1 };
  return aRun({
    id: `run${index}`,
    child: `child:${index}`,
    requester: known[by]?.child ?? chats[by % 2] ?? '',
    label,
    state,
    delivery: { state: isTerminal(status) ? delivery : 'none', attempts: 0 },
    ...(archived && isTerminal(status) ? { archivedAt: endedAt } : {}),
  });
}

type PlanOf = typeof plan extends fc.Arbitrary<infer T> ? T : never;

async function stored(runs: readonly Run[]) {
  const database = openDatabase(':memory:');
  const registry = new RunRegistry(database);
  await database.write((sql) => {
    for (const run of runs) {
      registry.insert(sql, run.id, { ...run, state: { status: 'queued' } });
      registry.change(sql, run.id, () => run);
    }
  });
  return { registry, close: () => database.close() };
}

/** The session that asked, the one that asked for that one, and so on to the chat. */
function requesters(runs: readonly Run[], run: Run): readonly string[] {
  const above = runs.find((each) => each.child === run.requester);
  return [run.requester, ...(above === undefined ? [] : requesters(runs, above))];
}

const idOf = (run: Run): string => run.id;
const active = (run: Run): boolean => !isTerminal(run.state.status);
const ended = (run: Run): number => ('endedAt' in run.state ? run.state.endedAt : 0);
const unread = (run: Run): boolean => run.delivery.state === 'pending' || run.delivery.state === 'handed';
const failed = (run: Run): boolean => run.delivery.state === 'undelivered' || run.delivery.state === 'ambiguous';
const open = (run: Run): boolean => unread(run) || failed(run) || run.delivery.state === 'sending';
