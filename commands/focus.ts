// /focus: plain messages of this conversation (or of a new thread) go to one sub-agent.
import type { Binding } from '../src/core/binding.ts';
import type { Call, Command, Reply } from '../src/core/command.ts';
import { sameRoute } from '../src/core/route.ts';
import { placeWord } from './binding-words.ts';
import { refused, reply } from './replies.ts';
import { durationWords } from './values.ts';

export const focus: Command = {
  name: 'focus',
  summary: 'Talk to one sub-agent here or in a thread of its own.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Messages here go to that session; where the chat has threads a new one is opened, unless --bind here.',
      syntax: '/focus <label|session key|session id|target> [--bind here]',
      example: '/focus research --bind here',
      params: [{ name: 'target', value: { kind: 'target' }, required: true, summary: 'Whom to talk to.' }],
      flags: [{ name: 'bind', value: { kind: 'choice', of: ['here'] }, summary: 'Bind this place, open no thread.' }],
      run: focusOn,
    },
  ],
};

async function focusOn(call: Call): Promise<Reply> {
  const target = await call.services.bindings.findTarget(call, call.args.target ?? '');
  if (!target.ok) return refused(target.refusal);
  const bound = await call.services.bindings.focus(call, target.value, call.flags.bind === 'here');
  if (!bound.ok) return refused(bound.refusal);
  return reply(focusText(bound.value, sameRoute(bound.value.route, call.route)));
}

function focusText(binding: Binding, here: boolean): string {
  const who = binding.label === binding.agentId ? binding.label : `${binding.label} (${binding.agentId})`;
  const where = here ? 'here' : `in ${placeWord(binding.route)}`;
  return [
    `✅ ${who} is active ${where}. Messages ${here ? 'here' : 'there'} go to it.`,
    `${ending(binding)} /unfocus to leave.`,
  ].join('\n');
}

function ending(binding: Binding): string {
  const idle =
    binding.idleMs === 0 ? 'idle: off' : `idle: ends after ${durationWords(binding.idleMs)} without messages`;
  return `${idle}; max age: ${binding.maxAgeMs === 0 ? 'off' : durationWords(binding.maxAgeMs)}.`;
}
