// /acp status and /acp sessions: how one session in a coding agent stands, and which there are.
import type { Call, Reply, Verb } from '../../src/core/command.ts';
import { clip, oneLine, titled } from '../../src/core/format.ts';
import { reply } from '../replies.ts';
import { target, withTarget } from './target.ts';
import { acpRefused, listLine, nameOf, statusLines } from './words.ts';

const mostShown = 20;

export const status: Verb = {
  name: 'status',
  summary: 'How a session stands: state, folder, permissions, options, last error.',
  syntax: '/acp status [target]',
  example: '/acp status',
  params: [target],
  flags: [],
  view: true,
  run: (call) => withTarget(call, async (view) => reply(titled(nameOf(view), statusLines(view, call.services.now())))),
};

export const sessions: Verb = {
  name: 'sessions',
  summary: 'Sessions in coding agents, * the current one; --all: also those the agent has from elsewhere.',
  syntax: '/acp sessions [agent] [--all]',
  example: '/acp sessions claude --all',
  params: [
    { name: 'agent', value: { kind: 'harness' }, required: false, summary: 'With --all: which agent is asked.' },
  ],
  flags: [{ name: 'all', summary: 'Also sessions of the agent that were made elsewhere.' }],
  view: true,
  run: list,
};

async function list(call: Call): Promise<Reply> {
  const { acp } = call.services;
  const [views, current] = [await acp.list(call), await acp.find(call, undefined)];
  const shown = views
    .slice(0, mostShown)
    .map((view) => listLine(view, current.ok && current.value.session === view.session));
  const more = views.length > mostShown ? [`… and ${views.length - mostShown} more`] : [];
  const own = titled('Sessions:', [...shown, ...more]);
  if (call.flags.all === undefined) return reply(own);
  const elsewhere = await acp.elsewhere(call, call.args.agent);
  if (!elsewhere.ok) return { text: `${own}\n${acpRefused(elsewhere.refusal).text}` };
  const { agent, sessions: found } = elsewhere.value;
  const lines = found.slice(0, mostShown).map(({ id, title, cwd, updatedAt }) => {
    const words = [clip(oneLine(title ?? ''), 60), cwd, updatedAt ?? ''].filter((word) => word !== '');
    return `- ${id} ${words.join(' · ')}`;
  });
  const other = titled(`${agent} can continue`, lines);
  return reply(`${own}\n${other}\n/acp resume <id> ${agent} --cwd <its folder> --bind here goes on with one.`);
}
