// /tasks: the newest runs and the four facts of each.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { clip, oneLine, timestamp, titled } from '../src/core/format.ts';
import type { RunView } from '../src/core/services.ts';
import { reply } from './replies.ts';
import { deliveryWord, outcomeWords, runName, statusWord } from './run-words.ts';

const shown = 5;

export const tasks: Command = {
  name: 'tasks',
  summary: 'The newest runs: accepted, started, finished, delivered.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: `The ${shown} newest runs with their times and errors, and how many results could not be delivered.`,
      syntax: '/tasks',
      example: '/tasks',
      params: [],
      flags: [],
      view: true,
      run: listTasks,
    },
  ],
};

async function listTasks(call: Call): Promise<Reply> {
  const newest = await call.services.runs.newest(call, shown);
  const undelivered = await call.services.runs.undelivered(call);
  const now = call.services.now();
  const lines = newest.map((view) => taskLines(view, now));
  return reply(`${titled('Tasks:', lines)}\nundelivered: ${undelivered}`);
}

function taskLines(view: RunView, now: number): string {
  const { state, delivery, acceptedAt } = view.run;
  const fact = (name: string, at: number | undefined): string => `   ${name}: ${timestamp(at, now)}`;
  const owed = deliveryWord(view.run);
  const failed = 'outcome' in state && state.outcome.kind === 'error' ? state.outcome : undefined;
  return [
    `${view.number}. ${runName(view.run)} ${statusWord(view, now)}`,
    fact('accepted', acceptedAt),
    fact('started', 'startedAt' in state ? state.startedAt : undefined),
    fact('finished', 'endedAt' in state ? state.endedAt : undefined),
    `${fact('delivered', delivery.deliveredAt)}${owed === undefined ? '' : ` (${owed})`}`,
    ...(failed === undefined ? [] : [`   ${clip(oneLine(outcomeWords(failed)), 200)}`]),
  ].join('\n');
}
