// /acp steer: something to say to a coding agent, also while it works. The reply says what became of it.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { assertNever } from '../../src/core/result.ts';
import type { SteerResult } from '../../src/core/services.ts';
import { reply } from '../replies.ts';
import { sessionFlag, withTarget } from './target.ts';
import { acpRefused } from './words.ts';

export const steer: Verb = {
  name: 'steer',
  summary:
    'Tells a coding agent something, also while it works; one that cannot listen meanwhile is interrupted for it.',
  syntax: '/acp steer [--session <target>] <text>',
  example: '/acp steer do not touch the tax table',
  params: [{ name: 'text', value: { kind: 'text' }, required: true, summary: 'What to say.' }],
  flags: [sessionFlag],
  starts: true,
  run: (call) => withTarget(call, (view) => say(call, view)),
};

async function say(call: Call, view: Parameters<Parameters<typeof withTarget>[1]>[0]): Promise<Reply> {
  const steered = await call.services.acp.steer(call, view, call.args.text ?? '');
  return steered.ok ? reply(`✅ ${steerWords(steered.value)}`) : acpRefused(steered.refusal);
}

function steerWords(result: SteerResult): string {
  switch (result) {
    case 'injected':
      return 'steered; it took that in while working.';
    case 'resent':
      return 'current turn cancelled, sent instead.';
    case 'preparing':
      return 'queued until ready.';
    case 'idle':
      return 'sent.';
    case 'queued':
      return 'queued as its next message.';
    case 'pending':
      return 'goes in as soon as it can take it.';
    default:
      return assertNever(result);
  }
}
