// /pair: who may talk to the bot without being in the config, and who asks to.
import type { Call, Command, Reply } from '../src/core/command.ts';
import { age, timestamp, titled } from '../src/core/format.ts';
import { approverWords, listedInConfig, personName, revokedWords } from './pair-words.ts';
import { refused, reply } from './replies.ts';

const code = {
  name: 'code',
  value: { kind: 'word' },
  required: true,
  summary: 'The 8 characters the person was given.',
} as const;

export const pair: Command = {
  name: 'pair',
  summary: 'Who may talk to me, and who asks to.',
  access: 'owner',
  verbs: [
    {
      name: 'list',
      aliases: [''],
      summary: 'Who waits, and who was let in, since when and by whom.',
      syntax: '/pair',
      example: '/pair',
      params: [],
      flags: [],
      view: true,
      run: list,
    },
    {
      name: 'approve',
      summary: 'Lets the person with this code in.',
      syntax: '/pair approve <code>',
      example: '/pair approve K7MP2QXR',
      params: [code],
      flags: [],
      run: approve,
    },
    {
      name: 'deny',
      summary: 'Sends them away; they may ask again after an hour.',
      syntax: '/pair deny <code>',
      example: '/pair deny K7MP2QXR',
      params: [code],
      flags: [],
      run: deny,
    },
    {
      name: 'revoke',
      summary: 'Takes access away again, at once.',
      syntax: '/pair revoke <channel>:<id>',
      example: '/pair revoke telegram:42',
      params: [{ name: 'person', value: { kind: 'word' }, required: true, summary: 'As /pair shows it.' }],
      flags: [],
      run: revoke,
    },
  ],
};

async function list(call: Call): Promise<Reply> {
  const { pending, people } = call.services.pairing.list();
  const now = call.services.now();
  const waiting = pending.map((one) => `${one.code} ${personName(one)}, asked ${age(now - one.at)} ago`);
  const known = people.map((one) => {
    const owner = one.owner ? ', owner' : '';
    return `${personName(one)}, since ${timestamp(one.since, now)}, by ${approverWords(one.by)}${owner}`;
  });
  return reply([titled('Waiting:', waiting), titled('May talk to me:', known), listedInConfig].join('\n'));
}

async function approve(call: Call): Promise<Reply> {
  const approved = await call.services.pairing.approve(call.args.code ?? '', call.caller.id);
  return approved.ok ? reply(`✅ ${personName(approved.value.person)} may talk to me now`) : refused(approved.refusal);
}

async function deny(call: Call): Promise<Reply> {
  const denied = await call.services.pairing.deny(call.args.code ?? '');
  return denied.ok ? reply(`✅ ${personName(denied.value)} was sent away`) : refused(denied.refusal);
}

async function revoke(call: Call): Promise<Reply> {
  const revoked = await call.services.pairing.revoke(call.args.person ?? '');
  if (!revoked.ok) return refused(revoked.refusal);
  return reply(`✅ ${revokedWords(revoked.value)}`);
}
