// /queue: what happens to messages that arrive while the agent works.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { titled } from '../src/core/format.ts';
import type { Session } from '../src/core/session.ts';
import { type QueueSettings, queueDrops, queueModes } from '../src/core/session.ts';
import { count, reply } from './replies.ts';
import { durationWords, parseDuration } from './values.ts';

const syntax =
  '/queue [steer|followup|collect|interrupt] [debounce:<d>] [cap:<n>] [drop:summarize|old|new], or /queue default';

export const queue: Command = {
  name: 'queue',
  summary: 'What happens to messages while the agent works.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary:
        'steer: taken into the running turn; followup: a turn each; collect: joined into one; interrupt: the newest replaces the turn.',
      syntax,
      example: '/queue collect debounce:2s cap:10',
      params: [
        {
          name: 'mode',
          value: { kind: 'choice', of: [...queueModes, 'default'] },
          required: false,
          summary: 'The mode, or default for the configured settings.',
        },
        {
          name: 'debounce',
          value: { kind: 'duration' },
          required: false,
          keyed: true,
          summary: 'Quiet time before collected messages run.',
        },
        {
          name: 'cap',
          value: { kind: 'number', min: 1, max: 1000 },
          required: false,
          keyed: true,
          summary: 'How many messages may wait.',
        },
        {
          name: 'drop',
          value: { kind: 'choice', of: queueDrops },
          required: false,
          keyed: true,
          summary: 'What goes when more arrive.',
        },
      ],
      flags: [],
      acts: true,
      run: showOrSet,
    },
  ],
};

async function showOrSet(call: Call): Promise<Reply> {
  const change = changeOf(call.args);
  if (call.args.mode === 'default') {
    if (Object.keys(change).length > 0) return reply(`⚠️ /queue default takes nothing else.\nUsage: ${syntax}`);
    return reply(`✅ ${queueText(call, await call.services.sessions.setQueue(call.session.key, 'default'))}`);
  }
  if (Object.keys(change).length === 0) return reply(queueText(call, call.session));
  return reply(`✅ ${queueText(call, await call.services.sessions.setQueue(call.session.key, change))}`);
}

function changeOf(args: Call['args']): Partial<QueueSettings> {
  const mode = queueModes.find((one) => one === args.mode);
  const drop = queueDrops.find((one) => one === args.drop);
  return {
    ...(mode === undefined ? {} : { mode }),
    ...(args.debounce === undefined ? {} : { debounceMs: parseDuration(args.debounce) ?? 0 }),
    ...(args.cap === undefined ? {} : { cap: Number(args.cap) }),
    ...(drop === undefined ? {} : { drop }),
  };
}

function queueText(call: Call, session: Session): string {
  const { settings, waiting, overridden } = call.services.sessions.queue(session, call.route.channel);
  return titled('Queue:', [
    `mode: ${settings.mode}`,
    `debounce: ${settings.debounceMs === 0 ? 'off' : durationWords(settings.debounceMs)}`,
    `cap: ${count(settings.cap, 'message')}`,
    `drop: ${settings.drop}`,
    `waiting: ${count(waiting, 'message')}`,
    overridden ? 'set for this session; /queue default undoes it' : 'as configured',
  ]);
}
