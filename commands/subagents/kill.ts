// /subagents kill: stops a run, or all of them, with everything below.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import type { StopReport } from '../../src/core/services.ts';
import { refused, reply } from '../replies.ts';
import { forcedLine, untoldWords } from '../run-words.ts';
import { target } from './params.ts';

export const kill: Verb = {
  name: 'kill',
  summary: 'Stops a sub-agent, or all, with everything below it.',
  syntax: '/subagents kill <target|all>',
  example: '/subagents kill 2',
  params: [{ ...target, value: { kind: 'target', all: true }, summary: `${target.summary.slice(0, -1)}, or all.` }],
  flags: [],
  acts: true,
  run: killRuns,
};

async function killRuns(call: Call): Promise<Reply> {
  const token = call.args.target ?? '';
  if (token.toLowerCase() === 'all') return answer(call, await call.services.runs.kill(call, undefined));
  const found = await call.services.runs.find(call, token);
  if (!found.ok) return refused(found.refusal);
  return answer(call, await call.services.runs.kill(call, [found.value.run]));
}

async function answer(call: Call, report: StopReport): Promise<Reply> {
  const untold = untoldWords(await Promise.all(report.untold.map((run) => call.services.runs.number(call, run))));
  return reply(untold === '' ? killText(report) : `${killText(report)}\n${untold}`);
}

function killText(report: StopReport): string {
  const finished = report.alreadyFinished.length;
  if (report.stopped.length === 0 && report.failed.length === 0) {
    return finished === 0 ? 'ℹ️ nothing was running' : `ℹ️ nothing was running: already finished ${finished}`;
  }
  const mark = report.failed.length === 0 ? '✅' : '⚠️';
  const counts = `stopped ${report.stopped.length}, already finished ${finished}, failed ${report.failed.length}`;
  return [`${mark} ${counts}`, ...report.failed.map(forcedLine)].join('\n');
}
