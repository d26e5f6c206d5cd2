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
      ...entries(call),
      `class: ${call.caller.class}`,
      `agent: ${call.session.agentId}`,
      `session: ${call.session.key}`,
      `route: ${routeKey(call.route)}`,
    ]),
  );
}

/** `allowFrom` takes the platform's own id, without the channel. Nobody is listed for the terminal. */
function entries({ caller, route: { channel, account } }: Call): readonly string[] {
  if (channel === 'console') return [];
  const own = caller.id.slice(caller.id.indexOf(':') + 1);
  const path = account === 'default' ? `channels.${channel}` : `channels.${channel}.accounts.${account}`;
  return [`in the config: "${own}" goes into ${path}.allowFrom, "${caller.id}" into commands.ownerAllowFrom`];
}
