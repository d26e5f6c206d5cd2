// /subagents list: what runs, what ended lately, what it cost.
import type { Call, Reply, ReplyChoice, Verb } from '../../src/core/command.ts';
import { clip, elapsed, oneLine, titled } from '../../src/core/format.ts';
import type { RunList, RunView } from '../../src/core/services.ts';
import { count } from '../replies.ts';
import {
  costWords,
  deliveryWord,
  modelName,
  nothing,
  shownUsage,
  statusWord,
  tokenWords,
  unspent,
  workedMs,
} from '../run-words.ts';

export const list: Verb = {
  name: 'list',
  aliases: [''],
  summary: 'Active and recent sub-agents, numbered.',
  syntax: '/subagents [list]',
  example: '/subagents',
  params: [],
  flags: [],
  view: true,
  run: listRuns,
};

async function listRuns(call: Call): Promise<Reply> {
  const runs = await call.services.runs.list(call);
  const now = call.services.now();
  const text = [
    titled(
      'Active:',
      runs.active.map((view) => runLine(view, now)),
    ),
    titled(
      'Recent (30 min):',
      runs.recent.map((view) => runLine(view, now)),
    ),
    totalLine(runs, now),
  ].join('\n');
  const choices = runs.active.slice(0, withButtons).flatMap(choicesOf);
  return { text, choices, live: runs.active.length > 0 };
}

/** Runs that get buttons; more would bury the list. */
const withButtons = 4;

/** Longest question of a `ReplyChoice`. */
const askChars = 45;

/** By id: a number may mean another run by the time somebody presses. */
function choicesOf({ run, number }: RunView): readonly ReplyChoice[] {
  return [
    { label: `Kill #${number}`, command: `/subagents kill ${run.id}` },
    { label: `Log #${number}`, command: `/subagents log ${run.id}` },
    {
      label: `Steer #${number}`,
      command: `/subagents steer ${run.id}`,
      asks: { label: clip(`What should ${oneLine(run.label)} do?`, askChars) },
    },
  ];
}

function runLine(view: RunView, now: number): string {
  const { run } = view;
  const label = oneLine(run.label);
  const task = oneLine(run.task);
  const facts = [run.agentId, modelName(run.model), elapsed(workedMs(run, now)), tokenWords(shownUsage(run, now))].join(
    ', ',
  );
  const delivery = deliveryWord(run);
  return [
    `${view.number}. ${clip(label, 48)} (${facts}) ${statusWord(view, now)}`,
    delivery === undefined ? '' : ` · delivery ${delivery}`,
    task === label ? '' : ` - ${clip(task, 110)}`,
  ].join('');
}

function totalLine({ active, recent, total }: RunList, now: number): string {
  const usage = [...active, ...recent].every(({ run }) => unspent(run, now)) ? nothing : total.usage;
  return `${count(total.runs, 'run')} · ${tokenWords(usage)} · ${costWords(usage)}`;
}
