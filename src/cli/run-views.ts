// What the CLI's task verbs show, computed from stored runs: finding one, trees with totals.
// Used by offline-store.ts, and by src/wiring/control.ts for the same verbs against a running process. Pure.
import { clip, oneLine } from '../core/format.ts';
import { ok, type Result, refuse } from '../core/result.ts';
import { isTerminal, type Run } from '../core/run.ts';
import { addUsage, noUsage } from '../core/session.ts';
import type { FlowView } from './engine-port.ts';

const shortestPrefix = 4;
const longestTitle = 110;

/** The run with this id, or the only one whose id starts with it. */
export function findRun(runs: readonly Run[], id: string): Result<Run> {
  const wanted = id.toLowerCase();
  const exact = runs.find((run) => run.id === wanted);
  if (exact !== undefined) return ok(exact);
  if (wanted.length < shortestPrefix) {
    return refuse('id_too_short', `"${id}" is too short for a run id.`, `Give at least ${shortestPrefix} characters.`);
  }
  const [only, ...others] = runs.filter((run) => run.id.startsWith(wanted));
  if (only === undefined) return refuse('run_unknown', `There is no run "${id}".`, 'See `switchyard tasks list`.');
  if (others.length === 0) return ok(only);
  const candidates = [only, ...others].map((run) => `${run.id.slice(0, 13)} (${run.label})`).join(', ');
  return refuse('run_ambiguous', `"${id}" fits several runs: ${candidates}.`, 'Give more characters.');
}

/** One row per tree, the one started last first. */
export function flowViews(runs: readonly Run[]): readonly FlowView[] {
  const trees = Map.groupBy(runs, (run) => run.tree);
  const views = [...trees].flatMap(([tree, members]) => {
    const root = members.reduce((top, run) => (run.acceptedAt < top.acceptedAt ? run : top));
    const others = members.length - 1;
    return {
      tree,
      title: `${clip(oneLine(root.label === '' ? root.task : root.label), longestTitle)}${others === 0 ? '' : ` and ${others} more`}`,
      requester: root.requester,
      runs: members.length,
      active: members.filter((run) => !isTerminal(run.state.status)).length,
      usage: members.reduce((total, run) => addUsage(total, run.usage), noUsage),
      startedAt: root.acceptedAt,
    };
  });
  return views.sort((a, b) => b.startedAt - a.startedAt);
}

/** The tree with this id, by the rules of `findRun`; a run's id names the tree it belongs to. */
export function findFlow(runs: readonly Run[], id: string): Result<FlowView> {
  const flows = flowViews(runs);
  const fitting = id.length < shortestPrefix ? [] : flows.filter((flow) => flow.tree.startsWith(id));
  const [only, ...others] = fitting;
  if (only !== undefined && others.length === 0) return ok(only);
  if (only !== undefined) {
    const candidates = fitting.map((flow) => `${flow.tree} (${flow.title})`).join(', ');
    return refuse('flow_ambiguous', `"${id}" fits several trees: ${candidates}.`, 'Give more characters.');
  }
  const run = findRun(runs, id);
  const flow = run.ok ? flows.find((one) => one.tree === run.value.tree) : undefined;
  return flow === undefined
    ? refuse('flow_unknown', `There is no tree "${id}".`, 'See `switchyard tasks flow list`.')
    : ok(flow);
}
