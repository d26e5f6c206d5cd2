// Which line of a menu a number means, and what people are told where it means none. Pure; used by presses.ts.
import { assertNever } from '../core/result.ts';
import type { Menu, MenuLine } from './menus.ts';
import { type PressDecision, whoMay } from './press.ts';

export type NumberDecision =
  | { readonly kind: 'press'; readonly line: MenuLine; readonly messageId?: string | undefined }
  | { readonly kind: 'say'; readonly code: 'no_such_line' | 'out_of_date' | 'menu_unclear'; readonly text: string }
  /** Nothing asked for a number: it is a message like any other. */
  | { readonly kind: 'message' };

const outOfDate = 'ℹ️ That menu is out of date. Type the command for a fresh one.';

/** @param menus the one the message quotes; else those that are open for whoever wrote it */
export function decideNumber(
  number: number,
  { quoted, open }: { readonly quoted: Menu | undefined; readonly open: readonly Menu[] },
): NumberDecision {
  if (quoted !== undefined) return inQuoted(number, quoted);
  const [only, ...others] = open;
  const meant = open.some(({ lines }) => lines.some((line) => line.number === number));
  if (only === undefined || !meant) return { kind: 'message' };
  if (others.length > 0) {
    const text = `⚠️ ${open.length} menus are open here, and ${number} could be of either. Quote the message you mean and send ${number} again.`;
    return { kind: 'say', code: 'menu_unclear', text };
  }
  return inQuoted(number, only);
}

function inQuoted(number: number, { lines, messageId }: Menu): NumberDecision {
  const line = lines.find((each) => each.number === number);
  if (line !== undefined) return { kind: 'press', line, messageId };
  if (lines.length === 0) return { kind: 'say', code: 'out_of_date', text: outOfDate };
  const known = lines.map((each) => each.number).join(', ');
  return { kind: 'say', code: 'no_such_line', text: `⚠️ There is no ${number} in that menu, only ${known}.` };
}

/** What is said in the chat to an answer that comes to nothing. */
export function menuWords(refused: Exclude<PressDecision, { kind: 'run' }>): string {
  switch (refused.kind) {
    case 'out_of_date':
      return outOfDate;
    case 'not_theirs':
      return `⚠️ Only ${whoMay(refused.choice)} may answer that.`;
    case 'decided':
      return 'ℹ️ That was decided already.';
    default:
      return assertNever(refused);
  }
}
