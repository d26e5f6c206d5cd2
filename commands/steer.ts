// /steer: a message into the turn that is running here.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { assertNever } from '../src/core/result.ts';
import type { SteerResult } from '../src/core/services.ts';
import { refused, reply } from './replies.ts';

export const steer: Command = {
  name: 'steer',
  aliases: ['tell'],
  summary: 'Tell the agent something while it works.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Goes into the running turn at its next step; with nothing running it is a normal message.',
      syntax: '/steer <message>',
      example: '/steer use the short version',
      params: [{ name: 'message', value: { kind: 'text' }, required: true, summary: 'What to say.' }],
      flags: [],
      starts: true,
      acts: true,
      run: steerHere,
    },
  ],
};

async function steerHere(call: Call): Promise<Reply> {
  const steered = await call.services.runs.steerSession(call, call.args.message ?? '');
  return steered.ok ? reply(steerText(steered.value)) : refused(steered.refusal);
}

function steerText(result: SteerResult): string {
  switch (result) {
    case 'injected':
      return '✅ steered';
    case 'pending':
      return '✅ goes in at the next step, or as next message';
    case 'queued':
      return '✅ queued as next message';
    case 'preparing':
      return '✅ queued until ready';
    case 'resent':
      return '✅ current turn cancelled, sent instead';
    case 'idle':
      return 'No active run; sent as a new message.';
    default:
      return assertNever(result);
  }
}
