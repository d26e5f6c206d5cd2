// /approve: allows what an agent asks permission for. The buttons under its question type it.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { refused, reply } from './replies.ts';

const scopes = ['once', 'session'] as const;

export const approve: Command = {
  name: 'approve',
  summary: 'Allow what an agent asks permission for.',
  access: 'anyone',
  verbs: [
    {
      name: '',
      summary:
        'For whoever started the work, and for the owner. Without a code: the only question of this conversation.',
      syntax: '/approve [code] [once|session]',
      example: '/approve K7 session',
      params: [
        { name: 'code', value: { kind: 'approval' }, required: false, summary: 'As the question shows it.' },
        {
          name: 'scope',
          value: { kind: 'choice', of: scopes },
          required: false,
          summary: 'This once (default), or the same thing in this session from now on.',
        },
      ],
      flags: [],
      run: allow,
    },
  ],
};

async function allow(call: Call): Promise<Reply> {
  const { code, scope } = wordsOf(call);
  const decided = await call.services.approvals.decide(call, code, scope);
  if (!decided.ok) return refused(decided.refusal);
  const { title, asker } = decided.value;
  return reply(`✅ allowed ${scope === 'once' ? 'once' : 'for this session'}: ${title} (${asker})`);
}

/** `/approve session` names no question. */
function wordsOf({ args }: Call): { readonly code: string | undefined; readonly scope: (typeof scopes)[number] } {
  const { code, scope } = args;
  const [typed, alone] = [code?.toLowerCase(), scope === undefined];
  if (alone && (typed === 'once' || typed === 'session')) return { code: undefined, scope: typed };
  return { code, scope: scope === 'session' ? 'session' : 'once' };
}
