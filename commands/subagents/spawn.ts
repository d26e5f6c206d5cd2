// /subagents spawn: a person starts a background run; the result comes back to this conversation.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { refusalText } from '../../src/core/result.ts';
import { shortId } from '../../src/core/run.ts';
import { thinkingLevels } from '../../src/core/session.ts';
import type { SpawnAccepted } from '../../src/core/spawn.ts';
import { reply } from '../replies.ts';
import { durationWords } from '../values.ts';

export const spawn: Verb = {
  name: 'spawn',
  summary: 'Starts a sub-agent on a task; the result is sent here.',
  syntax: '/subagents spawn <agentId> <task> [--model <model>] [--thinking <level>]',
  example: '/subagents spawn researcher compare the three offers --model ollama/qwen3',
  params: [
    { name: 'agentId', value: { kind: 'agent' }, required: true, summary: 'Which agent does it.' },
    { name: 'task', value: { kind: 'text' }, required: true, summary: 'A brief that needs no other context.' },
  ],
  flags: [
    { name: 'model', value: { kind: 'model' }, summary: 'provider/model, for this run.' },
    { name: 'thinking', value: { kind: 'choice', of: thinkingLevels }, summary: 'How hard to think, for this run.' },
  ],
  starts: true,
  acts: true,
  run: spawnRun,
};

async function spawnRun(call: Call): Promise<Reply> {
  const { model, thinking } = call.flags;
  const spawned = await call.services.runs.spawn(call, {
    agentId: call.args.agentId,
    task: call.args.task ?? '',
    mode: 'run',
    ...(model === undefined ? {} : { model }),
    ...(thinking === undefined ? {} : { thinking }),
  });
  return reply(spawned.ok ? acceptedText(spawned.value) : `Spawn failed: ${refusalText(spawned.refusal)}`);
}

function acceptedText(run: SpawnAccepted & { readonly number: number; readonly ahead: number }): string {
  const limit =
    run.runTimeoutSeconds === 0 ? 'no time limit' : `time limit ${durationWords(run.runTimeoutSeconds * 1000)}`;
  const state = run.ahead === 0 ? 'started' : `queued, ${run.ahead} ahead`;
  return [
    `✅ ${run.agentId} ${state} (#${run.number}, run ${shortId(run.runId)}, ${run.model}, ${limit}). I will send the result here.`,
    `session: ${run.childSessionKey}`,
    ...run.warnings.map((warning) => `⚠️ ${warning}`),
  ].join('\n');
}
