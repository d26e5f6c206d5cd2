// Where links stand in a line of Markdown, so that no message ends in the middle of one. Used by split.ts.

export interface LinkPlace {
  readonly start: number;
  readonly end: number;
}

const text = String.raw`\[(?:[^[\]\n]|\[[^[\]\n]*\])*\]`;
const address = String.raw`(?:<[^<>\n]*>|(?:[^()\s]|\([^()\s]*\))*)`;
const title = String.raw`(?:[ \t]+(?:"[^"\n]*"|'[^'\n]*'))?`;
/** Brackets may hold one more pair of their kind. Every part excludes what may follow it, so that the time is linear. */
const link = new RegExp(String.raw`!?${text}\(${address}${title}\)|https?://[^\s<>"]+`, 'gi');

/** `[text](address)`, images and bare web addresses, in order, none inside another. Code is not told from text. */
export function* linksOf(line: string): Generator<LinkPlace, undefined> {
  for (const { index, 0: found } of line.matchAll(link)) yield { start: index, end: index + found.length };
  return undefined;
}
