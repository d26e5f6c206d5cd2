// What people read of a question: how it is asked, how it ended, and why an answer does not count. Pure; used by broker.ts and
// decide.ts.
import type { ReplyChoice } from '../core/command.ts';
import { clip, oneLine } from '../core/format.ts';
import type { Refusal } from '../core/result.ts';
import { assertNever } from '../core/result.ts';
import type { ApprovalRow, End, Person } from './rows.ts';

type Asked = Pick<ApprovalRow, 'id' | 'code' | 'asker' | 'title' | 'preview' | 'sessionOffered' | 'approver'>;

const nameChars = 40;

/** @param again a restart cut the first time off */
export function questionText(asked: Asked, { seconds, again }: { readonly seconds: number; readonly again: boolean }) {
  const { asker, code, preview, sessionOffered } = asked;
  const asks = again ? 'asks again after the restart' : 'asks for permission';
  const lasting = sessionOffered ? `, /approve ${code} session` : '';
  const limit = seconds === 0 ? 'Answer here or with' : `Answer within ${span(seconds)}, or it is denied. Also:`;
  return `❓ ${asker} ${asks} (code ${code}):\n${fenced(preview)}\n${limit} /approve ${code}${lasting}, /deny ${code}`;
}

/** Buttons name the question by its id: a code is for people. */
export function questionChoices({ id, sessionOffered }: Asked): readonly ReplyChoice[] {
  const lasting = { label: 'Allow for this session', command: `/approve ${id} session`, once: true };
  return [
    { label: 'Allow once', command: `/approve ${id} once`, once: true, thumb: 'yes' },
    ...(sessionOffered ? [lasting] : []),
    { label: 'Deny', command: `/deny ${id}`, once: true, thumb: 'no' },
  ];
}

/** What takes the place of the question. */
export function endedText({ asker, code, preview }: Asked, end: End): string {
  return `${asker} asked for permission (code ${code}):\n${fenced(preview)}\n${endWords(end)}`;
}

/** For places whose messages cannot be changed. */
export function endNotice({ code, title }: Asked, end: End): string {
  return `${endWords(end)} (${code}: ${title})`;
}

function endWords({ how, by }: End): string {
  const who = by === undefined ? '' : ` by ${personName(by)}`;
  switch (how) {
    case 'once':
      return `✅ allowed once${who}`;
    case 'session':
      return `✅ allowed for this session${who}`;
    case 'deny':
      return `⚠️ denied${who}`;
    case 'expired':
      return 'ℹ️ expired: nobody answered in time, so it was denied';
    case 'cancelled':
      return 'ℹ️ no longer needed: what it was for has ended';
    case 'restarted':
      return 'ℹ️ expired: Switchyard was restarted. If it is still needed, it is asked again';
    case 'unreached':
      return 'ℹ️ this could not be shown in time, so it was denied';
    default:
      return assertNever(how);
  }
}

/** Shown as it is, whatever marks of Markdown it has: what is approved must be what is read. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

/** `5 minutes`, `90 seconds`. */
export function span(seconds: number): string {
  if (seconds < 120 || seconds % 60 !== 0) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  return `${seconds / 60} minutes`;
}

export function personName({ name, id }: Person): string {
  return clip(oneLine(name), nameChars) || id;
}

/** Who may answer. */
function whoMay({ approver }: Asked): string {
  return approver === undefined ? 'the owner' : `${personName(approver)} or the owner`;
}

export const approvalRefusal = {
  nonePending: (): Refusal => ({ code: 'none_pending', message: 'Nothing waits for your answer.', fix: '' }),
  codeNeeded: (open: readonly Asked[]): Refusal => ({
    code: 'code_needed',
    message: `Which one? ${open.map(({ code, asker, title }) => `${code} (${asker}: ${title})`).join(', ')}.`,
    fix: 'Add its code.',
  }),
  unknownCode: (which: string): Refusal => ({
    code: 'unknown_code',
    message: `No question has the code ${clip(oneLine(which), nameChars)}.`,
    fix: 'The code is in the question.',
  }),
  notApprover: (row: Asked): Refusal => ({
    code: 'not_approver',
    message: `Only ${whoMay(row)} may answer ${row.code}.`,
    fix: '',
  }),
  /** @param again the question about the same request that is open now */
  expired: ({ code }: Asked, how: 'expired' | 'restarted' | 'unreached', again: Asked | undefined): Refusal => ({
    code: 'expired',
    message: how === 'restarted' ? `${code} expired when Switchyard was restarted.` : `${code} expired and was denied.`,
    fix: again === undefined ? 'If it is still needed, it will be asked again.' : `It is asked again as ${again.code}.`,
  }),
  withdrawn: ({ code }: Asked): Refusal => ({
    code: 'withdrawn',
    message: `${code} is no longer needed: what it was for has ended.`,
    fix: '',
  }),
  decided: ({ code }: Asked, end: End): Refusal => ({
    code: 'decided',
    message: `${code} was decided already: ${endWords(end).replace(/^\S+ /u, '')}.`,
    fix: '',
  }),
  sessionNotOffered: ({ code }: Asked): Refusal => ({
    code: 'session_not_offered',
    message: `${code} can only be allowed once: nothing in it could be recognised the next time.`,
    fix: `/approve ${code} allows it once.`,
  }),
} as const;
