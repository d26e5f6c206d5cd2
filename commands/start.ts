// /start: what Telegram sends for everybody who opens the bot for the first time.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { titled } from '../src/core/format.ts';
import { reply } from './replies.ts';

export const start: Command = {
  name: 'start',
  summary: 'Who answers here, and what to try first.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'A short welcome.',
      syntax: '/start [token]',
      example: '/start',
      // The token of a pairing link is used before commands are run; here it is one that was used already.
      params: [{ name: 'token', value: { kind: 'word' }, required: false, summary: 'What a pairing link carries.' }],
      flags: [],
      view: true,
      run: welcome,
    },
  ],
};

async function welcome(call: Call): Promise<Reply> {
  const { agentId } = call.session;
  const bound = call.bound ? await call.services.bindings.at(call.route) : undefined;
  const who = bound === undefined ? `the agent ${agentId}` : `the sub-agent ${bound.label}`;
  const things = [
    'Write what you need, in your own words.',
    `/subagents spawn ${agentId} <task> - work that goes on by itself; the result comes back here`,
    '/subagents - what is being worked on',
    '/stop - stop everything running here',
  ];
  return reply(
    [titled(`Welcome. You talk to ${who} here. Try:`, things), '/help lists everything you can type.'].join('\n'),
  );
}
