// The tree of sessions and runs. Called by snapshot.ts.
import { outcomeWords, shownUsage, statusWord } from '../../commands/run-words.ts';
import { clip, oneLine } from '../core/format.ts';
import { isTerminal, type Run } from '../core/run.ts';
import { addUsage, lastRoute, noUsage, type SessionKey } from '../core/session.ts';
import { type OverviewRun, shownRuns } from '../runs/overview.ts';
import type { Engine } from '../wiring/engine.ts';
import type { RunRow, SessionRow, Tone } from './view.ts';
import { placeWords, spentWords } from './words.ts';

type Parts = Pick<Engine, 'stores' | 'layer' | 'approvals' | 'acp'>;

/** As in the lists of the chats. */
const recentMs = 30 * 60_000;
const mostRuns = 100;
const textChars = 160;

/** Sessions that have a turn, or runs worth a look; the one that changed last comes first. */
export async function workRows(engine: Parts, now: number): Promise<readonly SessionRow[]> {
  const runs = shownRuns(engine.stores.database.read, now - recentMs, mostRuns);
  const trees = Map.groupBy(runs, ({ scope }) => scope);
  const children = new Set(runs.map(({ run }) => run.child));
  const active = engine.layer.turns.allActive().map((turn) => turn.session);
  // A run's turn shows in its row, whether or not the run itself is among those shown.
  const chats = active.filter((key) => !children.has(key) && engine.stores.registry.byChild(key) === undefined);
  const keys = new Set<SessionKey>([...chats, ...trees.keys()]);
  const rows = await Promise.all([...keys].map((key) => sessionRow(engine, key, trees.get(key) ?? [], now)));
  return rows.sort((a, b) => newest(b) - newest(a));
}

/** Sessions keep their places while their runs go on: what counts is when something began. */
function newest({ turn, runs }: SessionRow): number {
  return Math.max(turn?.startedAt ?? 0, ...runs.map((run) => run.acceptedAt));
}

async function sessionRow(
  engine: Parts,
  key: SessionKey,
  runs: readonly OverviewRun[],
  now: number,
): Promise<SessionRow> {
  const session = await engine.stores.sessions.get(key);
  const turn = engine.layer.turns.active(key);
  const route = session === undefined ? undefined : lastRoute(session);
  const own = session?.usage;
  const usage = own === undefined || turn === undefined ? own : addUsage(own, turn.usage);
  return {
    key,
    place: route === undefined ? key : placeWords(route),
    label: engine.acp.label(key),
    agent: session?.agentId ?? '',
    turn: turn === undefined ? undefined : { startedAt: turn.startedAt, asks: turn.asking > 0 },
    waiting: engine.layer.turns.waiting(key).length,
    spent: usage === undefined ? { tokens: 'n/a', cost: 'n/a' } : spentWords(usage),
    runs: runRows(engine, runs, now),
  };
}

function runRows({ stores, approvals, layer }: Parts, all: readonly OverviewRun[], now: number): readonly RunRow[] {
  const ids = new Map(all.map(({ run }) => [run.child, run.id]));
  const working = Map.groupBy(
    all.filter(({ run }) => !isTerminal(run.state.status)),
    ({ run }) => run.requester,
  );
  return all.map(({ run: recorded }) => {
    // The record gets a turn's usage at its end; people see it grow.
    const usage = addUsage(recorded.usage, layer.turns.active(recorded.child)?.usage ?? noUsage);
    const run = { ...recorded, usage };
    const ended = isTerminal(run.state.status);
    const awaited = !ended && approvals.awaited(run.child);
    // Those that are shown are all: whatever is active is shown.
    const activeChildren = ended
      ? 0
      : (working.get(run.child)?.length ?? stores.registry.activeChildren(run.child).length);
    const state = statusWord({ run, activeChildren, awaited }, now);
    return runRow(run, { state, awaited, parent: ids.get(run.requester), now });
  });
}

interface RunFacts {
  readonly state: string;
  readonly awaited: boolean;
  readonly parent: string | undefined;
  readonly now: number;
}

function runRow(run: Run, { state, awaited, parent, now }: RunFacts): RunRow {
  const failed = 'outcome' in run.state && run.state.outcome.kind !== 'success' ? run.state.outcome : undefined;
  const { delivery } = run;
  const plain = delivery.state === 'none' || delivery.state === 'delivered';
  return {
    id: run.id,
    parent,
    label: run.label,
    task: clip(oneLine(run.task), textChars),
    agent: run.agentId,
    model: run.model,
    state,
    tone: awaited ? 'asks' : toneOf(run),
    active: !isTerminal(run.state.status),
    acceptedAt: run.acceptedAt,
    startedAt: 'startedAt' in run.state ? run.state.startedAt : undefined,
    endedAt: 'endedAt' in run.state ? run.state.endedAt : undefined,
    deliveredAt: delivery.deliveredAt,
    delivery: plain ? undefined : delivery.state,
    spent: spentWords(shownUsage(run, now)),
    error: failed === undefined ? undefined : clip(oneLine(outcomeWords(failed)), textChars),
  };
}

function toneOf({ state, stalledSince }: Run): Tone {
  switch (state.status) {
    case 'queued':
    case 'waiting':
    case 'stopped':
      return 'idle';
    case 'running':
      return stalledSince === undefined ? 'busy' : 'bad';
    case 'succeeded':
      return 'good';
    case 'failed':
    case 'timed_out':
    case 'lost':
      return 'bad';
  }
}
