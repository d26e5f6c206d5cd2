// /subagents list: what runs, what ended lately, what it cost.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { clip, elapsed, oneLine, titled } from '../../src/core/format.ts';
import type { RunList, RunView } from '../../src/core/services.ts';
import { count, reply } from '../replies.ts';
import { costWords, deliveryWord, modelName, statusWord, tokenWords, workedMs } from '../run-words.ts';

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

const nothingSpent = '0 tokens';

async function listRuns(call: Call): Promise<Reply> {
  const runs = await call.services.runs.list(call);
  const now = call.services.now();
  return reply(
    [
      titled(
        'Active:',
        runs.active.map((view) => runLine(view, now)),
      ),
      titled(
        'Recent (30 min):',
        runs.recent.map((view) => runLine(view, now)),
      ),
      totalLine(runs.total),
    ].join('\n'),
  );
}

function runLine(view: RunView, now: number): string {
  const { run } = view;
  const label = oneLine(run.label);
  const task = oneLine(run.task);
  const facts = [
    run.agentId,
    modelName(run.model),
    elapsed(workedMs(run, now)),
    run.state.status === 'queued' ? nothingSpent : tokenWords(run.usage),
  ].join(', ');
  const delivery = deliveryWord(run);
  return [
    `${view.number}. ${clip(label, 48)} (${facts}) ${statusWord(view, now)}`,
    delivery === undefined ? '' : ` · delivery ${delivery}`,
    task === label ? '' : ` - ${clip(task, 110)}`,
  ].join('');
}

function totalLine(total: RunList['total']): string {
  return `${count(total.runs, 'run')} · ${total.runs === 0 ? nothingSpent : tokenWords(total.usage)} · ${costWords(total.usage)}`;
}
