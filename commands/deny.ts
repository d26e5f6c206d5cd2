// /deny: refuses what an agent asks permission for. The buttons under its question type it.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { refused, reply } from './replies.ts';

export const deny: Command = {
  name: 'deny',
  summary: 'Refuse what an agent asks permission for; it goes on without.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary:
        'For whoever started the work, and for the owner. Without a code: the only question of this conversation.',
      syntax: '/deny [code]',
      example: '/deny K7',
      params: [{ name: 'code', value: { kind: 'approval' }, required: false, summary: 'As the question shows it.' }],
      flags: [],
      run: refuseIt,
    },
  ],
};

async function refuseIt(call: Call): Promise<Reply> {
  const decided = await call.services.approvals.decide(call, call.args.code, 'deny');
  if (!decided.ok) return refused(decided.refusal);
  const { title, asker } = decided.value;
  return reply(`✅ denied: ${title} (${asker}); the run goes on`);
}
