// Choices as a numbered menu, where a channel has no buttons: how it looks, and what picks a line of it. Pure; used by
// delivery, which shows menus, and by inbound, which reads the answers.
import type { OutboundMessage } from './message.ts';

type Choices = NonNullable<OutboundMessage['choices']>;

/** A reaction that answers a question. */
export type Thumb = 'yes' | 'no';

/** What stands below the text of a message with a menu; empty where no choice of it has a number. */
export function menuText(choices: Choices | undefined): string {
  const lines = (choices ?? []).flatMap(({ number, label }) => (number === undefined ? [] : [`${number} ${label}`]));
  if (lines.length === 0) return '';
  const thumbs = (choices ?? []).some(({ thumb }) => thumb !== undefined) ? ', or put 👍 or 👎 on it' : '';
  return `\n\n${lines.join('\n')}\nReply with a number, or quote this message with one${thumbs}.`;
}

/** The choices that are buttons: what a menu shows is in the text. */
export function buttonsOf(choices: Choices | undefined): Choices | undefined {
  const buttons = (choices ?? []).filter(({ number }) => number === undefined);
  return buttons.length === 0 ? undefined : buttons;
}

const keycap = /([0-9])\uFE0F?\u20E3/gu;

/** The number a message consists of: `2`, `2.`, `2)`, `2️⃣`; undefined for anything else. */
export function pickedNumber(text: string): number | undefined {
  // Phones put invisible marks of direction around what they insert.
  const typed = text
    .replaceAll('🔟', '10')
    .replace(keycap, '$1')
    .replace(/\p{Cf}/gu, '')
    .trim();
  const digits = /^([1-9][0-9]?)[.)]?$/.exec(typed)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** In any colour. */
export function thumbOf(emoji: string): Thumb | undefined {
  const plain = emoji.replace(/[\u{1F3FB}-\u{1F3FF}\uFE0F]/gu, '');
  if (plain === '👍') return 'yes';
  return plain === '👎' ? 'no' : undefined;
}
