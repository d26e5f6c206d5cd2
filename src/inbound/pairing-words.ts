// What people read about pairing: the newcomer, the owner who is asked, and whoever uses a code that does not work.
// Used by pairing.ts, hear.ts and the wiring. Pure.
import type { Reply, ReplyChoice } from '../core/command.ts';
import { clip, oneLine } from '../core/format.ts';
import type { PairingRequest } from '../core/pairing.ts';
import { assertNever, refuse } from '../core/result.ts';

/** The one answer to somebody unknown. */
export function askedText({ id, code, route }: PairingRequest): string {
  return [
    'ℹ️ You are not allowed to talk to me yet.',
    `Your id: ${id}`,
    `Your code: ${code} (valid for 1 h)`,
    `The owner lets you in with \`/pair approve ${code}\` in their chat with me, or with \`npx switchyard pair approve ${route.channel} ${code}\` on the computer I run on.`,
  ].join('\n');
}

/** To the newcomer, when they have been let in. */
export function admittedText(owner: boolean): string {
  const first = owner ? '✅ You may talk to me now, and you are my owner.' : '✅ You may talk to me now.';
  return `${first} Write what you need, or /help for everything you can type.`;
}

export const deniedText = 'ℹ️ You were not let in.';

/** The question to the owner. */
export function pairingQuestion({ id, name, code, route }: PairingRequest): Reply & Required<Pick<Reply, 'choices'>> {
  const text = [
    `❓ ${name} (${id}) wrote to me on ${route.channel} and is not allowed to talk to me yet.`,
    `Code ${code}, valid for 1 h: \`/pair approve ${code}\` or \`/pair deny ${code}\`.`,
  ].join('\n');
  const choices: readonly ReplyChoice[] = [
    { label: 'Approve', command: `/pair approve ${code}`, once: true, thumb: 'yes' },
    { label: 'Deny', command: `/pair deny ${code}`, once: true, thumb: 'no' },
  ];
  return { text, choices };
}

const longestName = 40;
const nameless = 'somebody';

/**
 * A name its bearer chose, made safe to show to the owner: nothing in it acts as markup, a link, a control character or a
 * change of writing direction.
 */
export function safeName(name: string): string {
  const plain = oneLine(name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').replace(/[`*_~[\]()<>{}|\\#!:/@]/g, ''));
  return plain === '' ? nameless : clip(plain, longestName);
}

const longestQuote = 40;
const quoted = (typed: string): string => clip(oneLine(typed), longestQuote);

function decidedWords(code: string, how: 'approved' | 'denied' | 'revoked'): [message: string, fix: string] {
  switch (how) {
    case 'approved':
      return [`The person with the code ${code} was let in before.`, '/pair revoke takes access away.'];
    case 'denied':
      return [`The code ${code} was denied before.`, 'They can ask again an hour after they asked.'];
    case 'revoked':
      return [`The person with the code ${code} was let in and put out again.`, 'They can ask again.'];
    default:
      return assertNever(how);
  }
}

export const pairingRefusal = {
  unknownCode: (code: string) =>
    refuse('unknown', `There is no pairing request with the code ${quoted(code)}.`, '/pair list shows who waits.'),
  expired: (code: string) =>
    refuse(
      'expired',
      `The code ${code} has expired: it was valid for 1 h.`,
      'Let them write to me again for a new one.',
    ),
  decided: (code: string, how: 'approved' | 'denied' | 'revoked') => refuse('unknown', ...decidedWords(code, how)),
  unknownPerson: (id: string) =>
    refuse(
      'unknown',
      `Nobody with the id ${quoted(id)} is paired.`,
      '/pair list shows who is; people named in allowFrom or ownerAllowFrom are removed there.',
    ),
} as const;
