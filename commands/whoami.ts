// /whoami: how this bot knows the person and the place.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { titled } from '../src/core/format.ts';
import { routeKey } from '../src/core/route.ts';
import { reply } from './replies.ts';

export const whoami: Command = {
  name: 'whoami',
  summary: "Your id, your rights and this chat's session.",
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Your id as config lists write it, your class, the agent, the session key and the route of this chat.',
      syntax: '/whoami',
      example: '/whoami',
      params: [],
      flags: [],
      view: true,
      run: tell,
    },
  ],
};

async function tell(call: Call): Promise<Reply> {
  return reply(
    titled('You:', [
      `id: ${call.caller.id}`,
      `class: ${call.caller.class}`,
      `agent: ${call.session.agentId}`,
      `session: ${call.session.key}`,
      `route: ${routeKey(call.route)}`,
    ]),
  );
}
