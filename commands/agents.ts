// /agents: who is at work for this conversation, and where each can be talked to.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { clip, oneLine, titled } from '../src/core/format.ts';
import { isTerminal } from '../src/core/run.ts';
import type { RunView } from '../src/core/services.ts';
import { placeWord } from './binding-words.ts';
import { reply } from './replies.ts';
import { statusWord } from './run-words.ts';

export const agents: Command = {
  name: 'agents',
  summary: 'Sub-agents and the places they are bound to.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Active sub-agents, and ended ones that are still bound somewhere.',
      syntax: '/agents',
      example: '/agents',
      params: [],
      flags: [],
      view: true,
      run: listAgents,
    },
  ],
};

async function listAgents(call: Call): Promise<Reply> {
  const roster = await call.services.runs.roster(call);
  const native = roster.filter((view) => view.run.runtime === 'native');
  const external = roster.filter((view) => view.run.runtime === 'acp');
  const blocks = [titled('Agents:', await Promise.all(native.map((view) => agentLine(call, view))))];
  const lines = external.map(async (view) => `${await agentLine(call, view)} session:${view.run.child}`);
  const acp = [...(await Promise.all(lines)), ...(await startedLines(call))];
  if (acp.length > 0) blocks.push(titled('ACP:', acp));
  return { ...reply(blocks.join('\n')), live: roster.some(({ run }) => !isTerminal(run.state.status)) };
}

/** Coding agents that were started by hand here belong to no run. */
async function startedLines(call: Call): Promise<readonly string[]> {
  const { key, controlScope } = call.chatSession;
  const views = await call.services.acp.list(call);
  return views
    .filter(({ mode, scope, session }) => mode !== 'run' && scope === controlScope && session !== key)
    .map(({ label, agent, state, bound, session }) => {
      const where = bound === undefined ? 'unbound' : placeWord(bound);
      return `- ${clip(oneLine(label), 48)} (${agent}, ${state}) ${where} session:${session}`;
    });
}

async function agentLine(call: Call, view: RunView): Promise<string> {
  const { run } = view;
  const status = statusWord(view, call.services.now());
  return `${view.number}. ${clip(oneLine(run.label), 48)} (${run.agentId}, ${status}) ${await whereBound(call, view)}`;
}

async function whereBound(call: Call, view: RunView): Promise<string> {
  const binding = await call.services.bindings.of(view.run.child);
  if (binding !== undefined) return placeWord(binding.route);
  return call.services.bindings.enabled(call.route) ? 'unbound' : 'bindings unavailable';
}
