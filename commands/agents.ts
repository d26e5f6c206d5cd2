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
  if (external.length > 0) {
    const lines = external.map(async (view) => `${await agentLine(call, view)} session:${view.run.child}`);
    blocks.push(titled('ACP:', await Promise.all(lines)));
  }
  return { ...reply(blocks.join('\n')), live: roster.some(({ run }) => !isTerminal(run.state.status)) };
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
