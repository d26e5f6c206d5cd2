// /subagents steer: a message into a sub-agent's running turn.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Run } from '../../src/core/run.ts';
import type { SteerResult } from '../../src/core/services.ts';
import { refused, reply } from '../replies.ts';
import { runName } from '../run-words.ts';
import { message, target } from './params.ts';

export const steer: Verb = {
  name: 'steer',
  summary: 'Tells a sub-agent something while it works.',
  syntax: '/subagents steer <target> <message>',
  example: '/subagents steer 1 skip the appendix',
  params: [target, message],
  flags: [],
  starts: true,
  acts: true,
  run: steerRun,
};

async function steerRun(call: Call): Promise<Reply> {
  const found = await call.services.runs.find(call, call.args.target ?? '');
  if (!found.ok) return refused(found.refusal);
  const steered = await call.services.runs.steer(call, found.value.run, call.args.message ?? '');
  return steered.ok ? reply(steerText(found.value.run, steered.value)) : refused(steered.refusal);
}

function steerText(run: Run, result: SteerResult): string {
  switch (result) {
    case 'injected':
      return `✅ steered ${runName(run)}`;
    case 'pending':
      return `✅ ${runName(run)}: goes in at its next step, or as its next message`;
    case 'queued':
      return `✅ ${runName(run)}: queued as its next message`;
    case 'preparing':
      return `✅ ${runName(run)}: queued until ready`;
    case 'resent':
      return `✅ ${runName(run)}: current turn cancelled, sent instead`;
    case 'idle':
      return `✅ ${runName(run)} was idle: sent as a new message`;
    default:
      return assertNever(result);
  }
}
