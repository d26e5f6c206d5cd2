// How runs, trees and maintenance look on the command line. Used by tasks.ts. Pure.
import {
  costWords,
  outcomeWords,
  runName,
  shownUsage,
  tokenSplit,
  tokenWords,
  workedMs,
} from '../../commands/run-words.ts';
import { clip, elapsed, oneLine, timestamp, usd } from '../core/format.ts';
import { isSetAside } from '../core/maintenance.ts';
import { type Run, shortId } from '../core/run.ts';
import type { StopReport } from '../core/services.ts';
import type { FlowView, MaintenanceFinding } from './engine-port.ts';
import { table } from './table.ts';

const taskWidth = 80;

export function runTable(runs: readonly Run[], now: number): string {
  const rows = runs.map((run) => [
    shortId(run.id),
    run.state.status,
    run.delivery.state,
    run.agentId,
    elapsed(workedMs(run, now)),
    tokenWords(shownUsage(run, now)),
    run.label === run.task
      ? clip(oneLine(run.task), taskWidth)
      : clip(oneLine(`${run.label} - ${run.task}`), taskWidth),
  ]);
  return table(['RUN', 'STATUS', 'DELIVERY', 'AGENT', 'ELAPSED', 'USED', 'TASK'], rows);
}

export function runDetails(run: Run, now: number): string {
  const { state, delivery } = run;
  const usage = shownUsage(run, now);
  const facts: readonly (readonly [string, string])[] = [
    ['Run', run.id],
    ['Tree', run.tree],
    ['Status', state.status],
    ['Label', oneLine(run.label)],
    ['Task', oneLine(run.task)],
    ['Agent', `${run.agentId} (${run.runtime}, ${run.role}, depth ${run.depth})`],
    ['Model', `${run.model}, thinking ${run.thinking}`],
    ['Session', run.child],
    ['Requester', `${run.requester} (${run.askedBy})`],
    ['Accepted', timestamp(run.acceptedAt, now)],
    ['Started', timestamp('startedAt' in state ? state.startedAt : undefined, now)],
    ['Finished', timestamp('endedAt' in state ? state.endedAt : undefined, now)],
    ['Delivered', timestamp(delivery.deliveredAt, now)],
    ['Elapsed', elapsed(workedMs(run, now))],
    ['Timeout', run.timeoutSeconds === 0 ? 'none' : elapsed(run.timeoutSeconds * 1000)],
    ['Tokens', tokenSplit(usage)],
    ['Cost', usd(usage.reported ? usage.costUsd : null)],
    ['Mode', `${run.mode}, cleanup ${run.cleanup}`],
    ['Archive at', timestamp(run.archiveAt, now)],
    ['Warnings', run.warnings.length === 0 ? '(none)' : run.warnings.join(' ')],
    ['Outcome', 'outcome' in state ? outcomeWords(state.outcome) : 'n/a'],
    ['Delivery', deliveryText(run, now)],
  ];
  const width = Math.max(...facts.map(([name]) => name.length));
  const text = 'outcome' in state && state.outcome.kind === 'success' ? `\n\n${state.outcome.text}` : '';
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n') + text;
}

export function deliveryText(run: Run, now: number): string {
  const { state, attempts, nextAt, reason } = run.delivery;
  const next = nextAt === undefined ? [] : [`next try ${timestamp(nextAt, now)}`];
  return [state, `${attempts} attempts`, ...next, ...(reason === undefined ? [] : [reason])].join(', ');
}

export function flowTable(flows: readonly FlowView[], now: number): string {
  const rows = flows.map((flow) => [
    shortId(flow.tree),
    `${flow.active}/${flow.runs}`,
    timestamp(flow.startedAt, now),
    tokenWords(flow.usage),
    costWords(flow.usage),
    flow.title,
  ]);
  return table(['TREE', 'ACTIVE', 'STARTED', 'USED', 'COST', 'TITLE'], rows);
}

/** Counts as in the chat; what did not stop is named. */
export function stopText(report: StopReport): string {
  const { stopped, alreadyFinished, failed } = report;
  if (stopped.length + alreadyFinished.length + failed.length === 0) return 'nothing was running';
  const counts = `stopped ${stopped.length}, already finished ${alreadyFinished.length}, failed ${failed.length}`;
  return [counts, ...failed.map((run) => `⚠️ ${runName(run)} did not stop by itself and was ended by force`)].join('\n');
}

export function maintenanceText(findings: readonly MaintenanceFinding[], applied: boolean): string {
  if (findings.length === 0) return 'nothing to reconcile';
  const rows = findings.map((one) => [one.kind, one.reconciled ? 'reconciled' : 'open', one.repair, one.what]);
  const open = findings.some((one) => !one.reconciled && (one.kind !== 'unreadable' || isSetAside(one)));
  const hint = open && !applied ? '\nTo reconcile: switchyard tasks maintenance --apply' : '';
  return table(['KIND', 'STATE', 'REPAIR', 'RECORD'], rows) + hint;
}
