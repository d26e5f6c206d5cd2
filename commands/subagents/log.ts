// /subagents log: what a sub-agent was told and said.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { titled } from '../../src/core/format.ts';
import { refused, reply } from '../replies.ts';
import { runName } from '../run-words.ts';
import { target } from './params.ts';

const usual = 20;
const most = 200;

export const log: Verb = {
  name: 'log',
  summary: `The last messages of a sub-agent (${usual}, at most ${most}), newest last.`,
  syntax: '/subagents log <target> [limit] [tools]',
  example: '/subagents log 1 50 tools',
  params: [
    target,
    { name: 'limit', value: { kind: 'number', min: 1, max: most }, required: false, summary: 'How many lines.' },
    { name: 'tools', value: { kind: 'choice', of: ['tools'] }, required: false, summary: 'Show tool lines too.' },
  ],
  flags: [],
  view: true,
  run: showLog,
};

async function showLog(call: Call): Promise<Reply> {
  const found = await call.services.runs.find(call, call.args.target ?? '');
  if (!found.ok) return refused(found.refusal);
  const { run } = found.value;
  const limit = Number(call.args.limit ?? usual);
  const lines = await call.services.sessions.log(run.child, limit, call.args.tools !== undefined);
  if (!lines.ok) return refused(lines.refusal);
  const shown = lines.value.map((line) => `${line.who}: ${line.text}`);
  return reply(titled(`${runName(run)}:`, shown.length === 0 ? ['(no messages)'] : shown));
}
