// /new: an empty context for this conversation's session.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { refused, reply } from './replies.ts';

export const fresh: Command = {
  name: 'new',
  aliases: ['reset'],
  summary: 'Start over with an empty context.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary:
        'Stops all sub-agents, then empties the context; the old transcript is kept. In a bound chat: the bound session.',
      syntax: '/new',
      example: '/new',
      params: [],
      flags: [],
      run: startOver,
    },
  ],
};

async function startOver(call: Call): Promise<Reply> {
  const done = await call.services.sessions.reset(call);
  if (!done.ok) return refused(done.refusal);
  const bound = call.bound ? await call.services.bindings.at(call.route) : undefined;
  const which = bound === undefined ? '' : ` for ${bound.label}, still bound here`;
  return reply(`✅ new session${which}, ${done.value.stopped} stopped`);
}
