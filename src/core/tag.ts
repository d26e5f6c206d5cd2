// The tag in front of what a run says where one chat holds them all, `[#3 research]`, and the `#3` that speaks to it. Pure; used
// by delivery, which puts tags in front, and by inbound, which reads them.
import { clip, oneLine } from './format.ts';

const labelChars = 20;

/** @param number the run's in that conversation; undefined: it has none at present */
export function runTag(label: string, number: number | undefined): string {
  // Brackets of its own would end the tag, and a link could begin after it.
  const name = clip(oneLine(label.replaceAll(/[[\]()]/g, ' ')), labelChars);
  return `[${[number === undefined ? '' : `#${number}`, name].filter((part) => part !== '').join(' ')}]`;
}

/** What begins a block of Markdown must begin its line. */
const beginsBlock = /^(?:\s|#{1,6}\s|>|\||[-*+]\s|\d+[.)]\s|```|~~~|[-*_]{3})/;

export function tagged(tag: string, text: string): string {
  return `${tag}${beginsBlock.test(text) ? '\n' : ' '}${text}`;
}

export interface Addressed {
  readonly number: number;
  /** What is said to it; may be empty. */
  readonly text: string;
}

/** A message to a run by its number: `#3 and then?`, `#3: and then?`. Headings, hashtags and `#3rd` are none. */
export function addressed(text: string): Addressed | undefined {
  const [, digits, rest] = /^\s*#([1-9]\d{0,2})(?::|(?=\s)|$)([\s\S]*)$/.exec(text) ?? [];
  return digits === undefined ? undefined : { number: Number(digits), text: (rest ?? '').trim() };
}
