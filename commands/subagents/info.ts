// /subagents info: everything recorded about one run.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { clip, elapsed, oneLine, timestamp, titled, tokens, usd } from '../../src/core/format.ts';
import { isTerminal, type Run, shortId } from '../../src/core/run.ts';
import type { RunView } from '../../src/core/services.ts';
import { refused, reply } from '../replies.ts';
import { outcomeWords, shownUsage, statusWord, tokenSplit, workedMs } from '../run-words.ts';
import { durationWords } from '../values.ts';
import { target } from './params.ts';

export const info: Verb = {
  name: 'info',
  summary: 'Everything recorded about a sub-agent.',
  syntax: '/subagents info <target>',
  example: '/subagents info 1',
  params: [target],
  flags: [],
  view: true,
  run: showInfo,
};

async function showInfo(call: Call): Promise<Reply> {
  const found = await call.services.runs.find(call, call.args.target ?? '');
  if (!found.ok) return refused(found.refusal);
  const { run } = found.value;
  const now = call.services.now();
  const usage = shownUsage(run, now);
  const { sessionId, transcript } = await call.services.sessions.files(run);
  const facts: readonly (readonly [string, string])[] = [
    ...whoAndWhere(found.value, now),
    ['SessionId', sessionId],
    ...(call.caller.class === 'owner' ? ([['Transcript', transcript]] as const) : []),
    ['Requester', run.requester],
    ['Children', childrenWords(await call.services.runs.children(run))],
    ...times(run, now),
    ['Tokens', tokenSplit(usage)],
    ['Cost', usage.reported ? usd(usage.costUsd) : 'n/a'],
    ['Context', contextWords(run, call.services.sessions.contextTokens(run.agentId, run.model))],
    ['Mode', run.mode],
    ['Cleanup', run.cleanup],
    ['Archive at', timestamp(run.archiveAt, now)],
    ['Warnings', run.warnings.length === 0 ? '(none)' : run.warnings.map(oneLine).join(' ')],
    ['Outcome', 'outcome' in run.state ? outcomeWords(run.state.outcome) : 'n/a'],
    ['Delivery', deliveryWords(run, now)],
  ];
  return reply(
    titled(
      `Sub-agent ${found.value.number}:`,
      facts.map(([name, value]) => `${name}: ${value}`),
    ),
  );
}

function whoAndWhere(view: RunView, now: number): readonly (readonly [string, string])[] {
  const { run } = view;
  return [
    ['Status', statusWord(view, now)],
    ['Label', oneLine(run.label)],
    ['Task', clip(oneLine(run.task), 400)],
    ['Run', shortId(run.id)],
    ['Agent', run.agentId],
    ['Runtime', run.runtime],
    ['Model', run.model],
    ['Thinking', run.thinking],
    ['Session', run.child],
  ];
}

function times(run: Run, now: number): readonly (readonly [string, string])[] {
  return [
    ['Accepted', timestamp(run.acceptedAt, now)],
    ['Started', timestamp('startedAt' in run.state ? run.state.startedAt : undefined, now)],
    ['Finished', timestamp('endedAt' in run.state ? run.state.endedAt : undefined, now)],
    ['Delivered', timestamp(run.delivery.deliveredAt, now)],
    ['Elapsed', elapsed(workedMs(run, now))],
    ['Timeout', run.timeoutSeconds === 0 ? 'none' : durationWords(run.timeoutSeconds * 1000)],
  ];
}

function childrenWords(children: readonly Run[]): string {
  const active = children.filter((run) => !isTerminal(run.state.status)).length;
  return active === 0 ? String(children.length) : `${children.length} (${active} active)`;
}

/** `1.2k of 200k tokens, isolated`: the last prompt's size, the limit, and what the run began with. */
function contextWords(run: Run, limit: number): string {
  const used = run.usage.reported ? tokens(run.usage.context) : 'n/a';
  return `${used} of ${tokens(limit)} tokens, ${run.context}`;
}

function deliveryWords(run: Run, now: number): string {
  const { state, attempts, nextAt, reason } = run.delivery;
  return [
    state,
    `attempts ${attempts}`,
    ...(nextAt === undefined ? [] : [`next try ${timestamp(nextAt, now)}`]),
    ...(reason === undefined ? [] : [`reason: ${oneLine(reason)}`]),
  ].join(', ');
}
