// What the session tools answer to the model: JSON about runs, and refusals. Used by session-tools.ts.
import type { Refusal } from '../core/result.ts';
import { type Run, shortId } from '../core/run.ts';
import type { StopReport } from '../core/services.ts';
import type { ToolOutput } from '../core/tool.ts';

export function summary(run: Run) {
  return {
    label: run.label,
    run: shortId(run.id),
    agentId: run.agentId,
    status: run.state.status,
    delivery: run.delivery.state,
  };
}

export function info(run: Run) {
  return {
    ...summary(run),
    sessionKey: run.child,
    task: run.task,
    model: run.model,
    warnings: run.warnings,
    tokens: run.usage.input + run.usage.output,
  };
}

export function killed(report: StopReport) {
  const names = (runs: readonly Run[]) => runs.map((run) => run.label);
  return {
    stopped: report.stopped.length,
    alreadyFinished: report.alreadyFinished.length,
    failed: names(report.failed),
  };
}

export function json(value: unknown): ToolOutput {
  return { text: JSON.stringify(value) };
}

export function refused(refusal: Refusal): ToolOutput {
  return { text: JSON.stringify({ status: 'refused', ...refusal }), failed: true };
}

export function failed(code: string, message: string, fix: string): ToolOutput {
  return refused({ code, message, fix });
}
