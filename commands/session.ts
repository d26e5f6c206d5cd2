// /session: how long this conversation stays bound.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { notBound } from '../src/core/errors.ts';
import { titled } from '../src/core/format.ts';
import { idleWords, maxAgeWords } from './binding-words.ts';
import { refused, reply } from './replies.ts';
import { leave } from './unfocus.ts';
import { parseDuration } from './values.ts';

const duration = {
  name: 'duration',
  value: { kind: 'duration' },
  required: false,
  summary: '30m, 2h, 1d, a bare number of hours, or off.',
} as const;

export const session: Command = {
  name: 'session',
  summary: 'How long this chat stays bound to a sub-agent.',
  access: 'anyone',
  verbs: [
    {
      name: 'show',
      aliases: [''],
      summary: 'Both time limits and when they end the binding.',
      syntax: '/session',
      example: '/session',
      params: [],
      flags: [],
      view: true,
      run: showBoth,
    },
    {
      name: 'idle',
      summary: 'Shows or sets how long the binding lasts without messages.',
      syntax: '/session idle [<duration>|off]',
      example: '/session idle 12h',
      params: [duration],
      flags: [],
      run: (call) => showOrSet(call, 'idle'),
    },
    {
      name: 'max-age',
      summary: 'Shows or sets how long the binding lasts at most.',
      syntax: '/session max-age [<duration>|off]',
      example: '/session max-age 7d',
      params: [duration],
      flags: [],
      run: (call) => showOrSet(call, 'max age'),
    },
    {
      name: 'unbind',
      summary: 'Ends the binding, as /unfocus does.',
      syntax: '/session unbind',
      example: '/session unbind',
      params: [],
      flags: [],
      run: leave,
    },
  ],
};

async function showBoth(call: Call): Promise<Reply> {
  const binding = await call.services.bindings.at(call.route);
  if (binding === undefined) return refused(notBound());
  const now = call.services.now();
  const lines = [
    `bound to: ${binding.label} (${binding.agentId})`,
    `bound by: ${binding.boundBy}`,
    `idle: ${idleWords(binding, now)}`,
    `max age: ${maxAgeWords(binding, now)}`,
  ];
  return reply(titled('Session:', lines));
}

async function showOrSet(call: Call, limit: 'idle' | 'max age'): Promise<Reply> {
  const words = limit === 'idle' ? idleWords : maxAgeWords;
  const binding = await call.services.bindings.at(call.route);
  if (binding === undefined) return refused(notBound());
  const ms = call.args.duration === undefined ? undefined : parseDuration(call.args.duration);
  if (ms === undefined) return reply(`ℹ️ ${limit}: ${words(binding, call.services.now())}`);
  const stored = await call.services.bindings.setExpiry(call, limit === 'idle' ? { idleMs: ms } : { maxAgeMs: ms });
  return stored.ok ? reply(`✅ ${limit}: ${words(stored.value, call.services.now())}`) : refused(stored.refusal);
}
