// /tools: what the agent of this session may use, and why something is missing.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { titled } from '../src/core/format.ts';
import { reply } from './replies.ts';

export const tools: Command = {
  name: 'tools',
  summary: 'The tools the agent has here.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary: 'Tools in effect here, and each session tool that is missing with the setting that removed it.',
      syntax: '/tools',
      example: '/tools',
      params: [],
      flags: [],
      view: true,
      run: listTools,
    },
  ],
};

async function listTools(call: Call): Promise<Reply> {
  const view = await call.services.tools(call.session);
  const blocks = [titled(`Tools of ${call.session.agentId}:`, view.available)];
  if (view.removed.length > 0) {
    const lines = view.removed.map((tool) => `${tool.name}: removed by ${tool.stage}. ${tool.fix}`.trim());
    blocks.push(titled('Not available:', lines));
  }
  return reply(blocks.join('\n'));
}
