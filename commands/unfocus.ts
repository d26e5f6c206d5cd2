// /unfocus: the conversation is its own again. /session unbind does the same.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { refused, reply } from './replies.ts';

export const unfocus: Command = {
  name: 'unfocus',
  summary: 'Leave the sub-agent this chat is bound to.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Ends the binding here; the chat goes back to its own agent.',
      syntax: '/unfocus',
      example: '/unfocus',
      params: [],
      flags: [],
      run: leave,
    },
  ],
};

export async function leave(call: Call): Promise<Reply> {
  const left = await call.services.bindings.unfocus(call);
  if (!left.ok) return refused(left.refusal);
  const { farewell, agentId } = left.value;
  return reply(`✅ ended; ${agentId} answers again.\n${farewell}`);
}
