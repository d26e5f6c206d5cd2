// /subagents send: a message for a sub-agent's next turn, also after it ended.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { assertNever } from '../../src/core/result.ts';
import type { Run } from '../../src/core/run.ts';
import { shortId } from '../../src/core/run.ts';
import type { SendResult } from '../../src/core/services.ts';
import { refused, reply } from '../replies.ts';
import { runName } from '../run-words.ts';
import { message, target } from './params.ts';

export const send: Verb = {
  name: 'send',
  summary: 'Gives a sub-agent its next message and waits a moment for the answer.',
  syntax: '/subagents send <target> <message>',
  example: '/subagents send 1 also list the sources',
  params: [target, message],
  flags: [],
  starts: true,
  acts: true,
  run: sendMessage,
};

async function sendMessage(call: Call): Promise<Reply> {
  const found = await call.services.runs.find(call, call.args.target ?? '');
  if (!found.ok) return refused(found.refusal);
  const { run } = found.value;
  const say = (result: SendResult): string => answer(run, result);
  const sent = await call.services.runs.send(call, run, call.args.message ?? '', say);
  return sent.ok ? reply(say(sent.value)) : refused(sent.refusal);
}

function answer(run: Run, result: SendResult): string {
  switch (result.kind) {
    case 'answered':
      return result.text.trim() === '' ? `ℹ️ ${runName(run)} answered without text` : `${runName(run)}:\n${result.text}`;
    case 'running':
      return `⏳ still running (run ${shortId(run.id)}). The answer follows here.`;
    case 'failed':
      return `⚠️ ${runName(run)} failed: ${result.message}`;
    default:
      return assertNever(result);
  }
}
