// /new: an empty context for this conversation's session.
import type { Call, Command, Reply } from '../src/core/command.ts';
import type { StopReport } from '../src/core/services.ts';
import { count, refused, reply } from './replies.ts';
import { untoldWords } from './run-words.ts';

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
      acts: true,
      run: startOver,
    },
  ],
};

async function startOver(call: Call): Promise<Reply> {
  const done = await call.services.sessions.reset(call);
  if (!done.ok) return refused(done.refusal);
  const bound = call.bound ? await call.services.bindings.at(call.route) : undefined;
  const which = bound === undefined ? '' : ` for ${bound.label}, still bound here`;
  const numbers = await Promise.all(done.value.untold.map((run) => call.services.runs.number(call, run)));
  const untold = numbers.length === 0 ? '' : `. ${untoldWords(numbers)}`;
  return reply(`✅ new session${which}, ${done.value.stopped.length} stopped${alsoGone(done.value)}${untold}`);
}

/** What else ended with the old context: nothing is dropped without a word. */
function alsoGone({ turns, messages }: Pick<StopReport, 'turns' | 'messages'>): string {
  const parts = [
    ...(turns === 0 ? [] : ['the turn here was ended']),
    ...(messages === 0 ? [] : [`${count(messages, 'waiting message')} discarded`]),
  ];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}
